"""Spectra of graphs by class: quotients are what eigenvalues say, and drawings hold what was measured."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from lilliput.core.errors import BadTask
from lilliput.train.spectrum import (
    compare_quotients,
    energy_curves,
    energy_svg,
    feature_sums,
    quotients,
    quotients_svg,
    spectrum,
)
from tests.train.small_graphs import joined, made_graphs, one_graph


def test_quotients_of_many_graphs_are_those_of_each() -> None:
    graphs = made_graphs(20)
    values = quotients(graphs)
    assert values.shape == (20, 3)
    for i in range(20):
        eigenvalues, energy = spectrum(graphs, i)
        wanted = (eigenvalues[:, None] * energy).sum(0) / np.maximum(energy.sum(0), 1e-12)
        np.testing.assert_allclose(values[i], wanted, atol=1e-5)
    sums = feature_sums(graphs)
    assert sums.sum() == graphs.starts[-1]
    np.testing.assert_allclose(quotients(graphs, normalised=False), values * sums, atol=1e-5)


def test_the_quotient_is_two_less_the_area_under_the_energy() -> None:
    """The paper's first proposition, for the features together."""
    graphs = made_graphs(1, share=0).at(np.array([0]))
    both = joined(graphs, one_graph("abab", [(0, 1), (1, 2), (2, 3)], odd=True).with_features(graphs.features))
    curves = energy_curves(both, points=20001)
    for i, name in enumerate(("normal", "anomalous")):
        eigenvalues, energy = spectrum(both, i)
        quotient = (eigenvalues[:, None] * energy).sum() / energy.sum()
        assert 2 - 2 * curves[name].mean.mean() == pytest.approx(quotient, abs=1e-3)
        assert curves[name].mean[-1] == pytest.approx(1)


def test_classes_differ_where_neighbours_do() -> None:
    graphs = made_graphs(200)
    found = compare_quotients(graphs)
    assert {one.feature for one in found if one.is_clear} == {"a", "b"}
    best = found[0]
    assert best.low > 0.2
    assert best.auc > 0.95
    assert best.difference == pytest.approx(best.anomalous - best.normal)
    assert best.graphs == graphs.counts
    curves = energy_curves(graphs)
    assert (curves["anomalous"].mean <= curves["normal"].mean + 0.05).all(), "anomalies have their energy further up"
    assert curves["normal"].mean[40] > curves["anomalous"].mean[40] + 0.1
    assert (curves["normal"].graphs, curves["anomalous"].graphs) == (150, 50)


def test_without_a_difference_none_is_told() -> None:
    graphs = made_graphs(400, share=0)
    graphs.y[:200] = True
    assert not any(one.is_clear for one in compare_quotients(graphs))


def test_what_cannot_be_compared() -> None:
    with pytest.raises(BadTask, match="made: no feature is in 50 graphs of each class"):
        compare_quotients(made_graphs(60), fewest=50)
    with pytest.raises(BadTask, match="one: no anomalous graph has features"):
        energy_curves(one_graph("ab", [(0, 1)]))


def test_drawings_are_well_formed_and_name_what_they_show() -> None:
    graphs = made_graphs(60)
    for picture, said in (
        (energy_svg(energy_curves(graphs), "a <set>"), "anomalous, 15 graphs"),
        (quotients_svg(compare_quotients(graphs), "a <set>"), "anomalous less normal"),
    ):
        root = ET.fromstring(picture)
        assert said in "".join(root.itertext()) + root.attrib["aria-label"]
        assert "a <set>" in root.attrib["aria-label"]
