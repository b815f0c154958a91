r"""A feed-forward network read as a list of steps, each of which has a rule that turns it into spikes.

What a network computes is found by tracing it (torch.fx), so that functions and modules count alike. Batch
normalisation is folded into the layer before it; anything that has no rule is refused by name.

Axes: B batch, T time steps (of the spiking network; they go into the batch here), C channels.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from lilliput.core.errors import NoSpikingRule
from lilliput.layers.clip_floor_shift import ClipFloorShift
from lilliput.layers.drop_path import DropPath

Role = Literal["input", "weights", "norm", "relu", "signed", "max", "mean", "shape", "add", "softmax"]

WEIGHTS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_MAXIMA = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
_MEANS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
_ADAPTIVE = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
_NOTHING = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, DropPath)
_SOFTMAX = (nn.Softmax, nn.LogSoftmax)
_SELECT = (nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d, nn.ReplicationPad1d, nn.ReplicationPad2d, nn.ReflectionPad1d,
           nn.ReflectionPad2d, nn.PixelShuffle, nn.PixelUnshuffle, nn.ChannelShuffle)  # fmt: skip
_LEAVES = (*WEIGHTS, *NORMS, *_MAXIMA, *_MEANS, *_ADAPTIVE, *_NOTHING, *_SOFTMAX, *_SELECT, ClipFloorShift)

_AGREES = 1e-3  # of the largest output: folding moves roundings, and nothing else

_WHY = {
    "Sigmoid": "a share of the steps cannot follow its curve: use ReLU",
    "Tanh": "it gives negative numbers, and there are no negative spikes: use ReLU",
    "LeakyReLU": "it gives negative numbers, and there are no negative spikes: use ReLU",
    "LayerNorm": "it divides by a spread that is known only when all spikes have come: use batch normalisation",
    "GroupNorm": "it divides by a spread that is known only when all spikes have come: use batch normalisation",
    "MultiheadAttention": "it multiplies activations: see `lilliput.models.meta_spikeformer` for spiking attention",
}


@dataclass(frozen=True, eq=False)
class Step:
    """One operation.

    Args:
        name: of the module, or of the function.
        role: which rule it has.
        reads: numbers of the steps that it takes.
        module: what computes it; None for the input and for sums.
        shape: of what it gives, without the batch.
    """

    name: str
    role: Role
    reads: tuple[int, ...]
    module: nn.Module | None
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class FeedForward:
    """Steps in order; the first is the input, the last is the output."""

    steps: tuple[Step, ...]

    def values(self, x: Tensor) -> list[Tensor]:
        """What each step gives: x (B, ...) -> (B, *shape) each."""
        found: list[Tensor] = []
        for step in self.steps:
            given = [found[index] for index in step.reads]
            if step.role == "input":
                found.append(x)
            elif step.role == "add":
                found.append(given[0] + given[1])
            else:
                assert step.module is not None
                found.append(step.module(*given))
        return found


class Reshape(nn.Module):
    """(B, ...) -> (B, *shape)."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), *self.shape)


class Moved(nn.Module):
    """A function of one tensor that moves numbers and changes none."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Mean(nn.Module):
    """The mean over some axes."""

    def __init__(self, axes: Sequence[int], keeps: bool) -> None:
        super().__init__()
        self.axes, self.keeps = tuple(axes), keeps

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(self.axes, keepdim=self.keeps)


def read(network: nn.Module, example: Tensor) -> FeedForward:
    """The steps of a network; it is copied and not changed.

    Args:
        network: in evaluation mode what it is here, whatever its mode is.
        example: a batch that it takes.

    Raises:
        NoSpikingRule: LP320, it cannot be traced, or has a part without a rule; the message names it.
    """
    network = copy.deepcopy(network).eval()
    try:
        graph = _Tracer().trace(network)
    except (fx.proxy.TraceError, TypeError) as error:
        raise NoSpikingRule(
            f"{type(network).__name__} cannot be read as a list of operations: {error}",
            why="what it computes depends on its input",
            fix="convert a network whose `forward` has no `if` or loop that looks at tensors",
        ) from error
    pair = torch.cat([example[:1], example[:1]]) if len(example) < 2 else example[:2]
    run = _Run(fx.GraphModule(network, graph))
    with torch.no_grad():
        wanted = run.run(pair)
    whole = _steps(graph, run, network)
    steps = _without_softmax(whole)
    left_out = [step.module for step in whole[len(steps) :] if step.module is not None]
    found = FeedForward(tuple(_swap_maxima(_fold_norms(steps))))
    with torch.no_grad():
        made = nn.Sequential(*left_out)(found.values(pair)[-1])
    spread = (made - wanted).abs().max() / wanted.abs().max().clamp_min(1)
    if not float(spread) < _AGREES:
        raise NoSpikingRule(
            f"{type(network).__name__} read as a list of steps gives other numbers, by {float(spread):.2g}",
            why="a layer derived from a known one does more, or a normalisation is over an axis of its own",
        )
    return found


class _Tracer(fx.Tracer):
    """Stops at modules that have a rule, also at those derived from them."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, _LEAVES) or super().is_leaf_module(m, module_qualified_name)


