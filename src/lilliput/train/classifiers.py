"""Classifiers of rows by name: those of scikit-learn and of boosting libraries, each with its defaults, and networks.

Names of networks are in `NETWORKS`; all take the same encoded rows, but pure circuits, which take them by "one-hot" and
not scaled, as published. A classifier of another library is there when that library is.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask, MissingExtra, UnknownName
from lilliput.core.events import Emit, silent
from lilliput.tasks.table_encoding import Encoding
from lilliput.train.settings import TrainSettings
from lilliput.train.tabular import NetworkClassifier, NetworkSettings

Array = NDArray[Any]


class Classifier(Protocol):
    """Anything that learns from rows."""

    def fit(self, x: Array, y: NDArray[np.integer[Any]], *, classes: int | None = None) -> Any:
        """Learn from x (N, F) and y (N,)."""

    def probabilities(self, x: Array) -> NDArray[np.float64]:
        """(N, F) -> (N, K)."""


@dataclass(frozen=True)
class Named:
    """What a name stands for.

    Args:
        encoding: of categories.
        scaled: whether columns come in [0, 1].
        network: settings, where it is one of our networks.
        place: module and class, where it is another library's.
        options: of that class.
        seed: name of its option that takes a seed; "" where there is no chance in it.
        extra: of ours that installs the library.
    """

    encoding: Encoding = "label"
    scaled: bool = True
    network: NetworkSettings | None = None
    place: tuple[str, str] = ("", "")
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: str = "random_state"
    extra: str = "data"


def _library(module: str, name: str, *, seed: str = "random_state", extra: str = "data", **options: Any) -> Named:
    return Named(place=(module, name), options=options, seed=seed, extra=extra)


def _network(model: str, **changes: Any) -> Named:
    return Named(network=NetworkSettings(model, changes))


_PURE = TrainSettings(
    epochs=1, batch_size=16, optimiser="sgd", lr=0.4, momentum=0.9, nesterov=True, weight_decay=0.0,
    schedule="constant", warmup_epochs=0.0, keep="last",
)  # fmt: skip


def _pure(wiring: str, layers: int) -> Named:
    """50 steps of 16 rows, as published."""
    changes = {"wiring": wiring, "layers": layers}
    network = NetworkSettings("tensor_circuit", changes, link="expectation", train=_PURE, draws=50 * 16)
    return Named(encoding="one-hot", scaled=False, network=network)


LIBRARY: Mapping[str, Named] = {
    "gradient-boosting": _library("sklearn.ensemble", "GradientBoostingClassifier"),
    "hist-gradient-boosting": _library("sklearn.ensemble", "HistGradientBoostingClassifier"),
    "random-forest": _library("sklearn.ensemble", "RandomForestClassifier"),
    "extra-trees": _library("sklearn.ensemble", "ExtraTreesClassifier"),
    "adaboost": _library("sklearn.ensemble", "AdaBoostClassifier"),
    "bagging": _library("sklearn.ensemble", "BaggingClassifier"),
    "decision-tree": _library("sklearn.tree", "DecisionTreeClassifier"),
    "logistic": _library("sklearn.linear_model", "LogisticRegression"),
    "logistic-one-hot": replace(_library("sklearn.linear_model", "LogisticRegression"), encoding="one-hot"),
    "knn": _library("sklearn.neighbors", "KNeighborsClassifier", seed=""),
    "lda": _library("sklearn.discriminant_analysis", "LinearDiscriminantAnalysis", seed=""),
    "qda": _library("sklearn.discriminant_analysis", "QuadraticDiscriminantAnalysis", seed=""),
    "gaussian-nb": _library("sklearn.naive_bayes", "GaussianNB", seed=""),
    "bernoulli-nb": _library("sklearn.naive_bayes", "BernoulliNB", seed=""),
    "mlp": _library("sklearn.neural_network", "MLPClassifier"),
    "dummy": _library("sklearn.dummy", "DummyClassifier"),
    "catboost": _library(
        "catboost", "CatBoostClassifier", extra="boost", verbose=False, thread_count=1, allow_writing_files=False
    ),
    "lightgbm": _library("lightgbm", "LGBMClassifier", extra="boost", verbose=-1, n_jobs=1),
    "xgboost": _library("xgboost", "XGBClassifier", extra="boost", n_jobs=1),
}
"""Of other libraries."""

NETWORKS: Mapping[str, Named] = {
    "kacq": _network("kacq_micro"),
    "kacq-2": _network("kacq_micro", layers=2),
    "kacq-3": _network("kacq_micro", layers=3),
    "kacq-4": _network("kacq_micro", layers=4),
    "bilstm-kan": _network("kacq_micro", channels="classical"),
    "q-dense-kan": _network("kacq_micro", channels="quantum"),
    "q-dense-kan-4": _network("kacq_micro", channels="quantum", layers=4),
    "q-conv-kan-2": _network("q_conv_kan", layers=2),
    "q-conv-kan-3": _network("q_conv_kan", layers=3),
    "q-conv-kan-4": _network("q_conv_kan", layers=4),
    "no-circuit": _network("kacq_micro", circuit="dense"),
    "angle": _network("kacq_micro", embedding="angle"),
    "no-kan": _network("kacq_micro", kan="none"),
    "no-quantum-kan": _network("kacq_micro", kan="classical"),
    "no-classical-kan": _network("kacq_micro", kan="quantum"),
    "lstm": _network("kacq_micro", recurrent="lstm"),
    "one-bilstm": _network("kacq_micro", recurrent_layers=1),
    "no-bilstm": _network("kacq_micro", recurrent="none"),
    "no-dropout": _network("kacq_micro", dropout=0.0),
    **{f"{wiring}-{layers}": _pure(wiring, layers) for wiring in ("ttn", "mps", "mera") for layers in (1, 2, 3, 4)},
}
"""Of ours: KACQ-DCNN with 1 to 4 layers a circuit, its channels alone, the hybrids, what is left without each of its
parts, and pure circuits."""

CLASSIFIERS: Mapping[str, Named] = {**NETWORKS, **LIBRARY}


def named(name: str) -> Named:
    """What a name stands for.

    Raises:
        UnknownName: LP100, nothing.
    """
    if name not in CLASSIFIERS:
        import difflib

        raise UnknownName.of("classifier", name, difflib.get_close_matches(name, CLASSIFIERS, n=3, cutoff=0.4))
    return CLASSIFIERS[name]


def make_classifier(
    what: Named,
    *,
    seed: int = 0,
    changes: Mapping[str, Any] | None = None,
    train: Mapping[str, Any] | None = None,
    emit: Emit = silent,
) -> Classifier:
    """A new classifier.

    Args:
        what: of `named`.
        seed: of all its chance.
        changes: values of a network's config, under those of the name; "model" is the registered name itself.
        train: settings of a network's training; not of pure circuits, whose training belongs to them.
        emit: takes the events of a network's training.

    Raises:
        MissingExtra: LP601, the library is not installed.
    """
    if what.network is None:
        return LibraryClassifier(what, seed)
    network = what.network
    if network.link == "expectation":
        return NetworkClassifier(replace(network, train=replace(network.train, seed=seed)), emit=emit)
    below = dict(changes or {})
    model = str(below.pop("model", network.model)) if network.model == "kacq_micro" else network.model
    below = below if network.model == "kacq_micro" else {}
    settings = replace(
        network, model=model, changes={**below, **network.changes},
        train=replace(network.train, **{**(train or {}), "seed": seed}),
    )  # fmt: skip
    return NetworkClassifier(settings, emit=emit)


class LibraryClassifier:
    """A classifier with scikit-learn's interface, behind ours.

    Args:
        what: of `named`.
        seed: of its chance.

    Raises:
        MissingExtra: LP601, the library is not installed.
    """

    def __init__(self, what: Named, seed: int = 0) -> None:
        module, name = what.place
        try:
            made = getattr(importlib.import_module(module), name)
        except ImportError as error:
            library = module.split(".")[0].replace("sklearn", "scikit-learn")
            raise MissingExtra(f"{library} is not installed", fix=f"pip install 'lilliput[{what.extra}]'") from error
        chance = {what.seed: seed} if what.seed else {}
        self.model = made(**what.options, **chance)
        self.classes = 0

    def fit(self, x: Array, y: NDArray[np.integer[Any]], *, classes: int | None = None) -> LibraryClassifier:
        """Learn from x (N, F) and y (N,); gives itself back.

        Raises:
            BadTask: LP103, the library cannot learn from such rows.
        """
        self.classes = classes or int(y.max()) + 1
        with warnings.catch_warnings():
            # What a library says of its own defaults (not converged, columns that depend on each other) is no news
            # here: it is compared as it is.
            warnings.simplefilter("ignore")
            try:
                self.model.fit(x, y)
            except ValueError as error:  # of which NumPy's LinAlgError is one
                name = type(self.model).__name__
                raise BadTask(f"{name} cannot learn from these rows: {str(error).splitlines()[0]}") from error
        return self

    def probabilities(self, x: Array) -> NDArray[np.float64]:
        """(N, F) -> (N, K); 0 for classes that no training row had."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = np.asarray(self.model.predict_proba(x), dtype=np.float64)
        p = np.zeros((len(found), self.classes))
        p[:, np.asarray(self.model.classes_, dtype=np.int64)] = found
        return p
