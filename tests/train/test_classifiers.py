"""Classifiers by name: each of them learns, says probabilities, and is the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lilliput.core.errors import BadSetting, BadTask, MissingExtra, UnknownName
from lilliput.tasks.table_encoding import TableEncoder
from lilliput.train.classifiers import CLASSIFIERS, LIBRARY, NETWORKS, Named, make_classifier, named
from lilliput.train.tabular import NetworkClassifier
from tests.train.small_tables import made_table

TABLE, ASKED = (replace(table, columns=table.columns[:3]) for table in (made_table(120), made_table(60, seed=1)))
FAST: dict[str, Any] = {"epochs": 1, "batch_size": 32}


def _asked(name: str, seed: int = 0) -> np.ndarray:
    what = named(name)
    encoder = TableEncoder.fit(TABLE, encoding=what.encoding, scaled=what.scaled)
    classifier = make_classifier(what, seed=seed, train=FAST)
    classifier.fit(encoder.transform(TABLE), TABLE.y)
    return classifier.probabilities(encoder.transform(ASKED))


@pytest.mark.parametrize("name", [name for name, what in LIBRARY.items() if what.extra == "data"])
def test_a_classifier_of_scikit_learn_learns(name: str) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    p = _asked(name)
    np.testing.assert_allclose(p.sum(1), 1)
    assert np.array_equal(p, _asked(name))
    right = float((p.argmax(1) == ASKED.y).mean())
    assert right == 0.5 if name == "dummy" else right > 0.6


@pytest.mark.parametrize("name", [name for name, what in LIBRARY.items() if what.extra == "boost"])
def test_a_booster_learns_where_it_is_installed(name: str) -> None:
    pytest.importorskip(LIBRARY[name].place[0], reason="the library is not installed")
    assert (_asked(name).argmax(1) == ASKED.y).mean() > 0.6


@pytest.mark.parametrize("name", ["q-dense-kan", "no-bilstm", "ttn-1", "mera-4"])
def test_a_network_says_probabilities_and_follows_its_seed(name: str) -> None:
    p = _asked(name)
    np.testing.assert_allclose(p.sum(1), 1)
    assert (p.min(), p.max()) >= (0, 0)
    assert np.array_equal(p, _asked(name))
    assert not np.array_equal(p, _asked(name, seed=1))


def test_each_ablation_leaves_its_own_part_out() -> None:
    changes = {name: what.network.changes for name, what in NETWORKS.items() if what.network is not None}
    assert changes["no-circuit"] == {"circuit": "dense"}
    assert changes["no-bilstm"] == {"recurrent": "none"}
    assert len({repr((what.network, what.encoding)) for what in NETWORKS.values()}) == len(NETWORKS)
    assert set(CLASSIFIERS) == {*NETWORKS, *LIBRARY}


def test_a_pure_circuit_takes_fifty_steps_of_sixteen_rows_with_nesterovs_momentum() -> None:
    network = named("mps-2").network
    assert network is not None
    assert (network.draws, network.train.batch_size, network.train.epochs) == (800, 16, 1)
    assert (network.train.lr, network.train.nesterov, network.link) == (0.4, True, "expectation")
    made = make_classifier(named("mps-2"), train={"lr": 9.0})
    assert isinstance(made, NetworkClassifier)
    assert made.settings.train.lr == 0.4  # its training belongs to it


def test_changes_reach_the_network_below_those_of_its_name() -> None:
    made = make_classifier(named("no-dropout"), changes={"model": "kacq_dcnn", "dropout": 0.5, "units": 4})
    assert isinstance(made, NetworkClassifier)
    assert made.settings.model == "kacq_dcnn"
    assert made.settings.changes == {"dropout": 0.0, "units": 4}


def test_classes_that_no_training_row_had_get_nothing() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    made = make_classifier(named("logistic"))
    made.fit(np.array([[0.0], [1.0]]), np.array([0, 2]), classes=4)
    p = made.probabilities(np.array([[0.0]]))
    assert p.shape == (1, 4)
    assert p[0, [1, 3]].tolist() == [0, 0]


def test_an_unknown_name_suggests_a_near_one() -> None:
    with pytest.raises(UnknownName, match=r"no classifier is called 'kaqc'\n.*kacq"):
        named("kaqc")


def test_a_library_that_is_missing_is_named_with_its_extra() -> None:
    with pytest.raises(MissingExtra, match=r"nothing_here is not installed\n.*lilliput\[boost\]"):
        make_classifier(Named(place=("nothing_here", "Classifier"), extra="boost"))


def test_rows_that_a_classifier_cannot_learn_from_are_said_to_be_so() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    constant, y = np.ones((8, 2)), np.arange(8) % 2
    with pytest.raises(BadTask, match=r"QuadraticDiscriminantAnalysis cannot learn from these rows: .*full rank"):
        make_classifier(named("qda")).fit(constant, y)
    with pytest.raises(BadSetting, match="`features` must be in"):
        make_classifier(named("q-conv-kan-2")).fit(constant, y)
    with pytest.raises(BadTask, match="tells two classes apart, not 3"):
        make_classifier(named("ttn-1")).fit(constant, np.arange(8) % 3)
