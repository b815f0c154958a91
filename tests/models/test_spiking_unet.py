from __future__ import annotations

import itertools
import re

import pytest
import torch
from torch import nn

from lilliput.core.errors import BadSetting
from lilliput.layers.noise_blocks import FiringConv, NoiseBlock, membrane, sinusoids
from lilliput.layers.spiking import IF
from lilliput.models import create_model, example_input
from lilliput.models.cost import count_params, macs_by_layer
from lilliput.models.noise_unet import NoiseUNet
from lilliput.models.shapes import shapes_only
from lilliput.models.spiking_unet import SpikingUNet


def small(seed: int = 0, name: str = "spiking_unet_micro", **changes: object) -> NoiseUNet:
    """In evaluation mode, with statistics of a batch."""
    torch.manual_seed(seed)
    model = create_model(name, **changes)  # type: ignore[arg-type]
    with torch.no_grad():
        model(example_input(model, 8), torch.arange(8) * 100)
    return model.eval()  # type: ignore[return-value]


def published(name: str, **changes: object) -> NoiseUNet:
    with shapes_only():
        return create_model(name, **changes).eval()  # type: ignore[arg-type, return-value]


def numbers(model: NoiseUNet) -> int:
    """As the published code counts: with its table of sines."""
    return count_params(model).trainable + model.time.table.numel()


class TestPublishedSizes:
    def test_parameters_of_the_spiking_network(self):
        assert numbers(published("spiking_unet")) == 66_696_413
        assert numbers(published("spiking_unet", channels=1)) == 66_691_725

    def test_parameters_of_the_ordinary_network_with_quantised_activations(self):
        assert numbers(published("ddpm_unet", activation="quantised")) == 66_551_111
        assert numbers(published("ddpm_unet", activation="quantised", multipliers="1 2 2 2")) == 34_292_295

    @pytest.mark.parametrize(("steps", "more"), [(4, 268), (8, 536)])
    def test_gains_are_one_for_each_convolution_and_step(self, steps: int, more: int):
        assert numbers(published("spiking_unet", steps=steps, gains=True)) == 66_696_413 + more

    def test_layers_of_neurons_and_operations(self):
        model = published("spiking_unet", steps=1)
        assert sum(isinstance(module, IF) for module in model.modules()) == 51
        macs = macs_by_layer(model, model.config.input_shape)
        linear = sum(n for name, n in macs.items() if isinstance(model.get_submodule(name), nn.Linear))
        assert linear == 3_801_088
        assert sum(macs.values()) - linear == 6_480_020_480

    def test_the_neuron_is_the_published_one(self):
        neuron = small().down[0].first.neuron  # type: ignore[union-attr]
        assert isinstance(neuron, IF)
        assert (neuron.threshold, neuron.cell.reset_to, neuron.cell.detach_reset) == (1.0, "zero", False)  # type: ignore[attr-defined]
        x = torch.tensor([0.4, 0.7, -1.0])
        slope = neuron.cell.firing.derivative(x, torch.tensor(1.0))  # type: ignore[attr-defined]
        torch.testing.assert_close(slope, 1 / (1 + (torch.pi * (x - 1)).square()))

    def test_the_twin_without_spikes_is_of_exactly_the_same_size(self):
        twin = small(neuron="relu", steps=1)
        assert count_params(twin) == count_params(small())
        assert not any(isinstance(module, IF) for module in twin.modules())


class TestTime:
    def test_the_table_is_sines_and_cosines_in_turns(self):
        table = sinusoids(1000, 128)
        assert table.shape == (1000, 128)
        assert table[0, :4].tolist() == [0, 1, 0, 1]
        assert float(table[7, 0]) == pytest.approx(torch.sin(torch.tensor(7.0)).item(), abs=1e-6)
        assert float(table[999, 127]) == pytest.approx(
            torch.cos(torch.tensor(999 * 10000 ** (-126 / 128))).item(), abs=1e-4
        )

    def test_the_step_of_the_diffusion_changes_what_is_said(self):
        model, x = small(), example_input("spiking_unet_micro", 2)
        early, late = (model(x, torch.full((2,), t)) for t in (10, 900))
        assert (early - late).abs().max() > 1e-6
        assert torch.equal(model(x), model(x, torch.zeros(2, dtype=torch.int64)))

    @pytest.mark.parametrize(
        ("t", "message"),
        [
            (torch.zeros(2), "`t` must be (2,) of int64, got (2,) of torch.float32"),
            (torch.zeros(3, dtype=torch.int64), "`t` must be (2,) of int64, got (3,) of torch.int64"),
            (torch.tensor([0, 1000]), "`t` must be in [0, 1000), got 0 to 1000"),
        ],
    )
    def test_steps_that_there_are_not_are_refused(self, t: torch.Tensor, message: str):
        with pytest.raises(ValueError, match=re.escape(message)):
            small()(example_input("spiking_unet_micro", 2), t)


