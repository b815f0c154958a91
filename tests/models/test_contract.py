"""What each registered network must do. A newcomer is tested by being registered."""

from __future__ import annotations

import copy
import json

import pytest
import torch

from lilliput.core.errors import BadSetting, UnknownName
from lilliput.models import create_model, create_model_for, example_input, list_models, models
from lilliput.models.shapes import shapes_only
from tests.models.names import computed_names


def _seeded(name: str, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return create_model(name)


def _warm(name: str) -> torch.nn.Module:
    """In evaluation mode, with statistics of its normalisations that are not their first values."""
    model = _seeded(name)
    with torch.no_grad():
        model(example_input(model, 4))
    return model.eval()


@pytest.mark.parametrize("name", computed_names())
class TestWhatModelsCompute:
    def test_output_is_one_row_an_input_and_finite(self, name: str) -> None:
        x = example_input(name, 3)
        y = _warm(name)(x)
        assert y.shape[0] == 3
        a_map = y.shape[2:] == x.shape[2:]
        assert y.ndim in (2, 3) or a_map, "classes, also of each step or slot, or a map as large as the picture"
        assert torch.isfinite(y).all()

    def test_batch_rows_do_not_mix(self, name: str) -> None:
        model, x = _warm(name), example_input(name, 3)
        torch.testing.assert_close(model(x)[1:2], model(x[1:2]))

    def test_rows_are_told_apart(self, name: str) -> None:
        y = _warm(name)(example_input(name, 2))
        assert (y[0] - y[1]).abs().max() > 1e-6

    def test_every_parameter_learns(self, name: str) -> None:
        # Not before a normalisation: its mean takes a bias away again, so that such gradients are zero up to rounding.
        model = _warm(name)
        model(example_input(name, 4)).square().sum().backward()
        idle = getattr(model, "idle_parameters", ())
        still = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
        assert [n for n in still if n not in idle] == []

    def test_a_saved_state_gives_the_same_outputs(self, name: str) -> None:
        model, x = _warm(name), example_input(name, 2)
        other = _seeded(name, seed=1).eval()
        assert not torch.equal(other(x), model(x))
        other.load_state_dict(copy.deepcopy(model.state_dict()))
        assert torch.equal(other(x), model(x))

    @pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights:UserWarning")  # PyTorch's own cells
    def test_exports_with_a_batch_of_one(self, name: str) -> None:
        model, x = _warm(name), example_input(name)
        program = torch.export.export(model, (x,))
        torch.testing.assert_close(program.module()(x), model(x))

    def test_a_seed_fixes_the_weights(self, name: str) -> None:
        first, second, other = (_seeded(name, seed).state_dict() for seed in (3, 3, 4))
        assert all(torch.equal(first[key], second[key]) for key in first)
        assert any(not torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", list_models())
class TestEveryModel:
    def test_the_config_rebuilds_the_network(self, name: str) -> None:
        with shapes_only():
            model = create_model(name)
            again = create_model(name, **vars(model.config))
        assert again.config == model.config
        assert _shapes(again) == _shapes(model)

    def test_the_config_holds_plain_values(self, name: str) -> None:
        assert {type(value) for value in vars(models[name].defaults).values()} <= {int, float, str, bool}

    def test_an_unknown_setting_suggests_a_near_one(self, name: str) -> None:
        key = next(iter(vars(models[name].defaults)))
        with pytest.raises(BadSetting, match=f"{name}: there is no setting '{key}x'\n.*did you mean {key}"):
            create_model(name, **{f"{key}x": 1})

    def test_a_value_of_another_type_is_refused(self, name: str) -> None:
        key = next(iter(vars(models[name].defaults)))
        with pytest.raises(BadSetting, match=f"{name}: {key}: .*, got 'many'"):
            create_model(name, **{key: "many"})

    def test_a_value_out_of_range_is_refused(self, name: str) -> None:
        key = next(iter(vars(models[name].defaults)))
        with pytest.raises(BadSetting, match=f"`{key}` must be in .*, got -1"):
            create_model(name, **{key: -1})

    def test_it_is_described_in_plain_values(self, name: str) -> None:
        described = models[name].describe()
        assert json.loads(json.dumps(described)) == described
        assert described["config"] == vars(models[name].defaults)
        assert described["input_shape"] == list(example_input(name).shape[1:])
        assert str(described["summary"]).endswith(".")
        assert (described["macs"], described["params"]) > (0, 0)


def _shapes(model: torch.nn.Module) -> dict[str, torch.Size]:
    return {key: value.shape for key, value in model.state_dict().items()}


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("ds_cnn", (1, 49, 40)),
        ("ds_cnn", (1, 49, 20)),
        ("ds_cnn", (1, 90, 3)),
        ("ds_cnn", (3, 1, 1)),
        ("resnet8", (1, 28, 28)),
        ("resnet8", (1, 8, 8)),
        ("mobilenet_v1_025", (1, 28, 28)),
        ("mobilenet_v1_025", (3, 5, 7)),
    ],
)
def test_a_network_can_be_made_for_other_inputs(name: str, shape: tuple[int, ...]) -> None:
    model = create_model_for(name, shape, 7).eval()
    assert model.config.input_shape == shape
    assert model(example_input(model, 2)).shape == (2, 7)


def test_the_autoencoder_takes_a_map_as_one_row() -> None:
    model = create_model_for("fc_autoencoder", (1, 8, 8), 10, width=16).eval()
    assert model(example_input(model, 2)).shape == (2, 64)


def test_a_shape_without_height_and_width_is_refused() -> None:
    with pytest.raises(BadSetting, match=r"ds_cnn cannot take input of shape \(640,\)"):
        create_model_for("ds_cnn", (640,), 2)


def test_an_unknown_name_suggests_a_near_one() -> None:
    with pytest.raises(UnknownName, match="did you mean resnet8"):
        create_model("resnet_8")


def test_names_are_found_by_pattern() -> None:
    assert list_models("resnet*") == ["resnet8", "resnet8_large"]
