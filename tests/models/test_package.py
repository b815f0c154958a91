from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from lilliput.core.errors import (
    BadName,
    BadValue,
    CutShort,
    FileError,
    ImpossibleSize,
    MissingFile,
    NewerFormat,
    NotThisFormat,
    WrongChecksum,
    WrongWeights,
)
from lilliput.models import create_model, example_input
from lilliput.models.package import load_model, save_model
from tests.models.names import computed_names

_HUGE = ("channels", "width", "frames", "bands", "stem_frames", "stem_bands")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_model(create_model("fc_autoencoder", features=12, width=6, depth=1, code=2), tmp_path / "model")
    return tmp_path / "model"


def _change_config(folder: Path, **changes: Any) -> None:
    (folder / "MANIFEST.json").unlink(missing_ok=True)  # else its checksum is what speaks first
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _change_weights(folder: Path, state: dict[str, torch.Tensor]) -> None:
    (folder / "MANIFEST.json").unlink()
    (folder / "model.safetensors").write_bytes(safetensors.torch.save(state))


@pytest.mark.parametrize("name", computed_names())
def test_a_loaded_network_gives_the_same_outputs(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = create_model(name)
    model(example_input(model, 4))  # so that the statistics are not their first values
    save_model(model, tmp_path / "m")
    loaded, x = load_model(tmp_path / "m"), example_input(name, 2)
    assert torch.equal(loaded(x), model.eval()(x))
    assert loaded.config == model.config
    assert not loaded.training


def test_changes_of_the_config_are_kept(saved: Path) -> None:
    assert load_model(saved).config.input_shape == (12,)


def test_the_same_network_makes_the_same_bytes(tmp_path: Path) -> None:
    model = create_model("ds_cnn", width=4)
    for name in ("a", "b"):
        save_model(model, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["MANIFEST.json", "config.json", "model.safetensors"]
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_loading_leaves_the_random_state_alone(saved: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    load_model(saved)
    assert torch.equal(torch.rand(2), expected)


def test_saving_again_replaces_the_network(saved: Path) -> None:
    other = create_model("fc_autoencoder", features=9, width=6, depth=1, code=2)
    save_model(other, saved)
    assert load_model(saved).config == other.config


def test_a_network_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Linear was not made by create_model"):
        save_model(nn.Linear(2, 2), tmp_path / "m")


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    model = create_model("fc_autoencoder", features=12)
    model.head.bias.data[3] = float("inf")
    with pytest.raises(ValueError, match=r"head\.bias of the network holds a value that is not finite"):
        save_model(model, tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"format": "lilliput/graph"}, NotThisFormat, "lilliput/graph"),
        ({"version": 2}, NewerFormat, "2"),
        ({"name": "ds_cnm"}, BadName, "'ds_cnm'"),
        ({"name": ["ds_cnn"]}, BadName, "not here"),
        ({"config": None}, BadValue, "config is None"),
        ({"config": {"widht": 3}}, BadValue, "did you mean width"),
        ({"config": {"width": -3}}, BadValue, r"`width` must be in \[1, 65536\], got -3"),
        ({"config": {"width": "wide"}}, BadValue, "width: .* got 'wide'"),
        (
            {"name": "resnet8", "config": {"filters": 65536, "stacks": 12}},
            WrongWeights,
            r"\[10, 134217728\]",
        ),
        ({"name": "ds_cnn", "config": dict.fromkeys(_HUGE, 65536)}, ImpossibleSize, "ds_cnn cannot be built with"),
        ({"config": {"features": 65536, "width": 65536}}, WrongWeights, r"float32 \[65536, 65536\]"),
    ],
)
def test_a_config_that_lies_is_refused(saved: Path, changes: dict[str, Any], error: type[FileError], text: str) -> None:
    _change_config(saved, **changes)
    with pytest.raises(error, match=text):
        load_model(saved)


def test_weights_of_another_network_are_named(saved: Path) -> None:
    state = load_model(saved).state_dict()
    state["extra"] = state.pop("head.bias")
    state["head.weight"] = torch.zeros(2, 2)
    _change_weights(saved, state)
    text = r"missing: head\.bias; unexpected: extra; wrong: head\.weight is float32 \[2, 2\], needed float32 \[12, 6\]"
    with pytest.raises(WrongWeights, match=text):
        load_model(saved)


def test_weights_of_another_type_are_refused(saved: Path) -> None:
    state = load_model(saved).state_dict()
    _change_weights(saved, {key: value.double() for key, value in state.items()})
    with pytest.raises(WrongWeights, match=r"is float64 .*, needed float32 .* and \d+ more"):
        load_model(saved)


def test_weights_that_are_not_finite_are_refused(saved: Path) -> None:
    state = load_model(saved).state_dict()
    state["head.weight"][1, 2] = float("nan")
    _change_weights(saved, state)
    with pytest.raises(BadValue, match=r"head\.weight' holds nan at \[1, 2\]"):
        load_model(saved)


def test_a_file_that_is_not_there_is_named(saved: Path) -> None:
    (saved / "model.safetensors").unlink()
    with pytest.raises(MissingFile, match=r"model\.safetensors"):
        load_model(saved)


def test_a_flipped_bit_is_found(saved: Path) -> None:
    path = saved / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WrongChecksum, match=r"model\.safetensors has SHA-256"):
        load_model(saved)


@pytest.mark.parametrize("damage", [b"", b"\x80\x04.", b"\xff" * 40])
def test_damaged_weights_are_one_of_our_errors(saved: Path, damage: bytes) -> None:
    (saved / "model.safetensors").write_bytes(damage)
    (saved / "MANIFEST.json").unlink()
    with pytest.raises((NotThisFormat, CutShort)):
        load_model(saved)
