r"""A linear support vector machine, one class against the rest, with the squared hinge.

    min  ½ ‖w_k‖² + C Σ_n max(0, 1 - t_nk (w_k x_n + b_k))²,    t_nk = 1 for class k, -1 for the others

The problem is smooth and convex, so that a quasi-Newton method gets to the bottom of it.

Axes: N items, D features, K classes.

Source: Fan et al., LIBLINEAR: a library for large linear classification (JMLR 9, 2008), L2-loss, primal; there the
constant is one of the features, and so is held small as they are. Here it is not.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def fit_svm(x: Tensor, y: Tensor, classes: int, c: float = 1.0, *, steps: int = 200) -> tuple[Tensor, Tensor]:
    """Weights (K, D) and constants (K,), of float32.

    Args:
        x: features (N, D).
        y: class numbers, (N,).
        classes: K.
        c: C, above 0: what an error costs against large weights.
        steps: of the method, at most.

    Raises:
        ValueError: `c` is not above 0, or there are no items.
    """
    if not c > 0 or not len(x):
        raise ValueError(f"`c` must be above 0 and there must be items, got {c} and {len(x)}")
    side = 2 * F.one_hot(y, classes).to(x.dtype) - 1
    weight = torch.zeros(classes, x.shape[1], dtype=x.dtype, requires_grad=True)
    bias = torch.zeros(classes, dtype=x.dtype, requires_grad=True)
    # Through the number of errors that count, so that the method's tolerances mean the same for any C and N.
    scale = 1 / (c * len(x))
    method = torch.optim.LBFGS(
        [weight, bias], max_iter=steps, tolerance_grad=1e-6, tolerance_change=1e-10, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        method.zero_grad()
        slack = (1 - side * F.linear(x, weight, bias)).clamp_min(0)
        value = scale * (0.5 * weight.square().sum() + c * slack.square().sum())
        value.backward()  # type: ignore[no-untyped-call]
        return value

    with torch.enable_grad():
        method.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach().float(), bias.detach().float()
