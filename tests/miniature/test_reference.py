"""Features of the renders, which the miniature's FID compares with."""

from __future__ import annotations

from itertools import islice

import numpy as np

from sdd_bench import registry
from sdd_bench.miniature import reference, standins
from sdd_bench.scoring import batches, references
from sdd_bench.scoring.references import RealImages
from sdd_bench.types import SetMetric
from sdd_bench.weights import store

RENDERS = RealImages("miniature/renders")


def test_the_shipped_file_is_of_the_renders_of_today() -> None:
    metric = registry.scan().definition(reference.METRIC)[1]
    assert isinstance(metric, SetMetric)
    features = RENDERS.features(metric)
    assert features.shape[0] == standins.CAPTIONS == 500
    first = list(islice(standins.renders(), batches.TILE))
    drawn = batches.features(metric, batches.batch(first, [""] * len(first)))
    np.testing.assert_allclose(features[: len(first)], drawn, rtol=1e-5, atol=1e-5)


def test_any_number_of_images_compares_with_them() -> None:
    metric = registry.scan().definition(reference.METRIC)[1]
    assert isinstance(metric, SetMetric)
    assert [RENDERS.lacks(metric, count) for count in (2, 50, 30_000)] == ["", "", ""]
    # Runs of earlier versions were labelled so: they are not scored again.
    assert RENDERS.label(metric) == "miniature/renders"


def test_the_file_is_listed_with_its_hash() -> None:
    folder = store.find("miniature/references")
    (file,) = folder.iterdir()
    assert references.read(file)[1]["count"] == "500"
