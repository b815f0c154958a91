import pytest

from lilliput.compress.quantise import QuantiseSettings
from lilliput.core.errors import BadSetting
from lilliput.core.settings import load_settings


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"calibration": "entropy"}, "quantise.calibration = 'entropy'\n  fix: one of minmax, percentile, mse"),
        ({"percentile": 101.0}, r"quantise.percentile = 101.0\n  why: it must be in \[50, 100\]"),
        ({"percentile": float("nan")}, "quantise.percentile = nan"),
        ({"weight_bits": 9}, r"it must be in \[2, 8\]"),
        ({"rows": -1}, "quantise.rows = -1"),
        ({"equalise": "on"}, "quantise.equalise = 'on'\n  fix: one of \"auto\", true, false"),
        ({"qat_ranges": "free"}, "one of fixed, ema, learned"),
    ],
)
def test_a_setting_out_of_range_is_named_with_what_is_allowed(changes, text):
    with pytest.raises(BadSetting, match=text):
        QuantiseSettings(**changes)


@pytest.mark.parametrize("value", ['"auto"', "true", "false"])
def test_settings_are_read_from_the_command_line(value):
    made = load_settings(QuantiseSettings, overrides=[f"equalise={value}", "rows=64"])
    assert (made.equalise, made.rows) == ({"true": True, "false": False}.get(value, "auto"), 64)
