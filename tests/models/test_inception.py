from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from lilliput.core.errors import BadSetting, WrongWeights
from lilliput.models import create_model
from lilliput.models.convert import load_state
from lilliput.models.cost import count_params
from lilliput.models.inception import Inception
from lilliput.models.shapes import shapes_only


def shape_of(name: str, **changes: object) -> Inception:
    with shapes_only():
        model = create_model(name, **changes).eval()  # type: ignore[arg-type]
    assert isinstance(model, Inception)
    return model


def test_parameters_are_the_published_ones():
    assert count_params(shape_of("inception_v3")).trainable == 23_834_568
    assert count_params(shape_of("inception_v3_fid")).trainable == 21_785_568 + 1008 * 2049


def test_maps_are_as_published():
    maps = shape_of("inception_v3_fid").forward_intermediates(torch.empty(1, 3, 299, 299, device="meta"))
    assert [tuple(y.shape[1:]) for y in maps] == [(192, 35, 35), (288, 35, 35), (768, 17, 17), (2048, 8, 8)]


@pytest.fixture(scope="module")
def pair() -> tuple[Inception, dict[str, Tensor]]:
    """A network, and a checkpoint with the published names, a second classifier among them."""
    torch.manual_seed(0)
    model = create_model("inception_v3_fid", height=75, width=75)
    assert isinstance(model, Inception)
    state = {key: torch.rand_like(value) * 0.1 + 0.01 for key, value in model.state_dict().items() if "num_" not in key}
    return model.eval(), {**state, "AuxLogits.fc.weight": torch.zeros(2)}


def published(state: dict[str, Tensor], x: Tensor, *, fid: bool) -> Tensor:
    """Pooled features, once more, step by step from the names of a checkpoint."""

    def conv(name: str, x: Tensor, stride: int = 1, padding: int | tuple[int, int] = 0) -> Tensor:
        of = {key: state[f"{name}.bn.{key}"] for key in ("running_mean", "running_var", "weight", "bias")}
        y = F.conv2d(x, state[f"{name}.conv.weight"], None, stride, padding)
        return F.relu(F.batch_norm(y, **of, eps=1e-3))

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=not fid)

    x = conv("Conv2d_2b_3x3", conv("Conv2d_2a_3x3", conv("Conv2d_1a_3x3", x, 2)), 1, 1)
    x = conv("Conv2d_4a_3x3", conv("Conv2d_3b_1x1", F.max_pool2d(x, 3, 2)))
    x = F.max_pool2d(x, 3, 2)
    for n in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
        double = conv(f"{n}.branch3x3dbl_2", conv(f"{n}.branch3x3dbl_1", x), 1, 1)
        x = torch.cat(
            [
                conv(f"{n}.branch1x1", x),
                conv(f"{n}.branch5x5_2", conv(f"{n}.branch5x5_1", x), 1, 2),
                conv(f"{n}.branch3x3dbl_3", double, 1, 1),
                conv(f"{n}.branch_pool", mean(x)),
            ],
            1,
        )
    n = "Mixed_6a"
    double = conv(f"{n}.branch3x3dbl_2", conv(f"{n}.branch3x3dbl_1", x), 1, 1)
    x = torch.cat([conv(f"{n}.branch3x3", x, 2), conv(f"{n}.branch3x3dbl_3", double, 2), F.max_pool2d(x, 3, 2)], 1)
    for n in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
        seven = conv(f"{n}.branch7x7_2", conv(f"{n}.branch7x7_1", x), 1, (0, 3))
        double = conv(f"{n}.branch7x7dbl_1", x)
        for k in range(2, 6):
            double = conv(f"{n}.branch7x7dbl_{k}", double, 1, (0, 3) if k % 2 else (3, 0))
        x = torch.cat(
            [
                conv(f"{n}.branch1x1", x),
                conv(f"{n}.branch7x7_3", seven, 1, (3, 0)),
                double,
                conv(f"{n}.branch_pool", mean(x)),
            ],
            1,
        )
    n = "Mixed_7a"
    seven = conv(f"{n}.branch7x7x3_2", conv(f"{n}.branch7x7x3_1", x), 1, (0, 3))
    seven = conv(f"{n}.branch7x7x3_4", conv(f"{n}.branch7x7x3_3", seven, 1, (3, 0)), 2)
    x = torch.cat([conv(f"{n}.branch3x3_2", conv(f"{n}.branch3x3_1", x), 2), seven, F.max_pool2d(x, 3, 2)], 1)
    for n in ("Mixed_7b", "Mixed_7c"):
        three = conv(f"{n}.branch3x3_1", x)
        double = conv(f"{n}.branch3x3dbl_2", conv(f"{n}.branch3x3dbl_1", x), 1, 1)
        pooled = F.max_pool2d(x, 3, 1, 1) if fid and n == "Mixed_7c" else mean(x)
        forks = [
            conv(f"{n}.{name}{side}", y, 1, padding)
            for name, y in (("branch3x3_2", three), ("branch3x3dbl_3", double))
            for side, padding in (("a", (0, 1)), ("b", (1, 0)))
        ]
        x = torch.cat([conv(f"{n}.branch1x1", x), *forks, conv(f"{n}.branch_pool", pooled)], 1)
    return x.mean((2, 3))


@pytest.mark.parametrize("pooling", ["fid", "published"])
def test_features_of_a_published_checkpoint(pair: tuple[Inception, dict[str, Tensor]], pooling: str):
    _, state = pair
    model = create_model("inception_v3_fid", height=75, width=75, pooling=pooling)
    loaded = load_state(model, state).model
    assert isinstance(loaded, Inception)
    x = torch.rand(1, 3, 107, 107, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = loaded.pool(loaded.forward_features(x))
        torch.testing.assert_close(found, published(state, x, fid=pooling == "fid"), rtol=1e-4, atol=1e-5)


def test_a_checkpoint_of_another_network_is_refused(pair: tuple[Inception, dict[str, Tensor]]):
    model, state = pair
    with pytest.raises(WrongWeights, match=re.escape("Mixed_5b.branch1x1.conv.weight is missing")):
        load_state(model, {k: v for k, v in state.items() if k != "Mixed_5b.branch1x1.conv.weight"})


def test_pictures_too_small_are_refused():
    with pytest.raises(BadSetting, match=re.escape("`height` must be in [75, 65536], got 64")):
        create_model("inception_v3", height=64)
