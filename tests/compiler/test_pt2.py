"""Exported programs from strangers: plain ones are read, and nothing in any of them runs."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from lilliput.compiler.frontends import load_network
from lilliput.compiler.frontends.pt2 import load_pt2
from lilliput.compiler.interpret import run_float
from lilliput.core.errors import LilliputError

Members = dict[str, bytes]


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(27, 2)).eval()


def saved(path: Path) -> Path:
    torch.export.save(torch.export.export(network(), (torch.zeros(1, 1, 5, 5),)), path)
    return path


def rewritten(path: Path, change: Callable[[Members], None]) -> None:
    """The same archive with changed members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def member(members: Members, ending: str) -> str:
    return next(name for name in members if name.endswith(ending))


def test_a_saved_program_gives_what_the_module_gives(tmp_path: Path) -> None:
    graph, stage = load_network(saved(tmp_path / "net.pt2"))
    assert stage == "float"
    x = torch.randn(2, 1, 5, 5)
    with torch.no_grad():
        (made,) = run_float(graph, {graph.inputs[0]: x.permute(0, 2, 3, 1)}).values()
        torch.testing.assert_close(made, network()(x), rtol=1e-4, atol=1e-5)


class Marker:
    """Unpickling an object of this class would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_no_pickle_in_the_archive_is_loaded(tmp_path: Path) -> None:
    """In the sample inputs, as a constant, as a weight: no file appears."""
    marker = tmp_path / "ran"
    evil = io.BytesIO()
    torch.save(Marker(marker), evil)

    def as_sample(members: Members) -> None:
        members[member(members, "sample_inputs/model.pt")] = evil.getvalue()

    def as_constant(members: Members) -> None:
        name = member(members, "constants_config.json")
        entry = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}
        members[name] = json.dumps({"config": {"c": entry}}).encode()
        members[name.replace("model_constants_config.json", "opaque_obj_0")] = pickle.dumps(Marker(marker))

    def as_weight(members: Members) -> None:
        name = member(members, "weights_config.json")
        config = json.loads(members[name])
        next(iter(config["config"].values()))["use_pickle"] = True
        members[name] = json.dumps(config).encode()
        members[member(members, "weight_0")] = evil.getvalue()

    for index, change in enumerate((as_sample, as_constant, as_weight)):
        path = saved(tmp_path / f"evil{index}.pt2")
        rewritten(path, change)
        if change is as_sample:
            assert load_pt2(path).graph_signature is not None
        else:
            with pytest.raises(LilliputError, match="LP302"):
                load_pt2(path)
        assert not marker.exists()


def test_text_that_the_loader_would_evaluate_is_refused_or_dropped(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    text = f"__import__('pathlib').Path({str(marker)!r}).touch()"

    def as_expression(members: Members) -> None:
        name = member(members, "models/model.json")
        graph = json.loads(members[name])
        graph["range_constraints"] = {text: {"min_val": 2, "max_val": 3}}
        members[name] = json.dumps(graph).encode()

    def as_guard(members: Members) -> None:
        name = member(members, "models/model.json")
        members[name] = json.dumps({**json.loads(members[name]), "guards_code": [text]}).encode()

    path = saved(tmp_path / "expression.pt2")
    rewritten(path, as_expression)
    with pytest.raises(LilliputError, match="LP311"):
        load_pt2(path)
    path = saved(tmp_path / "guard.pt2")
    rewritten(path, as_guard)
    load_network(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: b"", "LP20"),
        (lambda d: d[:200], "LP200"),
        (lambda d: d[: len(d) // 2], "LP200"),
        (lambda d: b"\x80\x04" + d[2:], "LP2"),
        (lambda d: d.replace(b"models/model.json", b"models/mod/l.json"), "LP"),
    ],
)
def test_damage_is_one_of_our_errors(change: Callable[[bytes], bytes], code: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt2")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(LilliputError) as caught:
        load_pt2(path)
    assert caught.value.code.startswith(code)


def test_compiled_code_in_the_archive_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt2")
    rewritten(path, lambda members: members.update({"net/data/aotinductor/model/model.so": b"\x7fELF"}))
    with pytest.raises(LilliputError, match="nothing that can run code"):
        load_pt2(path)
