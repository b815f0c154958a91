"""Layers in 4 bits: which ones, how much flash that saves, what it costs."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lilliput.boards import get_board
from lilliput.boards.firmware import build_image
from lilliput.compiler.program import compile_graph
from lilliput.compress.quantise import QuantiseSettings, integer_graph_accuracy, quantise
from lilliput.compress.quantise.bits import bytes_of
from lilliput.compress.quantise.layers import layers_of, with_own_constants
from lilliput.core.errors import BadSetting
from tests.compress.quantise.nets import Trained


def sizes(digits: Trained, bits: int) -> int:
    graph = with_own_constants(digits.graph)
    return sum(bytes_of(graph, node, bits if node.op != "depthwise_conv2d" else 8) for node in layers_of(graph))


def test_the_weights_fit_and_more_room_never_means_more_error(digits: Trained) -> None:
    least, most = sizes(digits, 4), sizes(digits, 8)
    low = []
    for room in (least, (least + most) // 2, most):
        made = quantise(digits.graph, digits.x, QuantiseSettings(weight_bytes=room))
        taken = sum(bytes_of(made.float_graph, n, made.bits[n.name]) for n in layers_of(made.float_graph))
        assert taken <= room
        low.append({name for name, bits in made.bits.items() if bits == 4})
        for node in layers_of(made.graph):
            assert made.graph.values[node.inputs[1]].bits == made.bits[node.name]
    assert all(len(a) > len(b) for a, b in pairwise(low))
    assert low[-1] == set()


def test_too_little_room_is_refused_with_the_least_there_is(digits: Trained) -> None:
    least = sizes(digits, 4)
    with pytest.raises(BadSetting, match=rf"(?s)weight_bytes = {least - 1}.*with 4 bits wherever"):
        quantise(digits.graph, digits.x, QuantiseSettings(weight_bytes=least - 1))


def test_four_bits_halve_the_weights_in_the_linked_image_and_keep_most_of_the_accuracy(digits: Trained) -> None:
    board = get_board("nucleo-f446re")
    made = {bits: quantise(digits.graph, digits.x, QuantiseSettings(weight_bits=bits)) for bits in (8, 4)}
    constants = {
        bits: build_image(compile_graph(result.graph, board.target), board).constants_bytes
        for bits, result in made.items()
    }
    saved = constants[8] - constants[4]
    assert saved == pytest.approx(sizes(digits, 8) - sizes(digits, 4), rel=0.1)
    accuracy = {
        bits: integer_graph_accuracy(result.graph, digits.x_test, digits.y_test) for bits, result in made.items()
    }
    assert accuracy[4] > accuracy[8] - 0.06
