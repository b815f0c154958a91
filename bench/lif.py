"""One table: a layer of leaky neurons, forwards and back, against SpikingJelly and snnTorch in one process.

    python bench/lif.py [--steps 16] [--shape 8,64,32,32] [--repeats 15] [--threads 1]

All compute the same: tau 2, decayed input, threshold 1, reset to 0 without gradient through it, arc tangent of slope 2,
float32, unless the row says otherwise. The contenders take turns, repeat by repeat; a figure is the least, as other
work on the machine only adds. Memory is what autograd keeps for the way back, counted from the tensors it saves, over
the size of the input. Before any timing, spikes are compared with ours, and gradients.

Packages that are not installed are left out: pip install --no-deps spikingjelly snntorch.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lilliput.core.output import Output, Table
from lilliput.core.provenance import machine
from lilliput.layers.multi_step import fused
from lilliput.layers.spiking import LIF
from lilliput.spiking import LeakyKernel

Forward = Callable[[Tensor], Tensor]


@dataclass
class Contender:
    """Somebody's layer of neurons.

    Args:
        name: for the table.
        forward: (T, ...) -> (T, ...).
        differs: how its dynamics differ from ours; empty where spikes must be equal.
    """

    name: str
    forward: Forward
    differs: str = ""
    ahead: list[float] = field(default_factory=list)
    both: list[float] = field(default_factory=list)
    kept: float = 0.0


def ours(name: str, kernel: LeakyKernel | None) -> Contender:
    """Our layer with one of its two forms."""
    lif = LIF()

    def forward(x: Tensor) -> Tensor:
        with fused(kernel):
            return lif(x).spikes

    return Contender(name, forward)


def plain_loop(x: Tensor) -> Tensor:
    """The equations step by step under autograd."""
    v = torch.zeros_like(x[0])
    found = []
    for now in x:
        h = v + (now - v) / 2
        s = _ArcTangent.apply(h - 1)
        v = h * (1 - s.detach())
        found.append(s)
    return torch.stack(found)


class _ArcTangent(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, u: Tensor) -> Tensor:
        ctx.save_for_backward(u)
        return (u >= 0).to(u)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> Tensor:
        (u,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return grad / (1 + (torch.pi * u).square())


def peers() -> list[Contender]:
    """Those that are installed."""
    found = []
    if importlib.util.find_spec("spikingjelly"):
        from spikingjelly.activation_based import functional, neuron, surrogate

        node = neuron.LIFNode(tau=2.0, detach_reset=True, surrogate_function=surrogate.ATan(2.0), step_mode="m")

        def spikingjelly(x: Tensor) -> Tensor:
            functional.reset_net(node)
            return node(x)

        found.append(Contender("SpikingJelly LIFNode", spikingjelly))
    if importlib.util.find_spec("snntorch"):
        import snntorch
        from snntorch import surrogate as of_snntorch

        for mechanism in ("zero", "subtract"):
            leaky = snntorch.Leaky(beta=0.5, reset_mechanism=mechanism, spike_grad=of_snntorch.atan(2.0))

            def run(x: Tensor, leaky: snntorch.Leaky = leaky) -> Tensor:
                potential = leaky.init_leaky()
                spikes = []
                for now in x:
                    s, potential = leaky(now, potential)
                    spikes.append(s)
                return torch.stack(spikes)

            found.append(Contender(f"snnTorch Leaky, {mechanism}", run, "input whole, reset a step late, > threshold"))
    return found


def kept_share(forward: Forward, x: Tensor) -> float:
    """Bytes of the distinct storages that autograd saves, over those of the input."""
    storages: dict[int, int] = {}

    def see(tensor: Tensor) -> Tensor:
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(see, lambda tensor: tensor):
        made = forward(x)
    del made
    return sum(storages.values()) / x.untyped_storage().nbytes()


def check(contenders: list[Contender], x: Tensor, grad: Tensor) -> None:
    """Spikes equal ours and gradients nearly, where the dynamics are the same."""
    reference = contenders[0]
    wanted = reference.forward(x)
    (by_x,) = torch.autograd.grad(wanted, x, grad)
    for contender in contenders[1:]:
        if contender.differs:
            continue
        made = contender.forward(x)
        differ = int((made != wanted).sum())
        # Others round in another order, so that a potential within rounding of the threshold may fall on either side.
        if differ > 1e-6 * wanted.numel():
            raise SystemExit(f"{contender.name}: {differ} of {wanted.numel()} spikes differ from ours")
        (theirs,) = torch.autograd.grad(made, x, grad)
        far = int(((theirs - by_x).abs() > 1e-4 * by_x.abs().max()).sum())
        if far > 20 * (differ + 1):
            raise SystemExit(f"{contender.name}: {far} gradients differ from ours")


def measure(contenders: list[Contender], x: Tensor, grad: Tensor, repeats: int) -> None:
    """Fill in milliseconds and memory."""
    for contender in contenders:
        contender.kept = kept_share(contender.forward, x)
    for _ in range(repeats):
        for contender in contenders:
            start = time.process_time()
            made = contender.forward(x)
            between = time.process_time()
            torch.autograd.grad(made, x, grad)
            end = time.process_time()
            contender.ahead.append((between - start) * 1e3)
            contender.both.append((end - start) * 1e3)
            del made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--shape", default="8,64,32,32")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(0)
    shape = (chosen.steps, *(int(size) for size in chosen.shape.split(",")))
    x = (1.5 * torch.randn(shape) + 0.5).requires_grad_()
    grad = torch.randn(shape)
    contenders = [ours("Lilliput, compiled", LeakyKernel()), ours("Lilliput, tensors", None)]
    contenders += [Contender("plain loop, autograd", plain_loop), *peers()]
    check(contenders, x, grad)
    measure(contenders, x, grad, chosen.repeats)
    base = next((c for c in contenders if c.name.startswith("SpikingJelly")), contenders[2])
    columns = ("layer", "forward ms", "forward + backward ms", f"/ {base.name}", "kept / input", "dynamics differ")
    rows = [
        (c.name, *(round(v, 2) for v in (min(c.ahead), min(c.both), min(c.both) / min(base.both), c.kept)), c.differs)
        for c in contenders
    ]
    title = f"{list(shape)}, {chosen.threads} thread(s), least of {chosen.repeats}; {machine()}"
    Output().show({}, human=[Table(columns, rows, title)])


if __name__ == "__main__":
    main()
