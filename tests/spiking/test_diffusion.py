from __future__ import annotations

import pytest
import torch
from torch import nn

from lilliput.core.errors import Diverged, NoSpikingRule
from lilliput.layers.clip_floor_shift import ClipFloorShift
from lilliput.layers.noise_blocks import FiringConv, NoiseBlock
from lilliput.layers.spiking import IF
from lilliput.models import create_model
from lilliput.models.noise_unet import NoiseUNet
from lilliput.spiking import OperationCounter, energy
from lilliput.spiking.converted import Neurons
from lilliput.spiking.diffusion import (
    SILENT,
    conversion_error,
    convert_unet,
    evaluation_cost,
    finetune_blocks,
    noised_items,
    scaled_thresholds,
)
from lilliput.train import TrainSettings
from lilliput.train.diffusion import Pictures, Schedule
from lilliput.train.samplers import sample

SCHEDULE = Schedule.linear()
NAME = "spiking_unet_micro"


def small(name: str = NAME, seed: int = 0, **changes: object) -> NoiseUNet:
    """With statistics of some batches, and last layers that say something."""
    torch.manual_seed(seed)
    model = create_model(name, **changes)  # type: ignore[arg-type]
    assert isinstance(model, NoiseUNet)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.xavier_uniform_(module.weight)
        if isinstance(module, ClipFloorShift):
            nn.init.constant_(module.ceiling, 2.0)
    with torch.no_grad():
        for seed in range(3):
            model(*noised_items(data(), SCHEDULE, 32, seed))
    return model.eval()


def data(count: int = 32) -> Pictures:
    chance = torch.Generator().manual_seed(7)
    return Pictures(torch.rand(count, 1, 8, 8, generator=chance).mul(2).sub(1))


def spikes(model: NoiseUNet) -> float:
    x, t = noised_items(data(), SCHEDULE, 32)
    with torch.no_grad(), OperationCounter(model) as counter:
        model(x, t)
    return sum(n.fired for n in counter.so_far(32).neurons)


class TestGuidance:
    def test_a_factor_of_one_changes_no_bit(self):
        model = small()
        plain = sample(model, SCHEDULE, (4, 1, 8, 8), calls=3).x
        with scaled_thresholds(model, 1.0):
            assert torch.equal(sample(model, SCHEDULE, (4, 1, 8, 8), calls=3).x, plain)

    def test_the_higher_the_thresholds_the_fewer_the_spikes(self):
        model, found = small(), []
        for factor in (0.9, 0.95, 1.0, 1.05, 1.1, SILENT):
            with scaled_thresholds(model, factor):
                found.append(spikes(model))
        assert found == sorted(found, reverse=True)
        assert len(set(found)) == len(found)
        assert found[-1] == 0

    def test_it_changes_what_is_said_and_is_undone_after_also_after_an_error(self):
        model, (x, t) = small(), noised_items(data(), SCHEDULE, 8)
        plain = model(x, t)
        with scaled_thresholds(model, 0.9):
            assert not torch.equal(model(x, t), plain)
        with pytest.raises(RuntimeError), scaled_thresholds(model, 0.5):
            raise RuntimeError
        assert torch.equal(model(x, t), plain)

    def test_bad_factors_and_networks_without_neurons_are_refused(self):
        with (
            pytest.raises(ValueError, match="`factor` of thresholds must be above 0, got 0"),
            scaled_thresholds(small(), 0),
        ):
            pass
        with (
            pytest.raises(ValueError, match="SpikingUNet has no neurons whose threshold could be scaled"),
            scaled_thresholds(small(neuron="relu", steps=1), 0.9),
        ):
            pass


