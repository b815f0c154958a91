"""Files, networks and pictures of a system, as the code itself tells them."""

from __future__ import annotations

import dataclasses

import pytest
from starlette.testclient import TestClient

from lilliput.models import create_model
from lilliput.models.cost import count_macs, count_params
from lilliput.papers import catalogue
from lilliput.web.structure import MOST_FILES, MOST_LAYERS, ROOT, layers_of, models_of, sources_of, system_picture
from tests.papers.synthetic import PAPER


def test_files_that_cite_a_paper_hold_its_system() -> None:
    paper = catalogue()["mcunet"]
    sources = {source.module: source for source in sources_of(paper)}
    network = sources["lilliput.models.mcunet"]
    assert network.path == "lilliput/models/mcunet.py"
    assert network.file == ROOT / "models" / "mcunet.py"
    assert network.why == "cites arXiv:2007.10319"
    assert network.about.startswith("MCUNet")
    assert [module for module, source in sources.items() if source.why == "the recipe"] == ["lilliput.papers.mcunet"]
    others = [module for module in sources if module != "lilliput.papers.mcunet"]
    assert not any(module.startswith(("lilliput.papers", "lilliput.web", "lilliput.core")) for module in others)


def test_a_paper_without_a_number_or_a_recipe_has_no_files() -> None:
    bare = dataclasses.replace(PAPER, recipe=None, arxiv="")
    assert sources_of(bare) == ()
    assert models_of(bare, ()) == []
    assert system_picture(bare, ()) is None


def test_the_recipe_comes_first_and_its_imports_follow() -> None:
    from lilliput.build import stages

    def run(context: object) -> None: ...

    run.__module__ = stages.__name__  # a module of ours that uses several others
    recipe = dataclasses.replace(PAPER.recipe, run=run)
    paper = dataclasses.replace(PAPER, recipe=recipe)
    sources = sources_of(paper)
    assert (sources[0].module, sources[0].why) == ("lilliput.build.stages", "the recipe")
    used = {source.module for source in sources[1:]}
    assert "lilliput.train.metrics" in used
    assert used == set(sources[0].uses)
    order = [source.package for source in sources[1:]]
    assert order.index("train") < order.index("compiler"), "from the top of the packages' order down"
    picture = system_picture(paper, sources)
    assert picture is not None
    assert len(picture["boxes"]) == len(sources)
    assert picture["boxes"][0]["main"]
    assert len(picture["lines"]) >= len(sources) - 1, "the recipe leads to each file that it uses"
    spots = {(box["x"], box["y"]) for box in picture["boxes"]}
    assert len(spots) == len(sources), "no box lies on another"


def test_files_of_one_folder_share_a_box_where_there_are_many() -> None:
    paper = catalogue()["deep-snn"]
    sources = sources_of(paper)
    picture = system_picture(paper, sources)
    assert picture is not None
    assert len(sources) > MOST_FILES > len(picture["boxes"])
    assert sum(box["told"].count("\n") + 1 for box in picture["boxes"]) == len(sources), "each file is in one box"
    boxes = {box["name"]: box for box in picture["boxes"]}
    rules = sum(source.path.startswith("lilliput/spiking/rules/") for source in sources)
    assert boxes["spiking/rules"]["package"] == f"{rules} files"
    assert [box["name"] for box in picture["boxes"] if box["main"]] == ["deep_snn.py"]
    assert len(set(picture["lines"])) == len(picture["lines"]), "one line between two boxes"


def test_networks_are_those_that_bear_the_papers_name() -> None:
    paper = catalogue()["mcunet"]
    assert models_of(paper, sources_of(paper)) == [*(f"mcunet_in{index}" for index in range(5)), "mcunet_vww1"]


def test_parts_of_a_network_add_up_to_the_whole() -> None:
    for name in ("mcunet_in0", "ds_cnn", "resnet8"):
        parts, network = layers_of(name), create_model(name)
        assert 2 < len(parts) <= MOST_LAYERS
        assert sum(part["params"] for part in parts) == count_params(network).trainable
        assert sum(part["macs"] for part in parts) == count_macs(network, network.config.input_shape)  # type: ignore[union-attr]
        assert parts[-1]["shape"] == list(network(__import__("torch").zeros(2, *network.config.input_shape)).shape[1:])


def test_a_part_of_a_loop_stands_once_with_how_often_it_runs() -> None:
    parts = {part["name"]: part for part in layers_of("lsnn")}
    assert parts["recurrent"]["times"] == parts["neurons"]["times"] == 16
    assert parts["inputs"]["times"] == parts["readout"]["times"] == 1
    network = create_model("lsnn")
    assert sum(part["macs"] for part in parts.values()) == count_macs(network, network.config.input_shape)  # type: ignore[union-attr]
    assert sum(part["share"] for part in parts.values()) == pytest.approx(1)


def test_the_page_draws_it_and_says_it(client: TestClient) -> None:
    page = client.get("/papers/mcunet").text
    assert "749 840 parameters" in page
    assert 'aria-label="The parts of mcunet_in0; the table below says the same"' in page
    assert '<th scope="row"><code>blocks.14.path</code></th>' in page
    assert "/papers/mcunet/code/lilliput.models.mcunet" in page
    assert "No file of this installation cites it yet" in client.get("/papers/matvlm").text
    assert "The recipe runs 2 methods: ours, baseline." in client.get("/papers/synthetic").text


def test_only_files_of_the_system_are_shown(client: TestClient) -> None:
    page = client.get("/papers/mcunet/code/lilliput.models.mcunet")
    assert page.status_code == 200
    assert "@register_model(&#34;mcunet_in0&#34;" in page.text
    for module in ("lilliput.web.security", "os", "..%2f..%2fetc%2fpasswd", "lilliput.models.ds_cnn"):
        assert client.get(f"/papers/mcunet/code/{module}").status_code == 404
