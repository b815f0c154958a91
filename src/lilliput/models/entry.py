"""The registry of networks, and how a request with changes becomes a network.

A family is a frozen dataclass of plain values (its config) and an `nn.Module` that takes one. A registered name is
the family with some of the values set. All that a request can get wrong is found here, before anything is built.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from lilliput.core.errors import BadSetting
from lilliput.core.registry import Registry
from lilliput.core.settings import load_settings, resolved
from lilliput.models.backbone import Backbone, FeatureExtractor
from lilliput.models.cost import count_macs, count_params
from lilliput.models.shapes import shapes_only


class ModelConfig(Protocol):
    """What each config offers beside its own fields."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input without the batch axis: (C, H, W) or (features,)."""

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> Mapping[str, int | str]:
        """The changes that make this network take `input_shape` and tell `classes` apart."""


Network = TypeVar("Network", bound=type[nn.Module])


@dataclass(frozen=True)
class ModelEntry:
    """One registered name. Call it with changes of its config to get the network.

    Args:
        name: the registered name.
        network: the module class; its constructor takes the config and nothing else.
        defaults: the config that the name stands for.
    """

    name: str
    network: Callable[[Any], nn.Module]
    defaults: Any

    def __call__(self, **changes: object) -> nn.Module:
        config = self.configure(**changes)
        try:
            model = self.network(config)
        except ValueError as error:
            raise BadSetting(f"{self.name} cannot be built: {error}", fix=f"`lilliput info {self.name}`") from error
        # Plain attributes, so that a network can say what rebuilds it (see package.py).
        model.registered_name, model.config = self.name, config  # type: ignore[assignment]
        return model

    def describe(self) -> dict[str, object]:
        """Plain values for a table: what it is, its cost as registered, and the settings with their defaults."""
        macs, params = _counts(self)
        return {
            "summary": (inspect.getdoc(inspect.getmodule(self.network)) or "").split("\n")[0],
            "input_shape": list(self.defaults.input_shape),
            "macs": macs,
            "params": params,
            "config": resolved(self.defaults),
        }

    def configure(self, **changes: object) -> Any:
        """The config with `changes`, each value checked against the type of its field.

        Raises:
            BadSetting: LP101, a key that the config has not (near ones are suggested) or a value of another type.
        """
        try:
            return load_settings(type(self.defaults), base={**vars(self.defaults), **changes})
        except BadSetting as error:
            fix = error.fix or f"`lilliput info {self.name}` prints the settings with their defaults"
            raise BadSetting(f"model {self.name}: {error.what}", why=error.why, fix=fix) from None


@functools.cache
def _counts(entry: ModelEntry) -> tuple[int, int]:
    """Multiply-accumulates and trainable parameters; once, as a list of all networks asks for all of them."""
    with shapes_only():
        model = entry().eval()
    return count_macs(model, entry.defaults.input_shape), count_params(model).trainable


models: Registry[ModelEntry] = Registry("model", "lilliput.models")


def register_model(name: str, config: ModelConfig) -> Callable[[Network], Network]:
    """Class decorator: enter a network under `name`, with the config that the name stands for."""

    def enter(network: Network) -> Network:
        models.add(name, ModelEntry(name, network, config))
        return network

    return enter


def check_range(config: object, low: float, high: float, *names: str) -> None:
    """For a config's `__post_init__`: each named field in [low, high], which NaN never is.

    Raises:
        ValueError: a field is outside; the message gives the value received.
    """
    for name in names:
        value = getattr(config, name)
        if not low <= value <= high:
            raise ValueError(f"`{name}` must be in [{low}, {high}], got {value}")


def create_model(
    name: str, *, features_only: bool = False, out_indices: Sequence[int] | None = None, **changes: object
) -> nn.Module:
    """The network of that registered name, with `changes` of its config; weights are new, by torch's seed.

    Args:
        name: a registered name.
        features_only: give the maps of its stages, not its classes (see `backbone.py`).
        out_indices: with `features_only`, which stages; none: all.
        **changes: values of the config.

    Raises:
        UnknownName: LP100, no network of that name.
        BadSetting: LP101, a change that the config does not know or cannot hold, or stages that the network has not.
    """
    model = models[name](**changes)
    if not features_only:
        return model
    if not isinstance(model, Backbone):
        raise BadSetting(f"model {name} has no stages", why="features_only needs a network that names its maps")
    try:
        return FeatureExtractor(model, out_indices)
    except ValueError as error:
        raise BadSetting(f"model {name}: out_indices: {error}") from None


def create_model_for(name: str, input_shape: tuple[int, ...], classes: int, **changes: object) -> nn.Module:
    """As `create_model`, with the input and the output made to fit a task; `changes` win over what fits.

    Args:
        name: a registered name.
        input_shape: (C, H, W) of one preprocessed item, or (features,).
        classes: how many outputs.
        **changes: values of the config.

    Raises:
        UnknownName: LP100, no network of that name.
        BadSetting: LP101, a shape that the network cannot take, or a change that the config does not know.
    """
    entry = models[name]
    try:
        fitting = entry.defaults.fit_to(input_shape, classes)
    except ValueError as error:
        raise BadSetting(f"{name} cannot take input of shape {input_shape}: {error}") from error
    return entry(**{**fitting, **changes})


def list_models(pattern: str = "*") -> list[str]:
    """Sorted registered names that match a shell pattern."""
    return models.match(pattern)


def example_input(model: str | nn.Module, batch: int = 1) -> Tensor:
    """Standard normal input of the shape that a network (or a registered name) takes; the same at each call.

    Where the config has a `vocabulary`, random numbers below it, int64; where it makes examples itself, those.

    Shapes:
        -> (batch, *config.input_shape), float32.
    """
    config: ModelConfig = models[model].defaults if isinstance(model, str) else model.config  # type: ignore[assignment]
    generator = torch.Generator().manual_seed(0)
    vocabulary, example = getattr(config, "vocabulary", 0), getattr(config, "example", None)
    if example is not None:
        made: Tensor = example(batch, generator)
        return made
    if vocabulary:
        return torch.randint(vocabulary, (batch, *config.input_shape), generator=generator)
    return torch.randn(batch, *config.input_shape, generator=generator)
