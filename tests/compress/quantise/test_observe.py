import itertools

import numpy as np
import pytest
import torch

from lilliput.compress.quantise.activations import quant_of_range
from lilliput.compress.quantise.observe import Observer, Range, observe
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.core.errors import BadValue
from tests.compress.quantise.nets import dense, random_dense


def observer_of(*batches):
    observer = Observer("a")
    for batch in batches:
        observer.add(np.float32(batch))
    return observer


def error(x, given: Range) -> float:
    quant = quant_of_range(given)
    return float(np.square(quant.dequantise(quant.quantise(np.float32(x), "int8")) - x).mean())


def test_minmax_is_what_was_seen_over_all_batches_and_contains_zero():
    assert observer_of([2.0, 5.0], [3.0, 7.0]).minmax() == Range(0.0, 7.0)
    assert observer_of([-2.0, -1.0]).minmax() == Range(-2.0, 0.0)
    assert observer_of([-2.0, 1.0], [4.0]).minmax() == Range(-2.0, 4.0)


def test_percentile_cuts_the_share_that_it_says_at_each_end():
    x = np.arange(-5000, 5001)  # one of each
    found = observer_of(x).percentile(99.0)
    assert found.low == pytest.approx(-4900, rel=1 / 128)
    assert found.high == pytest.approx(4900, rel=1 / 128)


def test_percentile_beats_minmax_with_an_outlier_however_far_it_lies():
    x = np.random.default_rng(0).uniform(-1, 1, 100_000)
    for outlier in (1e3, 1e30):
        observer = observer_of(np.append(x, outlier))
        assert observer.percentile(99.99).high == pytest.approx(1.0, rel=1 / 64)
        assert error(x, observer.percentile(99.99)) < error(x, observer.minmax()) / 1000


def test_mse_beats_minmax_where_few_values_lie_far_out():
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(0, 1, 100_000), [12.0, -9.0, 11.0]])
    observer = observer_of(x)
    assert error(x, observer.mse()) < 0.85 * error(x, observer.minmax())
    assert error(x, observer.mse()) < 0.85 * error(x, observer.percentile(99.99))


def test_mse_is_within_a_tenth_of_the_best_range_found_by_trying():
    rng = np.random.default_rng(2)
    x = np.concatenate([np.maximum(rng.standard_t(3, 20_000), 0), rng.normal(-0.2, 0.1, 5_000)])
    observer = observer_of(x)
    ends = np.geomspace(0.05, 1, 40)
    tried = (Range(x.min() * low, x.max() * high) for low, high in itertools.product(ends, ends))
    assert error(x, observer.mse()) < 1.1 * min(error(x, given) for given in tried)


def test_mse_keeps_all_of_a_uniform_range():
    observer = observer_of(np.random.default_rng(3).uniform(-2, 6, 50_000))
    assert observer.mse().low == pytest.approx(-2, rel=0.06)
    assert observer.mse().high == pytest.approx(6, rel=0.06)


def test_the_order_and_size_of_batches_do_not_matter():
    x = np.random.default_rng(4).normal(0, 3, 4096)
    whole, parts = observer_of(x), observer_of(*np.split(x[::-1], 8))
    for method in (Observer.minmax, Observer.mse, lambda o: o.percentile(99.0)):
        assert method(whole) == method(parts)


def test_an_activation_that_is_always_zero_has_the_empty_range():
    observer = observer_of(np.zeros(10))
    assert observer.minmax() == observer.percentile(99.9) == observer.mse() == Range(0.0, 0.0)


def test_every_activation_is_observed_with_the_method_that_is_set():
    graph = random_dense([8, 6, 4])
    x = torch.from_numpy(np.random.default_rng(5).normal(0, 1, (64, 8)).astype(np.float32))
    x[0, 0] = 1000.0
    found = {
        name: observe(graph, [{"x": x[:40]}, {"x": x[40:]}], QuantiseSettings(calibration=name, percentile=99.0))
        for name in ("minmax", "percentile", "mse")
    }
    assert set(found["minmax"]) == {"x", "fc0", "fc1"}
    assert found["minmax"]["x"].high == 1000.0
    assert found["percentile"]["x"].high < 10
    assert found["minmax"]["fc0"].low == 0.0  # relu
    assert found["mse"] != found["minmax"]


def test_an_activation_that_overflows_is_named():
    graph = dense([(np.ones((3, 4)), np.zeros(3))], ["none"])
    x = torch.full((2, 4), 3e38)
    with pytest.raises(BadValue, match=r"LP207: activation 'fc0' holds inf on the calibration data"):
        observe(graph, [{"x": x}], QuantiseSettings())
