"""Learning rules of spiking networks, a file a family: plain functions of spikes, traces and weights.

None of them uses automatic derivatives. What a rule reads beside its own two neurons is said in its file's head.
"""

from __future__ import annotations

from lilliput.spiking.rules.bayesian import BayesianSTDP, draw_winner
from lilliput.spiking.rules.bp_stdp import BPSTDP
from lilliput.spiking.rules.eprop import eprop
from lilliput.spiking.rules.random_feedback import RandomBackprop, feedback_weights
from lilliput.spiking.rules.resume import ReSuMe
from lilliput.spiking.rules.reward import OrderReward, RewardSTDP
from lilliput.spiking.rules.simplified import OrderSTDP, fire_first, no_spikes, winners
from lilliput.spiking.rules.spikeprop import SpikeProp
from lilliput.spiking.rules.stdp import PairSTDP, TripletSTDP
from lilliput.spiking.rules.tempotron import Tempotron

__all__ = [
    "BPSTDP",
    "BayesianSTDP",
    "OrderReward",
    "OrderSTDP",
    "PairSTDP",
    "RandomBackprop",
    "ReSuMe",
    "RewardSTDP",
    "SpikeProp",
    "Tempotron",
    "TripletSTDP",
    "draw_winner",
    "eprop",
    "feedback_weights",
    "fire_first",
    "no_spikes",
    "winners",
]
