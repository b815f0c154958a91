"""Folding: the same logits, nothing but spikes behind the first layer, and growth that is said."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lilliput.layers.spike_synapses import RepConv, SeparableNorm
from lilliput.models import create_model
from lilliput.models.cost import macs_by_layer
from lilliput.models.meta_spikeformer import MetaSpikeFormer
from lilliput.models.package import load_model, save_model
from lilliput.models.spike_fold import FoldedLayer, fold
from lilliput.spiking import OperationCounter, energy
from tests.layers.test_spike_synapses import scrambled

FOLDED = [  # RepConv: million parameters then, G multiply-accumulates more; separable: millions and G more
    ("15m", 33.26, 10.005 - 6.441, 3.60, 4.85),
    ("31m", 68.84, 21.312 - 13.951, 8.13, 10.98),
    ("55m", 122.10, 37.796 - 24.699, 14.48, 19.57),
]


def network(seed: int = 0, **changes: Any) -> nn.Module:
    """In float64, with normalisations drawn at random and statistics that are some way off those of a batch."""
    torch.manual_seed(seed)
    model = scrambled(create_model("meta_spikeformer_nano", **changes))
    with torch.no_grad():
        model.train()(torch.randn(8, 1, 28, 28, dtype=torch.float64))
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                assert module.running_var is not None
                module.running_var.mul_(0.5 + torch.rand(module.num_features))
    return model.eval()


def pictures() -> Tensor:
    return torch.randn(4, 1, 28, 28, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 2},
        {"attention": "sdsa1"},
        {"attention": "sdsa2"},
        {"attention": "sdsa4", "steps": 2},
        {"shortcut": "sew"},
        {"shortcut": "vanilla", "steps": 2},
        {"neuron": "relu"},
        {"distillation": True},
    ],
    ids=str,
)
def test_logits_stay(changes: dict[str, Any]) -> None:
    model, x = network(**changes), pictures()
    before = model(x)
    folded = fold(model)
    size = max(1.0, before.detach().abs().max().item())
    assert (folded.network(x) - before).abs().max() < 1e-9 * size
    assert (before[0] - before[1]).abs().max() > 1e-3, "rows are told apart, so that equality says something"
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded.network.modules())
    assert torch.equal(model(x), before), "the one that was given is left as it was"
    assert (fold(model.float()).network(x.float()).double() - before).abs().max() < 1e-4 * size


def test_behind_the_first_layer_nothing_but_spikes_is_read() -> None:
    model = network(steps=2)

    def readers(net: nn.Module) -> dict[str, set[float]]:
        seen: dict[str, set[float]] = {}
        handles = [
            module.register_forward_pre_hook(
                lambda _, args, name=name: seen.setdefault(name, set()).update(args[0].unique().tolist())
            )
            for name, module in net.named_modules()
            if isinstance(module, nn.Conv2d | nn.Linear)
        ]
        net(pictures())
        for handle in handles:
            handle.remove()
        return seen

    unfolded, folded = readers(model), readers(fold(model).network)
    assert len(folded) == 5 + 3 * 4 + 2 * (4 + 2) + 1
    first = "downsamples.0.synapses"
    assert {name for name, numbers in folded.items() if not numbers <= {0.0, 1.0}} == {first}
    assert len({name for name, numbers in unfolded.items() if not numbers <= {0.0, 1.0}}) == 1 + 3 + 2 * 4 * 2


def test_the_counter_charges_hidden_floats_before_and_additions_after() -> None:
    model = network()
    found = []
    for net in (model, fold(model).network):
        with torch.no_grad(), OperationCounter(net) as counter:
            net(pictures())
        found.append(counter.report(4))
    before, after = found
    assert len(before.hidden_floats) == 3 + 2 * 4 * 2
    assert after.hidden_floats == ()
    first = next(c for c in after.layers if c.is_first)
    assert after.macs == first.macs
    assert before.macs > 5 * after.macs
    assert after.additions > before.additions
    # What publications charge is closer to the folded network, as they count additions only.
    assert energy(before).total_pj > 1.5 * energy(before).published_pj
    assert sum(n.fired for n in before.neurons) == sum(n.fired for n in after.neurons)


@pytest.mark.parametrize(("name", "params", "more", "separable", "dense"), FOLDED)
def test_growth_of_published_networks(name: str, params: float, more: float, separable: float, dense: float) -> None:
    with torch.device("meta"):
        model = create_model(f"meta_spikeformer_{name}")
    assert isinstance(model, MetaSpikeFormer)
    rows = fold(model).layers
    kinds = {kind: [row for row in rows if row.kind == kind] for kind in ("repconv", "separable")}
    # The published figure keeps the last of a RepConv's normalisations: as many numbers more as there are channels.
    last = sum(m.norm.num_features for m in model.modules() if isinstance(m, RepConv))
    before = sum(p.numel() for p in model.parameters())
    after = before + sum(row.after - row.before for row in kinds["repconv"])
    assert round((after + last) / 1e6, 2) == params
    assert round(after / before, 1) == 2.2
    assert _more_macs(kinds["repconv"]) / 1e9 == pytest.approx(more, abs=1e-3)
    # And here a bias is half as many numbers as the normalisation that it stands for.
    channels = [m.norm.num_features for m in model.modules() if isinstance(m, SeparableNorm)]
    grown = sum(row.after - row.before for row in kinds["separable"]) + sum(channels)
    assert grown == sum(98 * c**2 - 98 * c - 2 * c**2 for c in channels)
    assert round(grown / 1e6, 2) == separable
    assert round(_more_macs(kinds["separable"]) / 1e9, 2) == dense


def _more_macs(rows: list[FoldedLayer]) -> int:
    """Of a picture of 224×224: taps times the places of each stage's maps."""
    places = (112**2, 56**2, 28**2, 14**2, 14**2)
    return sum((row.taps_after - row.taps_before) * places[int(row.name.split(".")[1])] for row in rows)


