"""Spiking networks: codes of spikes, what they cost, and the compiled kernel of their neurons.

The neurons themselves are layers (`lilliput.layers.spiking`); importing this package makes the leaky ones fast.
"""

from __future__ import annotations

from lilliput.layers.multi_step import use_fused
from lilliput.spiking.native import LeakyKernel

use_fused(LeakyKernel())
