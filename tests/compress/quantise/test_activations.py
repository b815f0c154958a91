import pytest

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.graph import Quant, Value
from lilliput.compress.quantise.activations import choose_quants, groups_of, quant_of_range
from lilliput.compress.quantise.observe import Range
from tests.compress.quantise.nets import conv_net, random_dense


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


def test_operators_that_move_integers_share_the_quantisation_of_their_input():
    graph = conv_net()
    assert ("total", "pool") in groups_of(graph)
    ranges = {name: Range(-1, 1) for names in groups_of(graph) for name in names}
    quants = choose_quants(graph, ranges | {"total": Range(0, 5.1), "pool": Range(0, 0.1)})
    assert quants["pool"] == quants["total"] == Quant.per_tensor(0.02, -128)


def test_softmax_has_its_own_quantisation():
    graph = conv_net()
    ranges = {name: Range(-1, 1) for names in groups_of(graph) for name in names}
    assert choose_quants(graph, ranges)["share"] == Quant.per_tensor(1 / 256, -128)


def moved_input(value: float):
    build = GraphBuilder("moved")
    x = build.input(Value("x", (1, 2, 2, 1), "float32"))
    padded = build.node("pad", "padded", [x], padding=((0, 0), (1, 1), (1, 1), (0, 0)), value=value)
    return build.graph([build.node("reshape", "flat", [padded], shape=(1, 16))])


def test_a_given_quantisation_goes_with_the_integers():
    graph, given = moved_input(0.0), Quant.per_tensor(0.25, 3)
    ranges = dict.fromkeys(("x", "padded", "flat"), Range(-1, 1))
    assert set(choose_quants(graph, ranges, {"x": given}).values()) == {given}


def test_a_border_of_another_value_widens_the_range():
    ranges = {"x": Range(-1, 1), "padded": Range(-8, 1), "flat": Range(-8, 1)}
    assert set(choose_quants(moved_input(-8.0), ranges).values()) == {quant_of_range(Range(-8, 1))}
    assert set(choose_quants(moved_input(0.0), ranges).values()) == {quant_of_range(Range(-1, 1))}


def concat_of(*, shared_reader: bool):
    build = GraphBuilder("concat")
    x = build.input(Value("x", (1, 4), "float32"))
    low, high = build.node("relu", "low", [x]), build.node("tanh", "high", [x])
    wide = build.node("relu", "wide", [x])
    joined = build.node("concat", "joined", [low, high, wide], axis=1)
    outputs = [joined, build.node("sigmoid", "again", [low])] if shared_reader else [joined]
    return build.graph(outputs)


def test_a_concat_joins_what_nothing_else_reads_and_what_is_not_fixed():
    ranges = {"x": Range(-4, 4), "low": Range(0, 1), "high": Range(-1, 1), "wide": Range(0, 4), "joined": Range(-1, 4)}
    quants = choose_quants(concat_of(shared_reader=False), ranges)
    assert quants["low"] == quants["wide"] == quants["joined"] == quant_of_range(Range(-1, 4))
    assert quants["high"] == Quant.per_tensor(1 / 128, 0)
    quants = choose_quants(concat_of(shared_reader=True), ranges | {"again": Range(0, 1)})
    assert quants["low"] == quant_of_range(Range(0, 1))
    assert quants["wide"] == quants["joined"]
