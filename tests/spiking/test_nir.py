"""NIR files: made by the package, made by us, made by a peer, and damaged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lilliput.core.errors import (
    BadValue,
    FileError,
    MissingExtra,
    MissingFile,
    NoSpikingRule,
    NotThisFormat,
    OutsideFolder,
)
from lilliput.layers.spiking import ALIF, IF, LIF, PLIF, SpikingSequential
from lilliput.spiking.conversion import convert
from lilliput.spiking.graph import SpikingGraph
from lilliput.spiking.nir import export_nir, import_nir
from lilliput.spiking.nir_nodes import LeakyArray, SumPool2d

nir = pytest.importorskip("nir")

DT = 1e-3


def inputs(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def write(path: Path, *nodes: Any) -> Path:
    nir.write(path, nir.NIRGraph.from_list(*nodes))
    return path


def per_neuron(n: int, low: float, high: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, n)


def euler(node: Any, x: np.ndarray, dt: float) -> np.ndarray:
    """The equations of LIF and IF in double steps: (T, n) currents to spikes."""
    v = np.zeros(x.shape[1])
    made = []
    for now in x:
        leaks = hasattr(node, "tau")
        v = v + dt / node.tau * (node.v_leak - v + node.r * now) if leaks else v + dt * node.r * now
        spikes = v > node.v_threshold
        v = np.where(spikes, node.v_reset, v)
        made.append(spikes)
    return np.array(made, float)


def lif(n: int, **changes: Any) -> Any:
    same = {"tau": np.full(n, 0.02), "r": np.ones(n), "v_leak": np.zeros(n), "v_threshold": np.full(n, 0.3)}
    return nir.LIF(**{**same, **changes})


@pytest.mark.parametrize(
    ("node", "kind"),
    [
        (lif(6), LIF),
        (lif(6, r=np.full(6, 20.0), v_threshold=np.full(6, 3.0)), LIF),
        (lif(6, v_reset=np.full(6, -0.1)), LeakyArray),
        (lif(6, v_leak=np.full(6, 0.2)), LeakyArray),
        (lif(6, tau=per_neuron(6, 0.005, 0.04, 0), r=per_neuron(6, 0.5, 2, 1), v_threshold=per_neuron(6, 0.2, 0.5, 2)),
         LeakyArray),
        (nir.IF(r=np.full(6, 1000.0), v_threshold=np.full(6, 2.0)), IF),
        (nir.IF(r=per_neuron(6, 300, 900, 0), v_threshold=np.full(6, 2.0), v_reset=np.full(6, 0.5)), LeakyArray),
    ],
)  # fmt: skip
def test_neurons_fire_as_their_equations_say(tmp_path: Path, node: Any, kind: type) -> None:
    net = import_nir(write(tmp_path / "a.nir", node), dt=DT)
    (name,) = net.names
    assert type(net.node(name)) is kind
    x = inputs(200, 3, 6)
    spikes, _ = net(x)
    for row in range(3):
        wanted = euler(node, x[:, row].double().numpy(), DT)
        assert wanted.sum() > 50
        assert (spikes[:, row].numpy() != wanted).sum() <= 1  # float32 against double
    # And back: the file says the same.
    export_nir(net, tmp_path / "b.nir", x, dt=DT)
    assert torch.equal(import_nir(tmp_path / "b.nir", dt=DT)(x)[0], spikes)


def test_exact_steps_do_not_depend_on_how_fine_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.nir", lif(1, v_threshold=np.full(1, 0.8646)))
    # A constant current of 1 reaches 1 - e^-2 after two time constants, 40 ms, however long a step is.
    for dt in (1e-3, 2e-3, 5e-3):
        spikes, _ = import_nir(path, dt=dt, solver="exact")(torch.ones(60, 1, 1))
        assert (int(spikes.flatten().argmax()) + 1) * dt == pytest.approx(0.04)
    coarse, _ = import_nir(path, dt=5e-3)(torch.ones(60, 1, 1))
    assert (int(coarse.flatten().argmax()) + 1) * 5e-3 < 0.04


def test_a_potential_that_equals_the_threshold_fires_here_and_not_there(tmp_path: Path) -> None:
    x = torch.full((4, 1, 1), 0.25)
    assert IF(threshold=1.0)(x)[0].flatten().tolist() == [0, 0, 0, 1]
    there = nir.IF(r=np.array([1 / DT]), v_threshold=np.array([1.0]))
    assert import_nir(write(tmp_path / "a.nir", there), dt=DT)(x)[0].flatten().tolist() == [0, 0, 0, 0]
    export_nir(SpikingSequential(IF(threshold=1.0)), tmp_path / "b.nir", x, dt=DT)
    assert float(nir.read(tmp_path / "b.nir").nodes["0"].v_threshold[0]) == np.nextafter(np.float32(1), np.float32(0))
    assert import_nir(tmp_path / "b.nir", dt=DT)(x)[0].flatten().tolist() == [0, 0, 0, 1]


def chain() -> SpikingSequential:
    torch.manual_seed(0)
    net = SpikingSequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        IF(threshold=0.7),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 4, 3, groups=2, stride=2),
        PLIF(tau=3.0, channels=4, threshold=0.1),
        SumPool2d((2, 2), (1, 1), (0, 0)),
        nn.Dropout(),
        nn.Flatten(),
        nn.Linear(4, 5),
        LIF(tau=4.0, threshold=0.1, rest=-0.2),
    ).eval()
    with torch.no_grad():
        net.layers[1].running_mean.uniform_(-0.2, 0.2)  # type: ignore[union-attr, operator]
        net.layers[5].weight.uniform_(-1, 1)  # type: ignore[union-attr, operator]
    return net


@pytest.mark.parametrize("solver", ["euler", "exact"])
def test_a_chain_comes_back_with_the_same_spikes(tmp_path: Path, solver: Any) -> None:
    net, x = chain(), (inputs(20, 3, 2, 12, 12) < 0.4).float()
    x = x[..., :11, :11]
    export_nir(net, tmp_path / "a.nir", x, dt=DT, solver=solver)
    back = import_nir(tmp_path / "a.nir", dt=DT, solver=solver)
    with torch.no_grad():
        wanted, found = net(x)[0], back(x)[0]
    assert 0 < float(wanted.mean()) < 1
    assert float((wanted != found).float().mean()) < 0.01  # folding moves roundings
    types = [type(node).__name__ for node in nir.read(tmp_path / "a.nir", type_check=False).nodes.values()]
    assert sorted(types) == sorted(
        ["Input", "Conv2d", "IF", "AvgPool2d", "Conv2d", "LIF", "SumPool2d", "Flatten", "Affine", "LIF", "Output"]
    )


def test_a_loop_comes_back_with_the_same_spikes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    nodes = {"w": nn.Linear(5, 7), "lif.1": LIF(threshold=0.3), "back": nn.Linear(7, 7, bias=False)}
    edges = [("input", "w"), ("w", "lif.1"), ("lif.1", "back"), ("back", "lif.1"), ("lif.1", "output")]
    net, x = SpikingGraph(nodes, edges), inputs(30, 2, 5)
    export_nir(net, tmp_path / "a.nir", x, dt=DT)
    back = import_nir(tmp_path / "a.nir", dt=DT)
    assert torch.equal(net(x)[0], back(x)[0])
    assert sorted(back.edges) == sorted(edges)
    assert float(net(x)[0].detach().sum()) > 20
    nir.read(tmp_path / "a.nir", type_check=True)


def test_graphs_inside_of_graphs_are_taken_apart(tmp_path: Path) -> None:
    inner = nir.NIRGraph.from_list(nir.Affine(np.eye(3), np.full(3, 0.1)), lif(3))
    whole = nir.NIRGraph({"input": nir.Input(np.array([3])), "inner": inner, "scale": nir.Scale(np.full(3, 2.0)),
                          "output": nir.Output(np.array([3]))},
                         [("input", "inner"), ("inner", "scale"), ("scale", "output")], type_check=False)  # fmt: skip
    nir.write(tmp_path / "a.nir", whole)
    net, x = import_nir(tmp_path / "a.nir", dt=DT), inputs(40, 1, 3)
    wanted = 2 * euler(lif(3), x[:, 0].double().numpy() + 0.1, DT)
    assert np.array_equal(net(x)[0][:, 0].detach().numpy(), wanted)
    assert "inner.affine" in net.names


def test_synapses_with_a_time_constant_are_filters_before_neurons(tmp_path: Path) -> None:
    n = 4
    same = {"tau_mem": np.full(n, 0.01), "r": np.ones(n), "v_leak": np.zeros(n), "v_threshold": np.full(n, 0.2)}
    node = nir.CubaLIF(tau_syn=per_neuron(n, 0.004, 0.02, 0), w_in=np.full(n, 1.5), **same)
    path, x = write(tmp_path / "a.nir", node), inputs(100, 1, n)
    current, v, wanted = np.zeros(n), np.zeros(n), []
    for now in x[:, 0].double().numpy():
        before = current
        current = current + DT / node.tau_syn * (node.w_in * now - current)
        v = v + DT / node.tau_mem * (node.v_leak - v + node.r * before)
        fired = v > node.v_threshold
        v = np.where(fired, 0, v)
        wanted.append(fired)
    net = import_nir(path, dt=DT)
    found, state = net(x)
    assert (found[:, 0].numpy() != np.array(wanted)).sum() <= 1
    assert np.sum(wanted) > 20
    first, state = net(x[:37])
    assert torch.equal(torch.cat([first, net(x[37:], state)[0]]), found)
    sooner, _ = import_nir(path, dt=DT, current="after")(x)
    assert int(sooner.sum(1).sum(1).argmax()) < int(found.sum(1).sum(1).argmax())
    export_nir(net, tmp_path / "b.nir", x, dt=DT)
    assert torch.equal(import_nir(tmp_path / "b.nir", dt=DT)(x)[0], found)


def test_integrators_give_their_potential(tmp_path: Path) -> None:
    x = inputs(50, 1, 2)
    li = nir.LI(tau=np.full(2, 0.01), r=np.full(2, 2.0), v_leak=np.full(2, 0.5))
    found, _ = import_nir(write(tmp_path / "a.nir", li), dt=DT)(x)
    v = torch.zeros(2)
    for now in x[:, 0]:
        v = v + 0.1 * (0.5 - v + 2 * now)
    torch.testing.assert_close(found[-1, 0], v)
    summed, _ = import_nir(write(tmp_path / "b.nir", nir.I(r=np.full(2, 1 / DT))), dt=DT)(x)
    torch.testing.assert_close(summed, x.cumsum(0))


def test_a_converted_network_goes_out_if_it_resets_to_zero(tmp_path: Path) -> None:
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(36, 8), nn.ReLU()]
    net, x = nn.Sequential(*layers), inputs(6, 1, 8, 8)
    steps = x.expand(12, *x.shape)
    made = convert(net, x, read_out="count", reset_to="zero")
    export_nir(made, tmp_path / "a.nir", steps, dt=DT)
    found, _ = import_nir(tmp_path / "a.nir", dt=DT)(steps)
    totals = found.cumsum(0) / torch.arange(1, 13).reshape(-1, 1, 1) * made.unit
    torch.testing.assert_close(totals, made(x, 12))
    for options, words in (({"reset_to": "subtract"}, "subtracts its threshold"), ({"start": 0.5}, "starts above 0")):
        refused = convert(net, x, read_out="count", **{"reset_to": "zero", **options})  # type: ignore[arg-type]
        with pytest.raises(NoSpikingRule, match=f"(?s)LP320: .*{words}"):
            export_nir(refused, tmp_path / "b.nir", steps, dt=DT)
    assert not (tmp_path / "b.nir").exists()


# Of github.com/neuromorphs/NIR, paper/01_lif: the input of the published comparison, a number each tenth step of
# 0.1 ms, and when Norse's neuron fired.
PEER_STEP = 1e-4
PEER_INPUT = "0000001000000000000000100001000110010100110111111111110000000000000111111111110000011000000000000000"
PEER_FIRED = [460, 510, 710, 760]


def test_a_neuron_that_norse_wrote_fires_when_it_fired_there() -> None:
    net = import_nir(Path(__file__).parent / "data" / "lif_norse.nir", dt=PEER_STEP)
    x = torch.zeros(1000, 1, 1)
    x[::10, 0, 0] = torch.tensor([float(bit) for bit in PEER_INPUT])
    assert net(x)[0].flatten().nonzero().flatten().tolist() == PEER_FIRED


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (IF(reset_to="subtract"), (3,), "0 subtracts its threshold when it fires"),
        (ALIF(), (3,), "0, a ALIF, has no node in NIR"),
        (nn.ReLU(), (3,), "0, a ReLU, has no node in NIR"),
        (nn.BatchNorm1d(3), (3,), "0 normalises, and no layer stands right before it"),
        (nn.Linear(3, 3), (2, 3), "0 is linear on the last of 2 axes"),
        (nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), (1, 4, 4), "pads or computes as NIR's convolutions"),
        (nn.AvgPool2d(2, ceil_mode=True), (1, 5, 5), "divides by other numbers"),
    ],
)
def test_what_nir_cannot_say_is_refused_by_name(
    tmp_path: Path, layer: nn.Module, shape: tuple[int, ...], words: str
) -> None:
    with pytest.raises(NoSpikingRule, match=words):
        export_nir(nn.Sequential(layer.eval()), tmp_path / "a.nir", inputs(2, 1, *shape), dt=DT)
    assert not (tmp_path / "a.nir").exists()


def test_nodes_without_a_layer_and_constants_that_cannot_be_are_refused_by_name(tmp_path: Path) -> None:
    for node, words in (
        (nir.Delay(np.ones(2)), "'delay', a node of type Delay, has no layer here"),
        (lif(2, tau=np.full(2, 1e-4)), "a time constant of 0.0001 s, a step is 0.001 s"),
        (lif(2, tau=np.zeros(2)), "a time constant of 0 s"),
        (lif(2, v_reset=np.ones(2)), "a threshold lies below the reset"),
        (nir.Linear(np.ones((2, 2, 2))), "weights of 3 axes"),
    ):
        with pytest.raises(NoSpikingRule, match=f"LP320: .*{words}"):
            import_nir(write(tmp_path / "a.nir", node), dt=DT)
    with pytest.raises(BadValue, match="'lif': r is not finite"):
        import_nir(write(tmp_path / "a.nir", lif(2, r=np.full(2, np.nan))), dt=DT)
    with pytest.raises(ValueError, match="`dt` must be above 0 seconds, got 0"):
        import_nir(tmp_path / "a.nir", dt=0)
    with pytest.raises(ValueError, match="`solver` must be euler or exact"):
        import_nir(tmp_path / "a.nir", dt=DT, solver="heun")  # type: ignore[arg-type]


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nir", None)
    words = r"LP601: NIR files need the package nir\n  fix: pip install \"lilliput\[nir\]\""
    with pytest.raises(MissingExtra, match=words):
        import_nir(tmp_path / "a.nir", dt=DT)


def test_files_that_are_no_graph_are_refused(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "a.nir"
    with pytest.raises(MissingFile, match="LP221"):
        import_nir(path, dt=DT)
    path.write_bytes(b"no HDF5 at all")
    with pytest.raises(NotThisFormat, match="is no NIR file"):
        import_nir(path, dt=DT)
    with h5py.File(path, "w") as file:
        file["x"] = 1
    with pytest.raises(NotThisFormat, match="without a NIR graph"):
        import_nir(path, dt=DT)
    write(path, lif(2))
    with h5py.File(path, "a") as file:
        file["node"]["nodes"]["else"] = h5py.ExternalLink("other.nir", "/node")
    with pytest.raises(OutsideFolder, match="'else' is a link"):
        import_nir(path, dt=DT)


def test_damaged_files_give_an_error_of_ours_or_a_network(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.nir", nir.Affine(np.eye(2), np.zeros(2)), lif(2)).read_bytes()
    rng, path, refused = np.random.default_rng(0), tmp_path / "b.nir", 0
    for _ in range(120):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 4):
            data[place] = rng.integers(256)
        path.write_bytes(bytes(data[: rng.integers(1, len(data) + 1)] if rng.random() < 0.3 else data))
        try:
            import_nir(path, dt=DT)
        except (FileError, NoSpikingRule):
            refused += 1
    assert refused > 20
