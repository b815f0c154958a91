"""From the names of a published checkpoint to a network of ours, with other classes or input channels if asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from lilliput.core.errors import BadSetting, WrongWeights
from lilliput.models.convert.checkpoint import read_checkpoint
from lilliput.models.entry import models

_LOG = logging.getLogger(__name__)
_SHOWN = 5

Converter = Callable[[Mapping[str, Tensor], nn.Module], dict[str, Tensor]]
"""Published names and tensors, and the network that they are meant for -> names and tensors of ours."""

converters: dict[type[nn.Module], Converter] = {}
"""Network class → its converter."""


def register_converter(*networks: type[nn.Module]) -> Callable[[Converter], Converter]:
    """Decorator: this function reads the published checkpoints of those networks."""

    def enter(converter: Converter) -> Converter:
        for network in networks:
            converters[network] = converter
        return converter

    return enter


@dataclass(frozen=True)
class Loaded:
    """What came of a checkpoint.

    Args:
        model: the network, in evaluation mode.
        fresh: names of weights that the checkpoint did not give, since it has other classes.
        changed: names of weights that were fitted to other input channels or another size of picture.
    """

    model: nn.Module
    fresh: tuple[str, ...]
    changed: tuple[str, ...]


def load_checkpoint(name: str, path: Path, **changes: object) -> Loaded:
    """The network of that name with the weights of a published checkpoint.

    Args:
        name: a registered name whose family has a converter.
        path: the checkpoint.
        **changes: values of the config. With other `classes` the classifier starts anew; with other `channels` the
            kernels of the first layer are summed to one, or repeated.

    Raises:
        UnknownName, BadSetting: LP100, LP101, of the name and the changes; or the family has no converter.
        FileError: LP2xx, as `read_checkpoint`. WrongWeights: LP208, the checkpoint is of another network.
    """
    return load_state(models[name](**changes), read_checkpoint(path), owner=str(path))


def load_state(model: nn.Module, state: Mapping[str, Tensor], *, owner: str = "the checkpoint") -> Loaded:
    """Put published names and tensors into a network that `create_model` made; as `load_checkpoint`.

    Raises:
        BadSetting: LP101, no converter. WrongWeights: LP208, the checkpoint is of another network.
    """
    name = getattr(model, "registered_name", type(model).__name__)
    converter = next((converters[kind] for kind in type(model).__mro__ if kind in converters), None)
    if converter is None:
        families = ", ".join(sorted(kind.__name__ for kind in converters))
        raise BadSetting(f"no converter reads checkpoints of {name}", why=f"there are converters for {families}")
    try:
        found = converter(state, model)
    except (KeyError, IndexError) as error:
        raise _wrong(owner, name, [f"{error.args[0]} is missing" if error.args else "a weight is missing"]) from None
    except ValueError as error:
        raise _wrong(owner, name, [str(error)]) from None
    own = model.state_dict()
    head = getattr(model, "classifier_name", "classifier")
    if not getattr(getattr(model, "config", None), "classes", 1):
        found = {key: value for key, value in found.items() if key.split(".")[0] != head}
    given = {id(value) for value in state.values()}
    made = {key for key, value in found.items() if id(value) not in given}
    found, changed = _fit_channels(found, own, model)
    ends = [key for key in own if key.split(".")[0] == head]
    fresh = tuple(key for key in ends if key not in found or found[key].shape != own[key].shape)
    if fresh:
        _LOG.warning("%s has other classes than the network: %s start anew", owner, ", ".join(fresh))
    _check(found, own, set(fresh), owner, name)
    model.load_state_dict({key: own[key] if key in fresh else found.get(key, own[key]) for key in own})
    return Loaded(model.eval(), fresh, tuple(sorted(changed | made)))


def _fit_channels(
    found: dict[str, Tensor], own: Mapping[str, Tensor], model: nn.Module
) -> tuple[dict[str, Tensor], set[str]]:
    """The first convolution for other input channels: summed to one, or repeated and scaled to the same response."""
    channels = getattr(getattr(model, "config", None), "channels", None)
    for key, value in found.items():
        mine = own.get(key)
        if mine is None or mine.ndim != 4:
            continue
        if value.ndim != 4 or value.shape[1] == mine.shape[1] or mine.shape[1] != channels:
            return found, set()
        kept = value.shape[1]
        if channels == 1:
            fitted = value.sum(1, keepdim=True)
        else:
            fitted = value.repeat(1, -(-channels // kept), 1, 1)[:, :channels] * (kept / channels)
        return {**found, key: fitted}, {key}
    return found, set()


def _check(found: Mapping[str, Tensor], own: Mapping[str, Tensor], fresh: set[str], owner: str, name: str) -> None:
    wrong = [f"{key} is not of this network" for key in found if key not in own]
    for key, value in own.items():
        if key in fresh or key.endswith("num_batches_tracked"):
            continue
        if key not in found:
            wrong.append(f"{key} is missing")
        elif found[key].shape != value.shape:
            wrong.append(f"{key} is {tuple(found[key].shape)}, not {tuple(value.shape)}")
        elif not found[key].is_floating_point():
            wrong.append(f"{key} holds {found[key].dtype}, not floats")
    if wrong:
        raise _wrong(owner, name, wrong)


def _wrong(owner: str, name: str, reasons: list[str]) -> WrongWeights:
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    return WrongWeights(
        f"{owner} is not a checkpoint of {name}",
        why="; ".join(reasons[:_SHOWN]) + more,
        fix=f"`lilliput info {name}` shows the network; other variants of a family have other shapes",
    )


def rename(state: Mapping[str, Tensor], prefixes: Mapping[str, str]) -> dict[str, Tensor]:
    """Each name with its longest known prefix, up to a dot, replaced; what has none is refused.

    Raises:
        ValueError: a name begins with no prefix of the table, or two become one.
    """
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        parts = key.split(".")
        for cut in range(len(parts), 0, -1):
            head = ".".join(parts[:cut])
            if head in prefixes:
                name = ".".join([prefixes[head], *parts[cut:]])
                break
        else:
            raise ValueError(f"{key} is not of this network")
        if name in renamed:
            raise ValueError(f"{key} is there twice")
        renamed[name] = value
    return renamed
