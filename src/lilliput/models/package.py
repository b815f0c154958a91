"""A network in a folder: what rebuilds it, and its weights. Nothing in it can run code.

    config.json         {"format": "lilliput/model", "version": 1, "name": registered name, "config": plain values,
                         "weights_sha256": of the other file}
    model.safetensors   float weights and statistics
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from lilliput.core.errors import BadName, BadSetting, BadValue, ConfigError, ImpossibleSize, WrongChecksum, WrongWeights
from lilliput.core.files import new_folder, read_bytes, read_json, read_tensors, write_bytes, write_json
from lilliput.models.entry import models

_SHOWN = 5


def save_model(model: nn.Module, folder: Path) -> None:
    """Write a network that `create_model` made; the folder is whole or not there.

    Raises:
        ValueError: the network was not made by `create_model`, so that no name rebuilds it.
        BadOutput: LP104, the folder cannot be written. NoRoom: LP604, the disk is full.
        BadValue: LP207, a weight is not finite.
    """
    name, config = getattr(model, "registered_name", None), getattr(model, "config", None)
    if not isinstance(name, str) or not dataclasses.is_dataclass(config):
        raise ValueError(f"{type(model).__name__} was not made by create_model: no registered name rebuilds it")
    state = {key: value.detach().cpu().contiguous().clone() for key, value in model.state_dict().items()}
    _check_finite(state, "this network")
    weights = safetensors.torch.save(state)
    with new_folder(folder) as made:
        write_bytes(made / "model.safetensors", weights)
        write_json(
            made / "config.json",
            "model",
            {"name": name, "config": vars(config), "weights_sha256": hashlib.sha256(weights).hexdigest()},
        )


def load_model(folder: Path) -> nn.Module:
    """The network of a folder that `save_model` wrote, in evaluation mode.

    Raises:
        MissingFile: LP221, a file is not there.
        NotThisFormat, NewerFormat: LP200, LP201, `config.json` is of another kind or a newer version.
        BadName, BadValue, ImpossibleSize: LP205, LP207, LP204, a name, a setting or a weight that cannot be.
        WrongWeights: LP208, names, shapes or types are not those of the network.
        WrongChecksum: LP210, the weights were changed after they were written.
    """
    path = folder / "config.json"
    head = read_json(path, "model")
    name, config, digest = (head.get(key) for key in ("name", "config", "weights_sha256"))
    if not isinstance(name, str) or name not in models:
        raise BadName(f"{path} names a network that is not here: {name!r}", fix="`lilliput list models`")
    if not isinstance(config, dict):
        raise BadValue(f"{path}: config is {config!r}", why="it must be an object of settings")
    weights = read_bytes(folder / "model.safetensors")
    found = hashlib.sha256(weights).hexdigest()
    if found != digest:
        raise WrongChecksum(
            f"{folder / 'model.safetensors'} has SHA-256 {found[:12]}…, config.json says {str(digest)[:12]}…",
            fix="copy both files again from where they came",
        )
    state = read_tensors(weights)
    # On the meta device a network of any size costs nothing: a config that lies is found before memory is asked for.
    _check_state(_build(path, name, config, "meta").state_dict(), state, folder)
    with torch.random.fork_rng(devices=()):
        model = _build(path, name, config, "cpu")
    model.load_state_dict(state)
    return model.eval()


def _build(path: Path, name: str, config: Mapping[str, Any], device: str) -> nn.Module:
    try:
        with torch.device(device):
            return models[name](**config)
    except ConfigError as error:
        raise BadValue(f"{path}: {error.what}", why=error.why, fix=error.fix) from None
    except (RuntimeError, OverflowError) as error:
        raise ImpossibleSize(f"{path}: {name} cannot be built with {config}", why=str(error).split("\n")[0]) from None


def _check_state(expected: Mapping[str, Tensor], state: Mapping[str, Tensor], folder: Path) -> None:
    wrong = {
        "missing": sorted(expected.keys() - state.keys()),
        "unexpected": sorted(state.keys() - expected.keys()),
        "wrong shape or type": [
            f"{key} {tuple(state[key].shape)} {_kind(state[key])}, not {tuple(value.shape)} {_kind(value)}"
            for key, value in expected.items()
            if key in state and (state[key].shape != value.shape or state[key].dtype != value.dtype)
        ],
    }
    found = [f"{label}: {_first(names)}" for label, names in wrong.items() if names]
    if found:
        raise WrongWeights(
            f"the weights in {folder} do not belong to the network that its config.json describes",
            why="; ".join(found),
            fix="copy both files again from where they came",
        )
    _check_finite(state, str(folder))


def _check_finite(state: Mapping[str, Tensor], where: str) -> None:
    for key, value in state.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            flat = value.flatten()
            first = int((~torch.isfinite(flat)).nonzero()[0])
            raise BadValue(f"weight {key}[{first}] of {where} is {flat[first].item()}", fix="train it again")


def _first(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
