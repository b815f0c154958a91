"""Published sizes of MgNO and of its baselines, and inputs that they refuse."""

from __future__ import annotations

import pytest
import torch

from lilliput.core.errors import BadSetting
from lilliput.models import create_model, create_model_for
from lilliput.models.cost import count_params
from lilliput.models.shapes import shapes_only

WIDE = {"height": 128, "width": 128, "depth": 5}


@pytest.mark.parametrize(
    ("name", "changes", "params"),
    [
        ("mgno_darcy", {}, 572_661),
        ("mgno_darcy_smooth", {}, 678_093),
        ("mgno_darcy", {**WIDE, "iterations": "1 1 1 2 2"}, 645_828),
        ("mgno_darcy", {**WIDE, "features": 32, "iterations": "1 1 1 1,1 2"}, 1_146_788),
        ("mgno_darcy", {**WIDE, "channels": 2, "iterations": "1 1 1 1 1,1 2"}, 783_876),
        ("mgno_navier_stokes", {}, 2_885_194),
        ("mgno_navier_stokes", {"bias": False, "norm": "plain"}, 1_142_500),
        ("mgno_helmholtz", {}, 1_933_797),
        ("mgno_small", {"height": 16, "width": 16}, 114_811),
        ("fno", {}, 2_368_001),
        ("fno", {"features": 16, "modes": 8, "hidden": 64}, 264_449),
        ("field_cnn", {}, 115_961),
        ("field_cnn", {"features": 24}, 41_929),
    ],
)
def test_counts_are_the_published_ones(name: str, changes: dict[str, int | str], params: int) -> None:
    with shapes_only():
        model = create_model(name, **changes)
    assert count_params(model).trainable == params


@pytest.mark.parametrize("name", ["mgno_small", "fno_small", "field_unet", "field_cnn"])
def test_other_resolutions_are_taken(name: str) -> None:
    torch.manual_seed(0)
    y = create_model(name).eval()(torch.randn(1, 1, 33, 47))
    assert y.shape == (1, 1, 33, 47)
    assert float(y.detach().std()) > 1e-4


def test_fourier_modes_give_the_same_function_on_a_finer_grid() -> None:
    """A band-limited field, its points twice as dense: without the points' places the answer is the same at each."""
    torch.manual_seed(0)
    from lilliput.models.fno import SpectralConv2d

    layer, at = SpectralConv2d(1, 2, 4), torch.arange(32) / 32
    field = torch.sin(2 * torch.pi * at)[:, None] + torch.cos(4 * torch.pi * at)
    fine = layer(field[None, None])
    torch.testing.assert_close(layer(field[::2, ::2][None, None]), fine[:, :, ::2, ::2], atol=1e-5, rtol=1e-4)
    assert fine.abs().max() > 1e-3


def test_the_periodic_network_commutes_with_shifts() -> None:
    torch.manual_seed(0)
    net, x = create_model("mgno_vorticity", norm="plain").eval(), torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        y = net(x)
        assert (net(x.roll((16, -32), (2, 3))) - y.roll((16, -32), (2, 3))).abs().max() <= 1e-5
    assert (y - x).abs().max() > 1e-3


@pytest.mark.parametrize("name", ["mgno_small", "fno_small"])
def test_other_channels_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="takes 1 channels, the field has 3"):
        create_model(name)(torch.zeros(1, 3, 32, 32))


def test_bad_settings_are_refused_with_what_would_do() -> None:
    for changes, words in (
        ({"boundary": "robin"}, "`boundary` 'robin' is none of dirichlet, periodic, neumann"),
        ({"iterations": "1 two"}, "`iterations` must be numbers up to 16, or pairs of them, got '1 two'"),
        ({"iterations": "0 1"}, "`iterations` must begin with at least 1"),
        ({"iterations": ""}, "a number for each grid, got none"),
        ({"height": 4}, "4 grids are too many for 4x32 points"),
        ({"channels": 2, "increment": True}, "as many outputs as channels, got 1 and 2"),
    ):
        with pytest.raises(BadSetting, match=words):
            create_model("mgno_small", **changes)  # type: ignore[arg-type]
    with pytest.raises(BadSetting, match="at most half of the points a side, got 12 for 16x16"):
        create_model("fno", height=16, width=16)
    assert create_model_for("fno", (1, 16, 16), 0).config.modes == 8  # type: ignore[union-attr]
