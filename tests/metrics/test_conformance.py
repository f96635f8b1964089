"""Every metric keeps the contract."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdd_bench import registry
from sdd_bench.errors import MissingError
from sdd_bench.types import ImageMetric, Metric, PairMetric, Pixels, SetMetric
from support.images import batch, pictures

every_definition = pytest.mark.parametrize("name", registry.scan().definitions())

every_metric = pytest.mark.parametrize(
    "metric",
    [
        pytest.param(metric, id=metric.definitions[0].measure)
        for group in registry.scan().metrics().values()
        for metric in group
    ],
)


def measured(metric: Metric, pixels: Pixels) -> NDArray[Any]:
    """One row for each image, whatever the kind of metric."""
    captions = tuple(f"a {colour} apple by van gogh" for colour in ("red", "blue", "green", "pink"))
    images = batch(pixels, *captions)
    if isinstance(metric, ImageMetric):
        return metric.score(images)
    if isinstance(metric, PairMetric):
        return metric.compare(images, batch(pictures(len(pixels), seed=9), *captions))
    return metric.features(images)


@every_definition
def test_a_definition_says_all_that_its_number_means(name: str) -> None:
    item, metric = registry.scan().definitions()[name]
    assert item.name == name
    assert re.fullmatch(r"[a-z0-9]+/[a-z0-9-]+(@[0-9]+(\.[0-9]+)?)?", name)
    assert item in metric.definitions
    assert item.better in {"lower", "higher"}
    assert 0 < item.tolerance < math.inf
    assert len(item.source) > 20
    assert (item.unit == "%") == (item.threshold is not None)
    if "@" in name:
        assert name.partition("@")[2] == f"{item.threshold:g}"
    elif item.threshold is not None:
        assert item.reads
    if item.threshold is not None:
        assert item.reads or name == f"{item.measure}@{item.threshold:g}"
        assert isinstance(metric, ImageMetric)
    # A raw score that is read from elsewhere is really taken.
    assert item.measure in {other.name.partition("@")[0] for other in metric.definitions}


@every_metric
def test_the_definitions_of_a_metric_read_one_raw_score(metric: Metric) -> None:
    assert len({item.measure for item in metric.definitions}) == 1
    assert len({item.name for item in metric.definitions}) == len(metric.definitions)


def test_no_two_metrics_give_the_same_raw_score() -> None:
    measures = [
        metric.definitions[0].measure
        for group in registry.scan().metrics().values()
        for metric in group
    ]
    assert sorted(set(measures)) == sorted(measures)


@every_metric
def test_a_metric_gives_a_row_per_image_that_its_neighbours_do_not_change(metric: Metric) -> None:
    try:
        first = measured(metric, pictures(4))
    except MissingError as error:
        # What to do about it is for the person who asked: the message has to say so.
        assert re.search(r"SDD_BENCH_WEIGHTS|reinstall|pip install|--", str(error))  # noqa: PT017
        return
    assert len(first) == 4
    assert np.isfinite(first).all()
    assert first.dtype == (np.float32 if isinstance(metric, SetMetric) else np.float64)
    others = pictures(4, seed=1)
    for row in range(4):
        others[row] = pictures(4)[row]
    assert (measured(metric, others) == first).all()
    for row in range(4):
        beside_others = pictures(4, seed=2)
        beside_others[row] = pictures(4)[row]
        # Bit for bit: batches of one size are what the promise is about.
        assert (measured(metric, beside_others)[row] == first[row]).all()


@every_metric
def test_a_distance_of_something_to_itself_is_zero(metric: Metric) -> None:
    if isinstance(metric, ImageMetric):
        return
    if metric.definitions[0].family == "kid":
        pytest.skip("an unbiased estimate from few images is 0 on average only")
    try:
        if isinstance(metric, PairMetric):
            images = batch(pictures(4))
            assert metric.compare(images, batch(pictures(4))) == pytest.approx(np.zeros(4))
        else:
            features = metric.features(batch(pictures(4)))
            assert metric.distance(features, features) == pytest.approx(0, abs=1e-5)
    except MissingError:
        pytest.skip("its weights are not on this machine")
