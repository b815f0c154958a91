"""Which of the two rules of rounding the layers follow (`compiler/fixed_point.py`)."""

from __future__ import annotations

from lilliput.compiler.fixed_point import Rounding
from lilliput.compiler.graph import Graph

ROUNDED = ("add", "conv2d", "depthwise_conv2d", "fully_connected", "mul", "sub")
"""Operators that requantise an accumulator, and know both rules on int8."""


def with_rounding(graph: Graph, rounding: Rounding) -> Graph:
    """The same integer graph with the attribute `rounding` on every int8 node that requantises.

    Args:
        graph: integer graph.
        rounding: "double" as TensorFlow Lite Micro and CMSIS-NN round by default, "single" as they do when built for
            it, and as TensorFlow Lite's optimised kernels for processors round a convolution.
    """
    return graph.replace(
        nodes=[
            node.with_attrs(rounding=rounding)
            if node.op in ROUNDED and graph.values[node.output].dtype == "int8"
            else node
            for node in graph.nodes
        ]
    )