class TestConversion:
    @pytest.mark.parametrize("bits", [2, 3, 4])
    def test_a_neuron_gives_its_quantised_activation_for_a_constant_current(self, bits: int):
        levels, ceiling = 2**bits - 1, 1.75
        x = torch.rand(5000, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 5 - 1
        fired = Neurons(ceiling, 0.5, "subtract")(x.expand(levels, -1)).spikes.mean(0) * ceiling
        torch.testing.assert_close(fired, ClipFloorShift(levels, ceiling)(x).detach().double(), rtol=0, atol=1e-6)

    @pytest.mark.parametrize(
        ("name", "changes", "most"),
        [
            (NAME, {"neuron": "quantised", "steps": 1}, 0.07),
            # Its normalisation divides by the spread of each step's currents, which is not that of their mean.
            ("ddpm_unet_micro", {"activation": "quantised"}, 0.3),
        ],
    )
    def test_the_whole_network_comes_nearer_with_more_levels(self, name: str, changes: dict[str, object], most: float):
        errors = []
        for levels in (3, 63):
            model = small(name, levels=levels, **changes)
            before = {key: value.clone() for key, value in model.state_dict().items()}
            made = convert_unet(model)
            assert made.steps == levels
            errors.append(conversion_error(made, model, data(), SCHEDULE))
            assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
        assert errors[1] < errors[0] / 2
        assert errors[1] < most

    def test_what_enters_its_convolutions_is_spikes(self):
        made = convert_unet(small(neuron="quantised", steps=1))
        inside: dict[str, set[float]] = {}
        for name, module in made.named_modules():
            if isinstance(module, FiringConv):
                module.synapses.conv.register_forward_hook(
                    lambda _, args, __, name=name: inside.setdefault(name, set()).update(args[0].unique().tolist())
                )
        made(*noised_items(data(), SCHEDULE, 4))
        assert all(numbers <= {0.0, 1.0} for numbers in inside.values())

    def test_tuning_block_by_block_brings_it_nearer(self):
        model = small(neuron="quantised", steps=1)
        made = convert_unet(model)
        thresholds = [m.threshold for m in made.modules() if isinstance(m, Neurons)]
        before = conversion_error(made, model, data(), SCHEDULE)
        settings = TrainSettings(epochs=10, batch_size=16, lr=3e-3, optimiser="adam", warmup_epochs=0)
        finetune_blocks(made, model, data(), SCHEDULE, settings)
        assert conversion_error(made, model, data(), SCHEDULE) < 0.95 * before
        assert [m.threshold for m in made.modules() if isinstance(m, Neurons)] == thresholds
        assert not made.training

    def test_a_network_without_quantised_activations_is_refused(self):
        with pytest.raises(NoSpikingRule, match="SpikingUNet has no quantised activations to put neurons for"):
            convert_unet(small())

    def test_a_ceiling_below_zero_is_refused(self):
        model = small(neuron="quantised", steps=1)
        nn.init.constant_(model.down[0].first.neuron.ceiling, -1.0)  # type: ignore[union-attr, arg-type]
        with pytest.raises(NoSpikingRule, match="a quantised activation has learnt the ceiling -1"):
            convert_unet(model)


class TestCost:
    def test_the_paths_of_real_numbers_are_named(self):
        found = evaluation_cost(small(), data(), SCHEDULE, count=8)
        real = {layer.name for layer in found.layers if layer.kind == "real"}
        shortcuts = {
            f"{name}.shortcut.conv"
            for name, module in small().named_modules()
            if isinstance(module, NoiseBlock) and module.shortcut is not None
        }
        assert real >= {"first.conv", "last.conv", "smooth", "time.first", "time.second", *shortcuts}
        assert not any("synapses" in name for name in real)

    def test_additions_equal_spikes_times_the_weights_they_meet(self):
        model = small()
        found = evaluation_cost(model, data(), SCHEDULE, count=4)
        by_hand = 0
        hooks = []
        for module in model.modules():
            if isinstance(module, FiringConv):

                def count(conv: nn.Module, args: tuple[torch.Tensor], made: torch.Tensor) -> None:
                    nonlocal by_hand
                    # A convolution of ones over the spikes says how many products each output takes.
                    assert isinstance(conv, nn.Conv2d)
                    ones = torch.ones_like(conv.weight)
                    by_hand += int(nn.functional.conv2d(args[0], ones, None, conv.stride, conv.padding).sum().round())

                hooks.append(module.synapses.conv.register_forward_hook(count))
        with torch.no_grad():
            model(*noised_items(data(), SCHEDULE, 4))
        assert found.additions == by_hand
        assert energy(found).total_pj > 0

    def test_a_network_that_never_fires_is_refused(self):
        model = small()
        with scaled_thresholds(model, SILENT), pytest.raises(Diverged, match="no neuron of the network ever fires"):
            evaluation_cost(model, data(), SCHEDULE)

    def test_without_spikes_it_says_something_else(self):
        model, (x, t) = small(), noised_items(data(), SCHEDULE, 16)
        with scaled_thresholds(model, SILENT):
            silent = model(x, t)
        assert (model(x, t) - silent).square().mean() > 0.1 * silent.var()
        assert any(isinstance(m, IF) for m in model.modules())


def test_items_with_noise_are_spread_over_the_diffusion():
    x, t = noised_items(data(), SCHEDULE, 10)
    assert t.tolist() == list(range(50, 1000, 100))
    assert torch.equal(noised_items(data(), SCHEDULE, 10)[0], x)
