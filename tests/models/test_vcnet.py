"""VCNet: the design's counts, its dynamics, its streams, and what steps do and do not change."""

from __future__ import annotations

import pytest
import torch

from lilliput.core.errors import BadSetting
from lilliput.models import create_model
from lilliput.models.cost import count_macs, count_params
from lilliput.models.vcnet import SweepNorm, VCNet


def network(name: str = "vcnet_micro", **changes: object) -> VCNet:
    torch.manual_seed(0)
    model = create_model(name, **changes)  # type: ignore[arg-type]
    assert isinstance(model, VCNet)
    return model


@pytest.mark.parametrize(
    ("name", "params", "sweep"),
    [("vcnet_micro", 19_686, 3.65), ("vcnet_small", 58_322, 6.60), ("vcnet_base", 199_530, 15.81)],
)
def test_counts_are_those_of_the_design(name: str, params: int, sweep: float) -> None:
    model = network(name, steps=0)
    assert count_params(model).trainable == count_params(network(name, steps=4)).trainable == params
    # The design's figure has one round of predictions in it, which a sweep alone does not need.
    wide = model.config.area_widths
    predictions = wide["V2"] * wide["V1"] * 256 + wide["V4"] * wide["V2"] * 64 + wide["IT"] * wide["V4"] * 64
    assert round((count_macs(model, (1, 32, 32)) + predictions) / 1e6, 2) == sweep
    costs = [count_macs(network(name, steps=t), (1, 32, 32)) for t in (0, 1, 2)]
    assert costs[2] - costs[1] == costs[1] - costs[0] > 0


def test_without_steps_it_is_the_sweep_alone() -> None:
    model, x = network().eval(), torch.rand(2, 1, 32, 32)
    trace = model(x, steps=3, trace=True)
    assert torch.equal(model(x, steps=0), trace.logits[0])  # type: ignore[union-attr, arg-type]
    torch.testing.assert_close(model(x, steps=3), trace.logits[-1])  # type: ignore[union-attr]
    assert not torch.allclose(trace.logits[0], trace.logits[-1], atol=1e-4)  # type: ignore[union-attr]
    assert torch.equal(create_model("vcnet_micro", steps=0).eval()(x)[0, :0], model(x)[0, :0])  # type: ignore[index]


def test_a_step_by_hand() -> None:
    model, x = network().eval(), torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        for generator in model.generators:
            generator.bias.normal_()  # type: ignore[union-attr, operator]
        model.gates.weight.normal_(std=0.1)
        trace = model(x, steps=1, trace=True)
    before, after = trace.states  # type: ignore[union-attr]
    read = torch.cat([before[3].mean((2, 3)), trace.areas["MT"].mean((2, 3))], 1)  # type: ignore[union-attr]
    gates = (1 + torch.tanh(model.gates(read))).split([16, 24, 32], 1)
    predicted = [model.predict(n, before[n + 1]) for n in range(3)]
    v1 = torch.relu(0.6 * before[0] + 0.2 * predicted[0] + 0.2 * before[0]) * gates[0][..., None, None]
    torch.testing.assert_close(after[0], v1)
    pulled = 0.6 * model.ventral[0](v1) + 0.2 * predicted[1] + 0.2 * before[1]
    v2 = torch.relu(pulled - 0.1 * model.correct(0, predicted[0] - before[0])) * gates[1][..., None, None]
    torch.testing.assert_close(after[1], v2)
    top = 0.6 * model.ventral[2](after[2]) + 0.4 * before[3] - 0.1 * model.correct(2, predicted[2] - before[2])
    torch.testing.assert_close(after[3], torch.relu(top))


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_correction_is_the_transpose_of_a_prediction(level: int) -> None:
    model = network()
    wide = [16, 24, 32, 48]
    sides = [32, 16, 8, 8]
    above = torch.randn(1, wide[level + 1], sides[level + 1], sides[level + 1], requires_grad=True)
    error = torch.randn(1, wide[level], sides[level], sides[level])
    (model.predict(level, above) * error).sum().backward()
    # Means where the exact transpose has sums over the four pixels that one above speaks for.
    factor = 4 if level < 2 else 1
    torch.testing.assert_close(model.correct(level, error) * factor, above.grad)


