"""Networks that fit a budget, found by a rule or by trying."""

from __future__ import annotations

from lilliput.search.formula import InverseGiant, TinyFormula, WidthOnly
from lilliput.search.front import Trial, non_dominated
from lilliput.search.sampling import Box, sample_front
from lilliput.search.scaling import Scalable, Scaled, scale_to_budget

__all__ = [
    "Box",
    "InverseGiant",
    "Scalable",
    "Scaled",
    "TinyFormula",
    "Trial",
    "WidthOnly",
    "non_dominated",
    "sample_front",
    "scale_to_budget",
]
