import numpy as np
import torch

from lilliput.compiler.graph import Quant
from lilliput.compiler.interpret import run_integer
from lilliput.compress.quantise.lower import lower
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.compress.quantise.simulate import fake_quantise, run_simulated, substeps_of
from tests.compress.quantise.nets import dense


def test_fake_quantisation_gives_what_int8_stands_for():
    x = torch.linspace(-3, 3, 101)
    quant = Quant.per_tensor(0.0125, -20)
    expected = quant.dequantise(quant.quantise(x.numpy(), "int8"))
    np.testing.assert_allclose(fake_quantise(x, quant.scale[0], -20).numpy(), expected, rtol=1e-6)


def test_the_gradient_passes_inside_the_range_only():
    x = torch.tensor([-10.0, 0.3, 10.0], requires_grad=True)
    fake_quantise(x, 0.01, 0).sum().backward()
    assert x.grad.tolist() == [0.0, 1.0, 0.0]


def test_the_gradient_of_the_scale_is_that_of_learned_step_sizes():
    scale = torch.tensor(0.1, requires_grad=True)
    fake_quantise(torch.tensor([0.23, 100.0]), scale, 0).sum().backward()
    # Inside: round(x / s) - x / s = 2 - 2.3; above: the largest integer, 127.
    assert torch.isclose(scale.grad, torch.tensor(126.7), rtol=1e-5)


def test_both_roundings_of_the_kernels_are_simulated():
    """5 · 0.095 = 0.475 of a step; in eighths that is 4, a half, which goes up."""
    graph = dense([(np.array([[127.0, 1.0]]), np.zeros(1))], ["none"])
    quants = {"x": Quant.per_tensor(1.0, -128), "fc0": Quant.per_tensor(1 / 0.095, -128)}
    integer = lower(graph, quants, QuantiseSettings())
    made = run_integer(integer, {"x": np.int8([[-128, -123]])})["fc0"]
    assert made.item() == -128 + 1
    x, constants = torch.tensor([[0.0, 5.0]]), {"w0": torch.tensor([[127.0, 1.0]]), "b0": torch.zeros(1)}
    substeps = substeps_of(graph, quants, {"fc0": np.ones(1)})
    assert substeps["fc0"].tolist() == [8.0]
    step = quants["fc0"].scale[0]
    assert run_simulated(graph, {"x": x}, quants, constants, substeps)["fc0"].item() == step
    assert run_simulated(graph, {"x": x}, quants, constants, {})["fc0"].item() == 0.0