def test_many_steps_stay_within_bounds_and_gradients_are_finite() -> None:
    model, x = network(correction=0.3).eval(), torch.rand(4, 1, 32, 32)
    with torch.no_grad():
        for generator in model.generators:
            generator.weight.mul_(100)  # type: ignore[union-attr, operator]
        model.after_step()
        trace = model(x, steps=50, trace=True)
    for first, last in zip(trace.states[0], trace.states[-1], strict=True):  # type: ignore[union-attr]
        assert last.abs().max() < 10 * first.abs().max() + 1
    model.train()(x, steps=8).square().sum().backward()  # type: ignore[union-attr]
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_predictions_are_held_to_a_norm() -> None:
    model = network()
    with torch.no_grad():
        for generator in model.generators:
            generator.weight.mul_(50)  # type: ignore[union-attr, operator]
    model.after_step()
    for generator in model.generators:
        norm = torch.linalg.matrix_norm(generator.weight.flatten(1), 2)  # type: ignore[union-attr, operator]
        assert 0.1 * norm**2 <= 1 + 1e-4


def test_statistics_come_from_the_sweep_alone() -> None:
    x = torch.rand(8, 1, 32, 32)
    once, often = network().train(), network().train()
    once(x, steps=0)
    often(x, steps=3)
    for (name, a), b in zip(once.state_dict().items(), often.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    assert not any(m.is_step for m in often.modules() if isinstance(m, SweepNorm))


def test_the_ventral_code_sees_the_coarse_route_by_one_link_only() -> None:
    x = torch.rand(4, 1, 32, 32)
    for linked in (True, False):
        model = network(dorsal_link=linked, steps=0).eval()
        trace = model(x, trace=True)
        with torch.no_grad():
            model.v1m[1].bias.add_(1.0)  # type: ignore[operator, union-attr, arg-type]
        moved = model(x, trace=True)
        assert torch.equal(trace.what, moved.what) is not linked  # type: ignore[union-attr]
        assert not torch.equal(trace.where, moved.where)  # type: ignore[union-attr]


def test_colours_and_attention_take_part() -> None:
    model = network(channels=3, attention=True).train()
    x = torch.rand(4, 3, 32, 32)
    model(x).square().sum().backward()  # type: ignore[union-attr]
    assert model.temperature is not None
    assert model.temperature.grad is not None
    grey = x.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    assert not torch.allclose(model.eval()(x), model(grey))  # type: ignore[arg-type]


def test_views_show_what_one_picture_hides() -> None:
    model = network(views=3, channels=9).eval()
    flat = torch.rand(1, 1, 32, 32).expand(-1, 9, -1, -1)
    deep = flat.reshape(1, 3, 3, 32, 32).clone()
    deep[:, 1, 2] = deep[:, 1, 2].roll(1, -1)
    deep = deep.reshape(1, 9, 32, 32)
    fine, coarse, _ = model.retina(flat)
    assert coarse.shape == (1, 5, 16, 16)
    assert not coarse[:, 1:].any(), "views that are the same have no parallax"
    moved = model.retina(deep)
    assert torch.equal(moved[0], fine)
    assert moved[1][:, 2].any()
    assert not moved[1][:, 1].any()
    assert not torch.equal(model(flat), model(deep))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"height": 30}, "`height` must be a multiple of 4, got 30; near are 28 and 32"),
        ({"channels": 2}, "`channels` must be 1 or 3"),
        ({"views": 4, "channels": 16}, "a grid of 4x4 views needs an odd side"),
        ({"views": 3}, "a grid of 3x3 views needs"),
        ({"widths": "1 2"}, "`widths` must be 7 numbers"),
        ({"drive": 0.9}, "are more than 1 together"),
        ({"gabor": "none"}, "`gabor` 'none'"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, object], text: str) -> None:
    with pytest.raises(BadSetting, match=text):
        network(**changes)
    with pytest.raises(ValueError, match="`steps` must be 0 or more, got -1"):
        network()(torch.zeros(1, 1, 32, 32), steps=-1)
