"""A network in a folder: what rebuilds it, and its weights. Nothing in it can run code.

config.json         {"format": "lilliput/model", "version": 1, "name": registered name, "config": plain values}
model.safetensors   float weights and statistics
MANIFEST.json       size and SHA-256 of both
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from lilliput.core.errors import BadName, BadValue, ConfigError, ImpossibleSize
from lilliput.core.files import MANIFEST, check_folder, read_json, write_folder, write_json
from lilliput.core.files.tensors import read_tensors, write_tensors
from lilliput.core.settings import resolved
from lilliput.models.entry import models


def save_model(model: nn.Module, folder: Path) -> None:
    """Write a network that `create_model` made; the folder is whole or not there.

    Raises:
        ValueError: the network was not made by `create_model`, so that no name rebuilds it, or a weight is not finite.
        BadOutput: LP104, the folder cannot be written, or holds something else. NoRoom: LP604, the disk is full.
    """
    with write_folder(folder) as made:
        write_model(model, made)


def write_model(model: nn.Module, folder: Path) -> None:
    """Write the two files of a network into a folder that is being made, as a part of something larger.

    Raises:
        ValueError, BadOutput, NoRoom: as `save_model`.
    """
    name, config = getattr(model, "registered_name", None), getattr(model, "config", None)
    if not isinstance(name, str) or not dataclasses.is_dataclass(config):
        raise ValueError(f"{type(model).__name__} was not made by create_model: no registered name rebuilds it")
    _check_finite(model.state_dict())
    write_json(folder / "config.json", "model", {"name": name, "config": resolved(config)})
    state = {key: value.detach().cpu().contiguous().numpy() for key, value in model.state_dict().items()}
    write_tensors(folder / "model.safetensors", state)


def load_model(folder: Path) -> nn.Module:
    """The network of a folder that `save_model` wrote, in evaluation mode.

    Raises:
        MissingFile: LP221, a file is not there.
        WrongChecksum: LP210, a file was changed after it was written.
        FileError: LP200 to LP207, a file is damaged; a name, a setting or a weight that cannot be.
        WrongWeights: LP208, names, shapes or types are not those of the network.
    """
    path = folder / "config.json"
    if (folder / MANIFEST).exists():
        check_folder(folder)
    head = read_json(path, "model")
    name, config = head.get("name"), head.get("config")
    if not isinstance(name, str) or name not in models:
        raise BadName(f"{path} names a network that is not here: {name!r}", fix="`lilliput list models`")
    if not isinstance(config, dict):
        raise BadValue(f"{path}: config is {config!r}", why="it must be an object of settings")
    # On the meta device a network of any size costs nothing: a config that lies is found before memory is asked for.
    shadow = _build(path, name, config, "meta").state_dict()
    expect = {key: (tuple(value.shape), str(value.dtype).removeprefix("torch.")) for key, value in shadow.items()}
    weights = read_tensors(folder / "model.safetensors", expect=expect)
    with torch.random.fork_rng(devices=()):
        model = _build(path, name, config, "cpu")
    model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    return model.eval()


def _build(path: Path, name: str, config: Mapping[str, object], device: str) -> nn.Module:
    try:
        with torch.device(device):
            return models[name](**config)
    except ConfigError as error:
        raise BadValue(f"{path}: {error.what}", why=error.why, fix=error.fix) from None
    except (RuntimeError, OverflowError) as error:
        raise ImpossibleSize(f"{path}: {name} cannot be built with {config}", why=str(error).split("\n")[0]) from None


def _check_finite(state: Mapping[str, Tensor]) -> None:
    for key, value in state.items():
        if not torch.isfinite(value).all():
            raise ValueError(f"{key} of the network holds a value that is not finite; it is not saved")