class _Run(fx.Interpreter):
    """Keeps what each node gave."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module, garbage_collect_values=False)

    def of(self, argument: Any) -> Any:
        """The values of nodes inside of an argument."""
        return fx.node.map_arg(argument, lambda node: self.env[node])


def _steps(graph: fx.Graph, run: _Run, network: nn.Module) -> list[Step]:
    steps: list[Step] = []
    place: dict[fx.Node, int] = {}
    modules = dict(network.named_modules())
    for node in graph.nodes:
        value = run.env.get(node)
        if node.op == "output":
            (last,) = node.args
            if not isinstance(last, fx.Node):
                raise NoSpikingRule("the network gives more than one tensor", fix="convert the part with one output")
            if place[last] != len(steps) - 1:
                steps.append(replace(steps[place[last]], reads=(place[last],), role="shape", module=nn.Identity()))
            continue
        if not isinstance(value, Tensor):
            continue  # a size: what is done with it shows in shapes
        if node.op == "placeholder":
            if steps:
                raise NoSpikingRule(f"the network takes a second input, {node.name}", why="one is converted to spikes")
            place[node] = 0
            steps.append(Step("input", "input", (), None, tuple(value.shape[1:])))
            continue
        role, module, name = _rule(node, run, modules)
        tensors = [a for a in node.all_input_nodes if isinstance(run.env[a], Tensor)]
        if any(t not in place for t in tensors) or len(tensors) != (2 if role == "add" else 1):
            raise _refusal(name, "it takes a constant, or as many activations as no rule is for")
        if value.shape[0] != 2:
            raise _refusal(name, "it moves the batch axis")
        place[node] = len(steps)
        reads = tuple(place[t] for t in tensors)
        steps.append(Step(name, role, reads, module, tuple(value.shape[1:])))
    return steps


def _rule(node: fx.Node, run: _Run, modules: Mapping[str, nn.Module]) -> tuple[Role, nn.Module | None, str]:
    value = run.env[node]
    if node.op == "call_module":
        name = str(node.target)
        module = modules[name]
        inside = run.env[node.args[0]] if isinstance(node.args[0], fx.Node) else None
        return (*_of_module(module, name, inside, value), name)
    if node.op not in ("call_function", "call_method"):
        raise _refusal(node.name, "it is a constant that is not part of a layer: do that before the network")
    word = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
    args, kwargs = run.of(node.args), run.of(node.kwargs)
    inside = next((a for a in args if isinstance(a, Tensor)), None)
    if word in ("add", "iadd", "add_") and all(isinstance(a, Tensor) for a in args) and not kwargs:
        if args[0].shape != args[1].shape:
            raise _refusal(node.name, f"it adds {tuple(args[0].shape)} and {tuple(args[1].shape)}")
        return "add", None, node.name
    made = _AS_MODULES.get(word)
    if made is None or inside is None:
        raise _refusal(f"{word} ({node.name})", _WHY.get(word, ""))
    return (*_of_module(made(args, kwargs, value), node.name, inside, value), node.name)


def _of_module(module: nn.Module, name: str, inside: Any, value: Tensor) -> tuple[Role, nn.Module]:
    if isinstance(module, WEIGHTS):
        return "weights", copy.deepcopy(module)
    if isinstance(module, NORMS):
        if module.running_mean is None:
            raise _refusal(name, "it normalises by the statistics of a batch")
        return "norm", module
    if isinstance(module, (nn.ReLU, ClipFloorShift)) or (isinstance(module, nn.Hardtanh) and module.min_val == 0):
        return "relu", module
    if isinstance(module, _MAXIMA) and not module.return_indices:
        return "max", module
    if isinstance(module, _MEANS):
        if (_any(module.padding) and not module.count_include_pad) or module.ceil_mode:
            raise _refusal(name, "its windows at the border are smaller than the others")
        return "mean", module
    if isinstance(module, _ADAPTIVE):
        return "mean", _fixed(module, name, inside.shape[2:], value.shape[2:])
    if isinstance(module, Mean):
        if 0 in [axis % inside.ndim for axis in module.axes]:
            raise _refusal(name, "it takes the mean over the batch")
        return "mean", module
    if isinstance(module, _SOFTMAX):
        return "softmax", module
    if isinstance(module, (nn.Flatten, nn.Unflatten, Reshape)):
        return "shape", Reshape(value.shape[1:])
    if isinstance(module, (*_NOTHING, *_SELECT, Moved)):
        return "shape", nn.Identity() if isinstance(module, _NOTHING) else module
    if isinstance(module, (nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d)) and module.value == 0:
        return "shape", module
    if isinstance(module, nn.Upsample) and module.mode == "nearest":
        return "shape", module
    word = type(module).__name__
    raise _refusal(f"{word} ({name})", _WHY.get(word, ""))


def _fixed(module: nn.Module, name: str, sizes: Sequence[int], wanted: Sequence[int]) -> nn.Module:
    """Adaptive pooling with windows of one size."""
    if any(size % want for size, want in zip(sizes, wanted, strict=True)):
        raise _refusal(name, f"its windows over {tuple(sizes)} for {tuple(wanted)} are of several sizes")
    kind: Callable[..., nn.Module] = _MEANS[len(sizes) - 1]
    return kind(tuple(size // want for size, want in zip(sizes, wanted, strict=True)))


def window(module: nn.Module, shape: Sequence[int]) -> int:
    """How many numbers one mean is over; `shape` is that of what enters, without the batch."""
    if isinstance(module, Mean):
        sizes = [0, *shape]
        return int(torch.tensor([sizes[axis] for axis in module.axes]).prod())
    assert isinstance(module, _MEANS)
    if getattr(module, "divisor_override", None):
        return int(module.divisor_override)  # type: ignore[arg-type]
    size = module.kernel_size
    return int(torch.tensor(size if isinstance(size, tuple) else (size,) * (len(shape) - 1)).prod())


def _any(number: int | tuple[int, ...]) -> bool:
    return any(number) if isinstance(number, tuple) else bool(number)


def _refusal(name: str, why: str) -> NoSpikingRule:
    return NoSpikingRule(f"{name} has no rule that turns it into spikes", why=why, fix="`lilliput explain LP320`")


_Made = Callable[[Any, Any, Tensor], nn.Module]


def _with(kind: Callable[..., nn.Module], *names: str) -> _Made:
    """The module of a function whose arguments after the tensor have these names."""
    return lambda args, kwargs, _: kind(**dict(zip(names, args[1:], strict=False)), **_named(kwargs, names))


def _named(kwargs: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if key in names}


def _reshape(args: Any, kwargs: Any, value: Tensor) -> nn.Module:
    return Reshape(value.shape[1:])


def _moved(name: str) -> _Made:
    return lambda args, kwargs, _: Moved(lambda x: getattr(x, name)(*args[1:], **kwargs))


def _pad(args: Any, kwargs: Any, value: Tensor) -> nn.Module:
    given = {**dict(zip(("pad", "mode", "value"), args[1:], strict=False)), **_named(kwargs, ("pad", "mode", "value"))}
    if given.get("mode", "constant") == "constant" and given.get("value") not in (None, 0):
        return nn.ConstantPad1d(0, float(given["value"]))  # refused by name
    return Moved(lambda x: F.pad(x, **given))


def _mean(args: Any, kwargs: Any, value: Tensor) -> nn.Module:
    axes = args[1] if len(args) > 1 else kwargs.get("dim", range(args[0].ndim))
    keeps = bool(args[2] if len(args) > 2 else kwargs.get("keepdim", False))
    listed = [axes] if isinstance(axes, int) else list(axes)
    return Mean([axis % args[0].ndim for axis in listed], keeps)


_POOL = ("kernel_size", "stride", "padding")
_AVERAGE = (*_POOL, "ceil_mode", "count_include_pad")
_AS_MODULES: dict[str, _Made] = {
    **dict.fromkeys(("relu", "relu_"), _with(nn.ReLU)),
    "relu6": _with(nn.ReLU6),
    "hardtanh": _with(nn.Hardtanh, "min_val", "max_val"),
    **{f"max_pool{n}d": _with(_MAXIMA[n - 1], *_POOL, "dilation", "ceil_mode", "return_indices") for n in (1, 2, 3)},
    "boolean_dispatch": _with(nn.MaxPool2d, *_POOL, "dilation", "ceil_mode", "return_indices"),
    "avg_pool1d": _with(nn.AvgPool1d, *_AVERAGE),
    **{f"avg_pool{n}d": _with(_MEANS[n - 1], *_AVERAGE, "divisor_override") for n in (2, 3)},
    **{f"adaptive_avg_pool{n}d": _with(_ADAPTIVE[n - 1], "output_size") for n in (1, 2, 3)},
    **dict.fromkeys(("flatten", "view", "reshape", "squeeze", "unsqueeze", "unflatten"), _reshape),
    **{name: _moved(name) for name in ("permute", "transpose", "contiguous", "clone", "detach")},
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d"), _with(nn.Identity)),
    "pad": _pad,
    "mean": _mean,
    "interpolate": _with(nn.Upsample, "size", "scale_factor", "mode"),
    "softmax": _with(nn.Softmax, "dim"),
    "log_softmax": _with(nn.LogSoftmax, "dim"),
}


def _without_softmax(steps: list[Step]) -> list[Step]:
    """At the end it changes no order of the classes; what it is taken of is read out."""
    kept = list(steps)
    while kept[-1].role == "softmax" and kept[-1].reads == (len(kept) - 2,):
        kept.pop()
    for step in kept:
        if step.role == "softmax":
            raise _refusal(step.name, "a softmax is left out at the end only")
    return kept


def readers(steps: Sequence[Step]) -> list[list[int]]:
    """For each step the numbers of those that take it."""
    found: list[list[int]] = [[] for _ in steps]
    for index, step in enumerate(steps):
        for source in step.reads:
            found[source].append(index)
    return found


def _fold_norms(steps: list[Step]) -> list[Step]:
    taken = readers(steps)
    moved: dict[int, int] = {}
    kept: list[Step] = []
    for index, step in enumerate(steps):
        step = replace(step, reads=tuple(moved[source] for source in step.reads))
        if step.role == "norm":
            before = kept[step.reads[0]]
            if before.role != "weights" or len(taken[steps[index].reads[0]]) > 1:
                raise _refusal(step.name, "no layer stands right before it that it could be folded into")
            assert before.module is not None
            assert step.module is not None
            fold_norm(before.module, step.module)
            moved[index] = step.reads[0]
            continue
        moved[index] = len(kept)
        kept.append(step)
    return kept


@torch.no_grad()
def fold_norm(layer: nn.Module, norm: nn.Module) -> None:
    """γ (w∗x + b − μ) / √(σ² + ε) + β = w'∗x + b'."""
    assert isinstance(layer, WEIGHTS)
    assert isinstance(norm, NORMS)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = torch.rsqrt(norm.running_var + norm.eps) * (1.0 if norm.weight is None else norm.weight)
    bias = -norm.running_mean if layer.bias is None else layer.bias - norm.running_mean
    layer.weight.mul_(scale.reshape(-1, *[1] * (layer.weight.ndim - 1)))
    layer.bias = nn.Parameter(bias * scale + (0.0 if norm.bias is None else norm.bias))


def _swap_maxima(steps: list[Step]) -> list[Step]:
    """A maximum right before a ReLU goes behind it: the same numbers, and it sees spikes."""
    taken = readers(steps)
    kept = list(steps)
    for index, step in enumerate(steps):
        if step.role != "max" or len(taken[index]) != 1:
            continue
        after = taken[index][0]
        if steps[after].role == "relu" and kept[step.reads[0]].role != "relu" and after == index + 1:
            before = steps[step.reads[0]].shape
            kept[index] = replace(steps[after], reads=step.reads, shape=before)
            kept[after] = replace(step, reads=(index,))
    return kept


def with_signed(plan: FeedForward) -> FeedForward:
    """The same steps, and one of role "signed" where a layer with weights takes what passed no ReLU."""
    kept: list[Step] = []
    moved: dict[int, int] = {}
    signed: dict[int, int] = {}  # by the number of what they stand behind
    is_current: list[bool] = []
    for index, step in enumerate(plan.steps):
        reads = [moved[source] for source in step.reads]
        if step.role == "weights" and is_current[step.reads[0]]:
            source = reads[0]
            if source not in signed:
                signed[source] = len(kept)
                kept.append(Step(f"{kept[source].name}_signed", "signed", (source,), nn.Identity(), kept[source].shape))
            reads = [signed[source]]
        moved[index] = len(kept)
        kept.append(replace(step, reads=tuple(reads)))
        own = {"weights": True, "input": False, "relu": False}
        is_current.append(own.get(step.role, any(is_current[source] for source in step.reads)))
    return FeedForward(tuple(kept))