def test_the_folded_network_is_counted_as_the_report_says() -> None:
    with torch.device("meta"):
        model = create_model("meta_spikeformer_15m")
    folded = fold(model, ["repconv"])
    by_layer = macs_by_layer(folded.network, (3, 224, 224))
    assert round(sum(macs for layer, macs in by_layer.items() if not layer.endswith(".meeting")) / 1e9, 3) == 10.005


def test_the_report_names_what_grew() -> None:
    folded = fold(network())
    assert folded.before == sum(p.numel() for p in network().parameters())
    assert folded.after == sum(p.numel() for p in folded.network.parameters())
    assert folded.after - folded.before == sum(row.after - row.before for row in folded.layers)
    grown = folded.grown()
    assert {row.kind for row in grown} == {"separable", "repconv"}
    assert grown[0].after - grown[0].before == max(row.after - row.before for row in folded.layers)
    assert (grown[0].taps_before, grown[0].taps_after) == (49 * 48 + 48 * 24, 49 * 48 * 24) or grown[
        0
    ].kind == "separable"
    assert [row.kind for row in folded.layers].count("norm") == 5 + 3 * 3 + 2 * 2


def test_a_folded_network_is_saved_and_loaded(tmp_path: Any) -> None:
    model = fold(network().float()).network
    x = pictures().float()
    save_model(model, tmp_path / "net")
    again = load_model(tmp_path / "net")
    assert again.config.folded  # type: ignore[union-attr]
    assert torch.equal(again(x), model(x))


def test_what_cannot_be_folded_is_said() -> None:
    with pytest.raises(ValueError, match="`kinds` has 'bias'; there are norm, separable, repconv"):
        fold(network(), ["bias"])
    with pytest.raises(ValueError, match="there is nothing to fold"):
        fold(fold(network()).network)
    with pytest.raises(ValueError, match="there is nothing to fold"):
        fold(nn.Linear(2, 2))
