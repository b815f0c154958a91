"""Spiking networks: codes of spikes, what they cost, and the compiled kernel of their neurons.

The neurons themselves are layers (`lilliput.layers.spiking`); importing this package makes the leaky ones fast.
"""

from __future__ import annotations

from lilliput.layers.multi_step import use_fused
from lilliput.spiking.energy import TECHNOLOGIES, Energy, Technology, energy
from lilliput.spiking.native import LeakyKernel
from lilliput.spiking.operations import OperationCounter, Operations

__all__ = ["TECHNOLOGIES", "Energy", "LeakyKernel", "OperationCounter", "Operations", "Technology", "energy"]

use_fused(LeakyKernel())
