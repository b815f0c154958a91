"""Float networks to int8, with the integer semantics of TensorFlow Lite (docs/quantisation.md).

`quantise` does it without training; `fine_tune` and `quantise_to_accuracy` train where that is not enough.
"""

from lilliput.compress.quantise.compare import LayerError, float_graph_accuracy, integer_graph_accuracy, quantised
from lilliput.compress.quantise.observe import Range
from lilliput.compress.quantise.post_training import QuantisedResult, quantise
from lilliput.compress.quantise.qat import FakeQuantised, FineTuned, fine_tune
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.compress.quantise.to_accuracy import AccurateResult, quantise_to_accuracy

__all__ = [
    "AccurateResult",
    "FakeQuantised",
    "FineTuned",
    "LayerError",
    "QuantiseSettings",
    "QuantisedResult",
    "Range",
    "fine_tune",
    "float_graph_accuracy",
    "integer_graph_accuracy",
    "quantise",
    "quantise_to_accuracy",
    "quantised",
]
