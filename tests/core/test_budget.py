import math

import pytest

from lilliput.core.budget import Budget
from lilliput.core.cost import Cost
from lilliput.core.errors import BadSetting, BadUnit, DoesNotFit


def test_a_budget_is_read_from_what_people_type():
    budget = Budget.parse({"flash": "256KiB", "sram": "64KiB", "macs": "2M", "latency": "20ms", "energy": "50uJ"})
    assert budget == Budget(flash_bytes=262_144, sram_bytes=65_536, macs=2_000_000, latency_ms=20, energy_uj=50)


def test_a_stored_budget_is_read_back():
    budget = Budget(flash_bytes=1000, latency_ms=2.5)
    assert Budget.parse(budget.limits()) == budget


@pytest.mark.parametrize("value", ["0KiB", 0, "0"])
def test_a_budget_of_zero_is_refused_in_a_sentence(value):
    with pytest.raises(BadSetting) as caught:
        Budget.parse({"sram": value})
    assert str(caught.value).startswith("LP101: a budget of 0 B for SRAM leaves room for nothing")
    assert "leave `sram` out" in caught.value.fix


@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_a_budget_that_is_no_limit_is_refused(value):
    with pytest.raises(BadSetting, match="leaves room for nothing"):
        Budget(latency_ms=value)


def test_an_unknown_key_is_suggested():
    with pytest.raises(BadSetting) as caught:
        Budget.parse({"flsh": "1KiB"})
    assert caught.value.fix == "did you mean flash?"


def test_the_same_limit_twice_is_refused():
    with pytest.raises(BadSetting, match="gives flash twice"):
        Budget.parse({"flash": 1000, "flash_bytes": 1000})


def test_garbage_is_a_bad_unit():
    with pytest.raises(BadUnit):
        Budget.parse({"flash": "much"})


def test_a_cost_at_its_limit_fits_and_one_above_does_not():
    budget = Budget(sram_bytes=131_072)
    budget.check(Cost(sram_bytes=131_072))
    with pytest.raises(DoesNotFit) as caught:
        budget.check(Cost(sram_bytes=141_320), owner="nucleo-f446re", why='peak is at "stem"', fix="--patch 3x3")
    assert caught.value.what == "141 320 B of SRAM needed, nucleo-f446re has 131 072 B"
    assert (caught.value.code, caught.value.why, caught.value.fix) == ("LP401", 'peak is at "stem"', "--patch 3x3")


def test_all_limits_that_are_passed_are_named():
    with pytest.raises(DoesNotFit, match=r"2 000 B of flash needed.*; 5 000 of multiply-accumulates needed"):
        Budget(flash_bytes=1000, macs=1000).check(Cost(flash_bytes=2000, macs=5000))


def test_what_was_not_measured_is_named_and_not_judged():
    budget = Budget(flash_bytes=1000, sram_bytes=1000)
    assert budget.fits(Cost(flash_bytes=10))
    assert budget.open_for(Cost(flash_bytes=10)) == ("sram_bytes",)
    assert not budget.fits(Cost(flash_bytes=1001))


def test_the_tighter_of_two_takes_each_smaller_limit():
    first, second = Budget(flash_bytes=10, sram_bytes=5), Budget(flash_bytes=7, macs=3)
    assert first.tighter(second) == Budget(flash_bytes=7, sram_bytes=5, macs=3) == second.tighter(first)


def test_a_cost_is_never_negative_and_none_is_not_zero():
    with pytest.raises(ValueError, match="`macs` must be at least 0, got -1"):
        Cost(macs=-1)
    with pytest.raises(ValueError, match="energy_uj"):
        Cost(energy_uj=math.nan)
    assert Cost(macs=0).measured() == {"macs": 0}


def test_measured_figures_are_joined():
    assert Cost(macs=1, params=2).with_measured(Cost(macs=5, flash_bytes=9)) == Cost(macs=5, params=2, flash_bytes=9)
    assert Cost(macs=1).with_measured({"params": 4}) == Cost(macs=1, params=4)
