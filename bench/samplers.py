"""Our solvers against the schedulers of diffusers, on data N(0.3, 0.2²) whose noise is known at each step.

    pip install diffusers
    python bench/samplers.py

The same start, the same draws, the same steps, bounds on where theirs have them; float32 on both sides.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor

from lilliput.train.diffusion import Schedule
from lilliput.train.samplers import DATA, sample

SCHEDULE = Schedule.linear()
MEAN, SPREAD = 0.3, 0.2
SHAPE = (16, 1, 8, 8)
CALLS = (20, 50, 250)
_KNOWN: dict[str, Any] = {"num_train_timesteps": 1000, "beta_start": 1e-4, "beta_end": 0.02, "beta_schedule": "linear"}


def expected_noise(x: Tensor, t: Tensor) -> Tensor:
    """E[ε | x_t]."""
    kept = SCHEDULE.kept[t].reshape(-1, 1, 1, 1).to(x.dtype)
    return (1 - kept).sqrt() * (x - kept.sqrt() * MEAN) / (kept * SPREAD**2 + 1 - kept)


def theirs(scheduler: Any, calls: int, start: Tensor, **changes: float) -> tuple[Tensor, list[int]]:
    """What a scheduler makes, and the steps that it visits."""
    scheduler.set_timesteps(calls)
    chance, x = torch.Generator().manual_seed(0), start.clone()
    for t in scheduler.timesteps:
        noise = expected_noise(x, torch.full((len(x),), int(t)))
        x = scheduler.step(noise, t, x, generator=chance, **changes).prev_sample
    return x, [*map(int, scheduler.timesteps), DATA]


def main() -> int:
    try:
        from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler
    except ImportError:
        print("diffusers is not installed", file=sys.stderr)
        return 1
    start = torch.randn(SHAPE, generator=torch.Generator().manual_seed(9))
    plus = {"algorithm_type": "dpmsolver++", "final_sigmas_type": "zero", "lower_order_final": False}
    ddim = {"clip_sample": True, "set_alpha_to_one": True}
    pairs: list[tuple[str, Any, dict[str, Any], dict[str, float]]] = [
        ("ddim, eta 0", lambda: DDIMScheduler(**_KNOWN, **ddim), {"solver": "ddim"}, {"eta": 0.0}),
        ("ddim, eta 1", lambda: DDIMScheduler(**_KNOWN, **ddim), {"solver": "ddim", "eta": 1.0}, {"eta": 1.0}),
        ("dpm++, first order", lambda: DPMSolverMultistepScheduler(**_KNOWN, **plus, solver_order=1),
         {"solver": "ddim", "clip": False}, {}),
        ("dpm++, second order", lambda: DPMSolverMultistepScheduler(**_KNOWN, **plus, solver_order=2),
         {"solver": "dpm++", "clip": False}, {}),
    ]  # fmt: skip
    for size in ("small", "large"):
        made = lambda size=size: DDPMScheduler(  # noqa: E731
            **_KNOWN, clip_sample=True, variance_type=f"fixed_{size}", timestep_spacing="leading"
        )
        pairs.append((f"ddpm, {size} variance", made, {"solver": "ddpm", "variance": size}, {}))
    print(f"{'solver':<22}" + "".join(f"{f'{calls} calls':>14}" for calls in CALLS) + "   largest difference")
    for name, scheduler, own, changes in pairs:
        gaps = []
        for calls in CALLS:
            wanted, times = theirs(scheduler(), calls, start, **changes)
            found = sample(expected_noise, SCHEDULE, SHAPE, start=start, seed=0, times=times, **own)
            gaps.append(float((found.x - wanted).abs().max()))
        print(f"{name:<22}" + "".join(f"{gap:>14.1e}" for gap in gaps))
    return 0


if __name__ == "__main__":
    sys.exit(main())
