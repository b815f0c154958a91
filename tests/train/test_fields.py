"""Errors of fields against goldens, normalisation without leaks, files of the published structure, and learning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lilliput.core.errors import BadName, BadSetting, BadTask, BadValue, NotThisFormat
from lilliput.models import create_model
from lilliput.tasks.pde import Fields, single
from lilliput.tasks.pde_darcy import darcy
from lilliput.tasks.pde_navier_stokes import vorticities
from lilliput.train.data import TrainData
from lilliput.train.field_files import read_fields, read_flows, read_steps
from lilliput.train.field_pictures import coloured, costs_svg, drawn_fields
from lilliput.train.fields import (
    FieldItems,
    FieldTraining,
    MeanField,
    Normalised,
    field_errors,
    field_objective,
    judge_fields,
    learn_fields,
    relative_h1,
    relative_l2,
    roll_out,
    roll_out_errors,
    transfer_errors,
)
from lilliput.train.loop import fit
from lilliput.train.settings import TrainSettings


def waves(mode: int) -> tuple[Tensor, Tensor]:
    at = torch.arange(64, dtype=torch.float64) / 64
    y = torch.sin(2 * torch.pi * at)[None, None, None].expand(1, 1, 64, 64)
    return y + 0.1 * torch.sin(2 * torch.pi * mode * at)[:, None], y


def test_errors_are_the_golden_ones() -> None:
    assert float(relative_l2(*waves(8))) == pytest.approx(0.1, abs=1e-5)
    assert float(relative_h1(*waves(8))) == pytest.approx(0.1 * (65 / 2) ** 0.5, abs=1e-5)
    assert float(relative_h1(*waves(25))) == pytest.approx(0.0707107, abs=1e-5)
    assert float(relative_h1(*waves(25), cutoff=32)) == pytest.approx(0.1 * (626 / 2) ** 0.5, abs=1e-5)


def test_unlike_fields_are_not_broadcast() -> None:
    for error in (relative_l2, relative_h1):
        with pytest.raises(ValueError, match=r"fields of \(2, 1, 8, 8\) cannot be compared with \(1, 1, 8, 8\)"):
            error(torch.ones(2, 1, 8, 8), torch.ones(1, 1, 8, 8))
    with pytest.raises(BadSetting, match="loss 'mse'"):
        field_objective("mse")


def some(n: int = 8, samples: int = 6, seed: int = 0) -> Fields:
    x, y = np.random.default_rng(seed).normal(3, 2, (2, samples, n, n))
    return single("some", x, y)


def test_means_and_deviations_are_those_of_training() -> None:
    train = some()
    model = Normalised(nn.Identity(), train)
    y = model(torch.from_numpy(train.x))
    assert float(y.mean()) == pytest.approx(float(train.y.mean()), abs=1e-5)
    assert float(y.std(correction=0)) == pytest.approx(float(train.y.std()), abs=1e-5)
    assert not torch.equal(model.given_mean, Normalised(nn.Identity(), some(seed=1)).given_mean)


def test_a_pointwise_normaliser_takes_its_own_resolution_only() -> None:
    model = Normalised(nn.Identity(), some(), pointwise=True)
    y = model(torch.from_numpy(some().x))
    torch.testing.assert_close(y.mean(0), torch.from_numpy(some().y.mean(0)), atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match=r"means and deviations are those of \(8, 8\) points"):
        model(torch.zeros(1, 1, 16, 16))
    assert transfer_errors(model, [some(), some(16)]).keys() == {(8, 8)}


def test_a_border_that_never_changes_does_no_harm() -> None:
    fields = some()
    fields.y[:, :, 0] = 0
    assert torch.isfinite(Normalised(nn.Identity(), fields, pointwise=True)(torch.from_numpy(fields.x))).all()


def test_the_mean_field_is_the_mean_on_any_grid() -> None:
    fields = some()
    mean = MeanField(fields)
    np.testing.assert_allclose(mean(torch.from_numpy(fields.x))[2], fields.y.mean(0))
    assert mean(torch.zeros(3, 1, 15, 15)).shape == (3, 1, 15, 15)


class _Half(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / 2


def test_states_follow_each_other_and_errors_are_told_by_step() -> None:
    found = roll_out(_Half(), torch.ones(2, 1, 4, 4), 3)
    assert found[0, :, 0, 0, 0].tolist() == [0.5, 0.25, 0.125]
    flows = np.ones((2, 4, 4, 4))
    assert roll_out_errors(_Half(), flows) == pytest.approx([0.5, 0.75, 0.875])
    with pytest.raises(BadTask, match="at least two times"):
        roll_out_errors(_Half(), flows[:, :1])


def _fit(fields: Fields, loss: str, *, epochs: int = 10, name: str = "mgno_small", **changes: object) -> nn.Module:
    torch.manual_seed(0)
    shape = {"height": fields.size[0], "width": fields.size[1]}
    model = Normalised(create_model(name, **{**shape, **changes}), fields)  # type: ignore[arg-type]
    settings = TrainSettings(epochs=epochs, batch_size=8, optimiser="adam", lr=5e-3, keep="last")
    data = TrainData(FieldItems(fields), FieldItems(fields.rows(slice(0, 8))))
    fit(model, data, settings, objective=field_objective(loss), judge=judge_fields)
    return model


def test_it_learns_darcy_flow_and_slopes_by_the_loss_that_weighs_them() -> None:
    whole = darcy(16, 96, kind="rough")
    train, test = whole.rows(slice(0, 80)), FieldItems(whole.rows(slice(80, None)))
    h1, l2 = (field_errors(_fit(train, loss, features=8), test) for loss in ("h1", "l2"))
    guess = field_errors(MeanField(train), test)
    assert h1["l2"].mean() < 0.7 * guess["l2"].mean()
    assert h1["h1"].mean() <= 0.9 * l2["h1"].mean()


def test_a_step_of_flow_is_learnt_and_rolled_out() -> None:
    flows = vorticities(16, 6, times=6, step=0.05)
    from lilliput.tasks.pde_navier_stokes import steps_of

    train = steps_of(flows[:5])
    still = roll_out_errors(nn.Identity(), flows[5:])
    changes = {"features": 6, "depth": 2, "boundary": "periodic", "iterations": "1 1 1", "increment": True}
    model = _fit(train, "l2", epochs=40, **changes)
    found = roll_out_errors(model, flows[5:])
    assert found[0] < still[0]
    assert torch.isfinite(roll_out(model, torch.from_numpy(flows[5:, :1].astype(np.float32)), 20)).all()


def test_a_training_takes_whole_epochs_and_goes_on(tmp_path: Path) -> None:
    def made() -> Normalised:
        torch.manual_seed(0)
        return Normalised(create_model("field_cnn", height=8, width=8, features=4, depth=2), some())

    how = FieldTraining(lr=1e-2, seconds=0.3, batch_size=2, loss="l2")
    model = made()
    epochs, spent = learn_fields(model, some(), how, folder=tmp_path / "a")
    assert epochs >= 1
    assert spent > 0
    # The same folder: as many epochs, though the machine may be busier now, and nothing is learnt again.
    again = made()
    assert learn_fields(again, some(), how, folder=tmp_path / "a")[0] == epochs
    for one, other in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(BadSetting, match="loss"):
        learn_fields(made(), some(), replace(how, loss="l7"), folder=tmp_path / "b")


# --- files -----------------------------------------------------------------------------------------------------


def test_matlab_files_of_both_kinds_give_the_same(tmp_path: Path) -> None:
    io = pytest.importorskip("scipy.io", reason="SciPy is not installed")
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    fields = some(9)
    arrays = {"coeff": fields.x[:, 0].astype(np.float64), "sol": fields.y[:, 0].astype(np.float64)}
    io.savemat(tmp_path / "old.mat", {**arrays, "Kcoeff": np.zeros(3)})
    with h5py.File(tmp_path / "new.mat", "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = array.T
    for name in ("old.mat", "new.mat"):
        read = read_fields(tmp_path / name, stride=2)
        assert np.array_equal(read.x, fields.every(2).x)
        assert np.array_equal(read.y, fields.every(2).y)
        with pytest.raises(BadName, match="has no array 'u'"):
            read_flows(tmp_path / name)


def test_flows_have_their_time_last_in_files(tmp_path: Path) -> None:
    io = pytest.importorskip("scipy.io", reason="SciPy is not installed")
    u = np.random.default_rng(0).normal(size=(2, 8, 8, 5))
    io.savemat(tmp_path / "flow.mat", {"u": u, "t": np.arange(5)})
    flows = read_flows(tmp_path / "flow.mat")
    np.testing.assert_allclose(flows[1, 3], u[1, :, :, 3], rtol=1e-6)
    assert len(read_steps(tmp_path / "flow.mat", steps=3)) == 6


def test_a_file_of_tensors_is_read_and_one_of_objects_is_not(tmp_path: Path) -> None:
    fields = some()
    torch.save({"x": torch.from_numpy(fields.x[:, 0] > 3), "y": torch.from_numpy(fields.y[:, 0])}, tmp_path / "a.pt")
    read = read_fields(tmp_path / "a.pt")
    assert np.array_equal(read.y, fields.y)
    assert set(np.unique(read.x)) == {0.0, 1.0}
    torch.save({"x": Path("here")}, tmp_path / "b.pt")
    with pytest.raises(NotThisFormat, match="objects other than weights are not loaded"):
        read_fields(tmp_path / "b.pt")
    with pytest.raises(BadTask, match="has no tensor 'u'"):
        read_flows(tmp_path / "a.pt")


def test_what_is_no_pair_of_fields_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 4)), y=np.zeros((3, 4)))
    with pytest.raises(BadTask, match=r"x is \(3, 4\)"):
        read_fields(tmp_path / "a.npz")
    (tmp_path / "a.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    with pytest.raises((NotThisFormat, BadName)):
        read_fields(tmp_path / "a.mat")
    (tmp_path / "a.csv").write_text("1")
    with pytest.raises(NotThisFormat, match=r"\.mat, \.npy, \.npz or \.pt"):
        read_fields(tmp_path / "a.csv")
    io = pytest.importorskip("scipy.io", reason="SciPy is not installed")
    io.savemat(tmp_path / "nan.mat", {"coeff": np.full((1, 2, 2), np.nan), "sol": np.ones((1, 2, 2))})
    with pytest.raises(BadValue, match="coeff is nan at"):
        read_fields(tmp_path / "nan.mat")
    io.savemat(tmp_path / "cell.mat", {"coeff": np.array([{"a": 1}], dtype=object), "sol": np.ones((1, 2, 2))})
    with pytest.raises(BadValue, match="must hold plain numbers"):
        read_fields(tmp_path / "cell.mat")


# --- pictures --------------------------------------------------------------------------------------------------


def test_brighter_is_more_and_lines_are_samples() -> None:
    ramp = coloured(np.linspace(0, 1, 50)[None], 0, 1)[0].astype(int)
    assert (np.diff(ramp.sum(1)) > 0).all()
    fields = some(8, 3)
    picture = drawn_fields(fields.x[:, 0], fields.y[:, 0], fields.y[:, 0], side=16, gap=2)
    assert picture.shape == (3 * 18, 4 * 18, 3)
    assert np.array_equal(picture[2:18, 20:36], picture[2:18, 38:54])
    assert not np.array_equal(picture[2:18, 2:18], picture[2:18, 20:36])


def test_a_drawing_shows_each_method_where_it_belongs() -> None:
    picture = costs_svg({"a<b": (1000, [0.01, 0.02]), "big": (2_000_000, [0.1])}, "Errors")
    assert "a&lt;b" in picture
    assert picture.count('r="5"') == 4
    with pytest.raises(ValueError, match="above 0"):
        costs_svg({"a": (0, [0.1])}, "Errors")
