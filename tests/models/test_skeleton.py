"""The networks for body joints: published counts, padding, what members look at, and attention that does something."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.passes import simplify
from lilliput.compiler.passes.stream import stream
from lilliput.core.errors import BadSetting
from lilliput.layers.shares import product_of_shares
from lilliput.models import create_model, create_model_for, example_input
from lilliput.models.cost import count_macs, count_params
from lilliput.models.shapes import shapes_only
from lilliput.models.skeleton import LAYOUTS, SkeletonAttention, SkeletonDifference, SkeletonParts, _Conv


@pytest.mark.parametrize(
    ("name", "total", "trainable"),
    [
        ("base", 1_878_076, 1_874_876),
        ("difference", 1_877_052, 1_874_364),
        ("two_stream", 3_832_952, 3_826_552),
        ("parts", 9_098_540, 9_082_540),
        ("attention", 2_140_561, 2_138_257),
        # The sum of the four; the count that is given for all of them together is 97 higher than its own parts.
        ("ensemble", 16_949_105, 16_921_713),
    ],
)
def test_published_networks_have_the_published_counts(name: str, total: int, trainable: int) -> None:
    with shapes_only():
        model = create_model(f"skeleton_{name}_ntu")
    counted = count_params(model)
    assert (counted.total, counted.trainable) == (total, trainable)
    if name == "base":
        assert count_macs(model, (150, 300, 1)) == 203_688_960


def ones(kernel: int, size: int, stride: int, *, causal: bool = False) -> list[int]:
    conv = _Conv(1, 1, kernel, size, stride, causal=causal, separable=False)
    with torch.no_grad():
        conv.conv.weight.fill_(1.0)  # type: ignore[union-attr, operator]
        conv.conv.bias.zero_()  # type: ignore[union-attr, operator]
        return [int(v) for v in conv(torch.ones(1, 1, size, 1)).flatten().tolist()]


def test_an_even_kernel_is_padded_as_published() -> None:
    made = ones(8, 300, 1)
    assert (len(made), made[:3], made[-4:]) == (300, [5, 6, 7], [7, 6, 5, 4])
    assert set(made[3:-4]) == {8}
    halved = ones(8, 300, 2)
    assert (len(halved), halved[0], halved[-1]) == (150, 5, 5)
    odd = ones(8, 75, 2)
    assert (len(odd), odd[0], odd[-1]) == (38, 5, 4)
    assert ones(8, 20, 1, causal=True)[:9] == [1, 2, 3, 4, 5, 6, 7, 8, 8]


def lengths(name: str) -> list[int]:
    model, found = create_model(f"skeleton_{name}", frames=300, width=1 / 64), list[int]()
    for block in (m for m in model.modules() if type(m).__name__ == "_Block"):
        block.register_forward_hook(lambda _, __, y: found.append(y.shape[2]))
    model.eval()(example_input(model))
    return found


def test_lengths_halve_twice() -> None:
    assert lengths("base") == [300, 150, 75]
    assert lengths("two_stream") == [300, 150, 75, 75, 38, 19]


def test_differences_leave_the_padding_out() -> None:
    x = torch.zeros(1, 75, 8, 1)
    x[:, :, :5] = torch.arange(1.0, 6).square().reshape(1, 1, 5, 1)
    net = create_model("skeleton_difference", frames=8, padded=True)
    assert isinstance(net, SkeletonDifference)
    assert net.differences(x)[0, 0, :, 0].tolist() == [0, 3, 5, 7, 9, 0, 0, 0]
    legacy = create_model("skeleton_difference", frames=8, padded=True, legacy_edge=True)
    assert legacy.differences(x)[0, 0, :, 0].tolist() == [0, 3, 5, 7, 9, -25, 0, 0]  # type: ignore[operator]
    # A frame of zeros between real ones is real.
    x[:, :, 2] = 0
    assert net.differences(x)[0, 0, :, 0].tolist() == [0, 3, -4, 16, 9, 0, 0, 0]


def test_parts_see_their_joints_and_no_others() -> None:
    net = create_model("skeleton_parts", bodies=2, frames=8)
    assert isinstance(net, SkeletonParts)
    assert net.places.shape == (5, 36)
    for row, part in zip(net.places.tolist(), LAYOUTS["kinect25"].parts, strict=True):
        seen = {(place // 75, place % 75 // 3) for place in row if place < 150}
        assert seen == {(body, joint) for body in (0, 1) for joint in part}
        assert row[0] == 3 * part[0]
        assert row[18] == 75 + 3 * part[0]
    joints = sorted(joint for part in LAYOUTS["kinect25"].parts for joint in part)
    assert joints == list(range(25))
    for layout in LAYOUTS.values():
        assert sorted(joint for part in layout.parts for joint in part) == list(range(layout.joints))


def test_two_streams_look_along_time_and_along_joints() -> None:
    net = create_model("skeleton_two_stream", frames=8).eval()
    x = example_input(net, 2)
    first, second = net.temporal(x), net.spatial(x.transpose(1, 2))  # type: ignore[operator]
    shares = first.softmax(1) * second.softmax(1)
    torch.testing.assert_close(net(x).exp(), shares / shares.sum(1, keepdim=True))


def test_products_stay_finite_where_shares_vanish() -> None:
    tiny = [torch.tensor([[0.0, -70.0, -69.0]]) for _ in range(5)]
    assert torch.isfinite(product_of_shares(tiny)).all()
    torch.manual_seed(0)
    logits = [torch.randn(4, 6) for _ in range(3)]
    naive = torch.stack([z.softmax(1) for z in logits]).prod(0)
    torch.testing.assert_close(product_of_shares(logits).exp(), naive / naive.sum(1, keepdim=True))
    only = product_of_shares(logits, [1.0, 0.0, 0.0])
    torch.testing.assert_close(only, logits[0].log_softmax(1))


def test_attention_on_frames_learns_and_legacy_attention_does_not() -> None:
    torch.manual_seed(0)
    for kind, learns in (("time", True), ("legacy", False)):
        net = create_model("skeleton_attention", frames=12, frame_attention=kind)
        assert isinstance(net, SkeletonAttention)
        x = example_input(net, 3)
        net(x).square().sum().backward()
        grads = [p.grad.abs().sum() for n, p in net.named_parameters() if ".attention." in n and "weight" in n]  # type: ignore[union-attr]
        assert all((g > 0) == learns for g in grads)
        weights = net.eval().frame_weights(x)
        assert [w.shape for w in weights] == [(3, 12), (3, 6), (3, 3)]
        for w in weights:
            torch.testing.assert_close(w.sum(1), torch.full((3,), float(w.shape[1])))
            assert bool((w == 1).all()) != learns
        shares = net.coordinate_weights(x)
        torch.testing.assert_close(shares.sum(1), torch.ones(3, 12, 1))


def test_attention_finds_the_frame_that_moves() -> None:
    torch.manual_seed(0)
    # Two classes: one frame, anywhere, has the body shifted up or down.
    count, frames = 96, 12
    x, at = 0.05 * torch.randn(count, 60, frames, 1), torch.randint(2, frames - 2, (count,))
    y = torch.arange(count) % 2
    x[torch.arange(count), :, at, 0] += (2.0 * y - 1)[:, None]
    net = create_model("skeleton_attention", frames=frames, layout="kinect20", classes=2, width=0.125, kernel=1)
    for norm in (m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.momentum = 0.2
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(100):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimiser.step()
    weights: Tensor = net.eval().frame_weights(x)[0].detach()  # type: ignore[operator]
    assert float((net(x).argmax(1) == y).float().mean()) > 0.95
    assert float(weights[torch.arange(count), at].mean()) > 2


def test_a_causal_network_streams_frame_by_frame() -> None:
    torch.manual_seed(0)
    net = create_model("skeleton_base", frames=16, layout="kinect20", causal=True, width=0.125)
    net(example_input(net, 4))
    net.eval()
    graph = simplify(from_torch(net, example_input(net)))
    made = stream(graph, 4)
    x = example_input(net, 1)
    frames = x.movedim(1, -1)  # (1, T, 1, C)
    (name,) = made.graph.inputs
    runs = frames.reshape(4, 4, 1, 60)
    out = torch.from_numpy(run_integer(made.graph, {name: runs.numpy()})[made.graph.outputs[0]])
    # Padding stands before the first frame of a recording, as it does in the network on that recording.
    torch.testing.assert_close(out[-1], net(x)[0].detach(), rtol=1e-4, atol=1e-4)


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(BadSetting, match="it cannot be causal"):
        create_model("skeleton_two_stream", causal=True)
    with pytest.raises(BadSetting, match="it cannot be causal"):
        create_model("skeleton_attention", causal=True)
    with pytest.raises(BadSetting, match="`layout` must be one of kinect25, kinect20, cmu28, got 'dog'"):
        create_model("skeleton_base", layout="dog")
    with pytest.raises(BadSetting, match="coordinates a body of kinect25 75, kinect20 60, cmu28 84"):
        create_model_for("skeleton_base", (70, 16, 1), 3)
    assert create_model_for("skeleton_base", (120, 16, 1), 3).config.bodies == 2  # type: ignore[union-attr]
    assert np.isfinite(
        float(create_model("skeleton_base", separable=True).eval()(torch.zeros(1, 75, 16, 1)).detach().sum())
    )
