"""Two-dimensional flow on the torus, as its vorticity: ∂w/∂t + v·∇w = ν Δw + f, Δψ = −w, v = (∂ψ/∂y, −∂ψ/∂x).

Pseudo-spectral: derivatives in Fourier space, products at the points, modes above two thirds dropped. In time
Crank and Nicolson's rule for diffusion, and Heun's for what is left. Second order in time, spectral in space.

Source: the set of arXiv:2010.08895 (section 5.3), which MgNO (arXiv:2310.19809) uses too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask, Diverged
from lilliput.tasks.pde import Fields, check_points
from lilliput.tasks.pde_random import periodic_fields

Field64 = NDArray[np.float64]


def published_forcing(n: int) -> Field64:
    """0.1 (sin 2π(x + y) + cos 2π(x + y)) at the points: (n, n)."""
    x = np.arange(n) / n
    phase = 2 * np.pi * (x[:, None] + x)
    return 0.1 * (np.sin(phase) + np.cos(phase))


def evolve(w: Field64, f: Field64, *, viscosity: float, times: int, every: float = 1.0, step: float = 1e-2) -> Field64:
    """Vorticities after `every`, twice that, … of time, the first ones in front.

    Args:
        w: at time 0, any number of flows; their means must be 0.
        f: what drives all of them, at the points.
        viscosity: ν, at least 0.
        times: how many to record.
        every: time between them.
        step: of time, at most; it divides `every`.

    Shapes:
        w (N, n, n), f (n, n) -> (N, times + 1, n, n).

    Raises:
        Diverged: LP502, the step is too large for these flows.
    """
    n = w.shape[-1]
    k = 2 * np.pi * np.fft.fftfreq(n, 1 / n)
    down, right = k[:, None], k[: n // 2 + 1]
    right = np.abs(right)
    squares = down**2 + right**2
    inverse = np.divide(1.0, squares, out=np.zeros_like(squares), where=squares > 0)
    limit = 2 * np.pi * n / 3
    kept = (np.abs(down) < limit) & (right < limit)
    steps = max(1, int(np.ceil(every / step - 1e-9)))
    dt = every / steps
    decay = viscosity * squares * dt / 2
    driven = np.fft.rfft2(f)

    def rest(state: NDArray[np.complex128]) -> NDArray[np.complex128]:
        psi = state * inverse
        across, along, by_x, by_y = (
            np.fft.irfft2(one, s=(n, n))
            for one in (1j * down * psi, -1j * right * psi, 1j * right * state, 1j * down * state)
        )
        found: NDArray[np.complex128] = driven - kept * np.fft.rfft2(across * by_x + along * by_y)
        return found

    state, recorded = np.fft.rfft2(w), [w]
    for _ in range(times):
        for _ in range(steps):
            first = rest(state)
            guess = ((1 - decay) * state + dt * first) / (1 + decay)
            state = ((1 - decay) * state + dt / 2 * (first + rest(guess))) / (1 + decay)
        recorded.append(np.fft.irfft2(state, s=(n, n)))
        if not np.isfinite(recorded[-1]).all():
            raise Diverged(f"the flow at time {len(recorded) - 1} of {times} is not finite", fix=f"step={step / 4:g}")
    return np.stack(recorded, 1)


def vorticities(
    n: int = 64, samples: int = 100, *, viscosity: float = 1e-3, times: int = 20, step: float = 1e-2, seed: int = 0
) -> Field64:
    """Flows from random states under the published forcing, once a unit of time.

    Args:
        n: points a side, at least 8.
        samples: how many.
        viscosity: ν; below 1e-4 finer grids than 64 are needed.
        times: units of time.
        step: of the solver.
        seed: of all.

    Shapes:
        -> (samples, times + 1, n, n).

    Raises:
        BadTask: LP103, too few points. Diverged: LP502, the step is too large.
    """
    check_points(n, 8)
    w = periodic_fields(n, samples, seed=seed)
    return evolve(w, published_forcing(n), viscosity=viscosity, times=times, step=step)


def steps_of(flows: Field64) -> Fields:
    """All pairs of consecutive states: what a network of one step learns from.

    Shapes:
        flows (N, T, n, n) -> N · (T − 1) samples.

    Raises:
        BadTask: LP103, fewer than two states.
    """
    if flows.ndim != 4 or flows.shape[1] < 2:
        raise BadTask(f"flows of shape {flows.shape}", fix="(samples, times, n, n) with at least two times")
    size = flows.shape[2:]
    x, y = (part.reshape(-1, 1, *size).astype(np.float32) for part in (flows[:, :-1], flows[:, 1:]))
    return Fields("vorticity", x, y)