class TestTimeSteps:
    def test_state_goes_on_from_step_to_step(self):
        model = small(steps=4)
        assert isinstance(model, SpikingUNet)
        said = model.by_step(example_input(model, 2))
        assert said.shape == (4, 2, 1, 8, 8)
        assert all((a - b).abs().max() > 1e-7 for a, b in itertools.pairwise(said))

    def test_nothing_is_left_between_calls(self):
        model, x = small(), example_input("spiking_unet_micro", 3)
        first = model(x)
        model(2 * x)
        assert torch.equal(model(x), first)

    def test_the_read_out_is_a_sum_that_is_not_divided(self):
        x = torch.ones(4, 1, 1, 1)
        assert float(membrane(x, 4, 0.8)) == pytest.approx(2.952)
        assert float(membrane(torch.ones(8, 1, 1, 1), 8, 0.8)) == pytest.approx(4.161, abs=1e-3)
        assert float(membrane(torch.tensor([1.0, 10.0]).reshape(2, 1), 2, 0.8)) == pytest.approx(10.8)

    def test_more_steps_take_the_same_weights(self):
        model = small()
        assert isinstance(model, SpikingUNet)
        before = model(example_input(model, 2))
        model.set_steps(4)
        assert model.config.steps == 4
        assert (model(example_input(model, 2)) - before).abs().max() > 1e-6
        with pytest.raises(ValueError, match="`steps` must be at least 1, got 0"):
            model.set_steps(0)

    def test_the_first_convolution_sees_a_picture_once(self):
        model = small(steps=4)
        seen: list[int] = []
        model.first.conv.register_forward_hook(lambda _, args, __: seen.append(len(args[0])))  # type: ignore[union-attr]
        model(example_input(model, 2))
        assert seen == [2]


class TestGains:
    def test_at_the_start_they_change_nothing(self):
        model, x = small(), example_input("spiking_unet_micro", 3)
        before = model(x, torch.tensor([1, 500, 900]))
        model.add_gains()  # type: ignore[operator]
        torch.testing.assert_close(model(x, torch.tensor([1, 500, 900])), before, rtol=0, atol=1e-6)
        assert model.gains().shape == (len(model.synapses()), 2)  # type: ignore[operator]

    def test_a_gain_scales_its_step_with_its_bias_and_no_other(self):
        layer = small(gains=True).down[0].first.synapses  # type: ignore[union-attr]
        x = torch.randn(2 * 3, 16, 4, 4)
        with torch.no_grad():
            layer.conv.bias.fill_(0.5)
            plain = layer(x, 2)
            layer.gain.copy_(torch.tensor([1.0, 3.0]))
        made = layer(x, 2)
        torch.testing.assert_close(made[:3], plain[:3])
        torch.testing.assert_close(made[3:], 3 * plain[3:])

    def test_they_are_not_made_twice_nor_for_other_steps(self):
        model = small(gains=True)
        with pytest.raises(ValueError, match="there are gains already"):
            model.add_gains()  # type: ignore[operator]
        with pytest.raises(ValueError, match="there are gains for 2 steps, not for 4"):
            model.set_steps(4)  # type: ignore[operator]
        with pytest.raises(ValueError, match="there are no gains"):
            small().gains()  # type: ignore[operator]


class TestLayers:
    def test_what_enters_each_convolution_behind_a_neuron_is_spikes(self):
        model = small(steps=2)
        seen: dict[str, set[float]] = {}
        for name, module in model.named_modules():
            if isinstance(module, FiringConv):
                module.synapses.conv.register_forward_hook(
                    lambda _, args, __, name=name: seen.setdefault(name, set()).update(args[0].unique().tolist())
                )
        model(example_input(model, 2))
        assert len(seen) == sum(isinstance(m, IF) for m in model.modules())
        assert all(numbers <= {0.0, 1.0} for numbers in seen.values())

    def test_a_shortcut_takes_currents_as_they_are(self):
        block = next(m for m in small().modules() if isinstance(m, NoiseBlock) and m.shortcut is not None)
        seen: list[torch.Tensor] = []
        block.shortcut.conv.register_forward_hook(lambda _, args, __: seen.append(args[0]))  # type: ignore[union-attr]
        x = torch.randn(2, block.first.synapses.conv.in_channels, 4, 4)
        block(x, torch.randn(1, 64), 2)
        assert torch.equal(seen[0], x)

    def test_a_picture_alone_and_in_a_batch_say_the_same(self):
        model, x = small(3), example_input("spiking_unet_micro", 4)
        t = torch.tensor([3, 300, 600, 999])
        torch.testing.assert_close(model(x, t)[2:3], model(x[2:3], t[2:3]))


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("spiking_unet", {"height": 30}, "`height` must be a multiple of 8, for 4 levels, got 30"),
        ("spiking_unet", {"multipliers": "1 two"}, "`multipliers` must be whole numbers above 0, got '1 two'"),
        ("spiking_unet", {"neuron": "lif"}, "`neuron` 'lif' is none of if, relu, quantised"),
        ("spiking_unet", {"neuron": "relu"}, "`steps` must be 1 with relu, got 4"),
        ("spiking_unet", {"base": 7}, "`base` must be even, got 7"),
        ("ddpm_unet", {"groups": 48}, "`groups` must divide the channels of each layer, got 48 and"),
        ("ddpm_unet", {"activation": "relu"}, "`activation` 'relu' is none of swish, quantised"),
    ],
)
def test_sizes_that_cannot_be_are_refused(name: str, changes: dict[str, object], message: str):
    with pytest.raises(BadSetting, match=re.escape(message)):
        create_model(name, **changes)  # type: ignore[arg-type]


def test_pictures_of_another_shape_are_refused():
    model = small()
    with pytest.raises(ValueError, match=re.escape("`x` must be floats (B, 1, H, W), got (2, 3, 8, 8)")):
        model(torch.zeros(2, 3, 8, 8))
    with pytest.raises(ValueError, match="`x` is 9x8, both must be multiples of 2"):
        model(torch.zeros(2, 1, 9, 8))
