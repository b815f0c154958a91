"""Patch-based inference: the first layers run tile by tile, so that their large maps never exist whole.

find_stages(graph), stage_until(graph, "layer")     what can run so
patch_cost(stage, rows, columns), patch_table       what it would cost, from shapes alone
patch_graph(Grid(stage, rows, columns))             the graph in which it is written out
choose_patches(graph, target, settings)             the best of all, by real memory plans

Source: MCUNetV2: Memory-Efficient Patch-based Inference for Tiny Deep Learning (arXiv:2110.15352).
"""

from lilliput.compiler.patch.choose import Patched, PatchSettings, choose_patches
from lilliput.compiler.patch.cost import Grid, Image, PatchCost, patch_cost, patch_table
from lilliput.compiler.patch.rewrite import patch_graph
from lilliput.compiler.patch.stage import Stage, Stages, find_stages, stage_until

__all__ = [
    "Grid",
    "Image",
    "PatchCost",
    "PatchSettings",
    "Patched",
    "Stage",
    "Stages",
    "choose_patches",
    "find_stages",
    "patch_cost",
    "patch_graph",
    "patch_table",
    "stage_until",
]
