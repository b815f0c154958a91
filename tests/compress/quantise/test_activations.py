import pytest

from lilliput.compiler.graph import Quant
from lilliput.compress.quantise.activations import choose_quants, quant_of_range
from lilliput.compress.quantise.observe import Range
from tests.compress.quantise.nets import random_dense


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [
        (0.0, 2.55, 0.01, -128),  # relu starts at exactly -128
        (0.0, 6.0, 6 / 255, -128),
        (-1.0, 1.55, 0.01, -28),
        (-2.55, 0.0, 0.01, 127),
        (-1.0, 1.0, 2 / 255, 0),  # -128 + 127.5 rounds to the even 0
        (0.0, 0.0, 1 / 255, -128),
    ],
)
def test_scale_and_zero_point_by_hand(low, high, scale, zero_point):
    assert quant_of_range(Range(low, high)) == Quant.per_tensor(scale, zero_point)


def test_a_range_without_zero_is_refused():
    with pytest.raises(ValueError, match=r"contain 0, got \[0.5, 1.0\]"):
        Range(0.5, 1.0)


def test_quantisation_that_comes_from_elsewhere_is_kept():
    graph = random_dense([4, 3])
    ranges = {"x": Range(-1, 1), "fc0": Range(-3, 5)}
    given = Quant.per_tensor(0.5, 7)
    quants = choose_quants(graph, ranges, {"x": given})
    assert quants == {"x": given, "fc0": quant_of_range(Range(-3, 5))}


def test_a_quantisation_for_no_input_is_refused():
    with pytest.raises(ValueError, match="`input_quant` names y; the inputs are x"):
        choose_quants(random_dense([4, 3]), {}, {"y": Quant.per_tensor(1, 0)})
