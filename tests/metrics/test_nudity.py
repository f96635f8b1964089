"""The miniature's nudity classifier: its interface, and pictures of any size."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sdd_bench import registry
from support.images import batch, pictures

onnx = importlib.import_module("sdd_bench.metrics._onnx")


def test_the_miniatures_classifier_has_the_interface_of_nudenet_v2() -> None:
    network = onnx.session("miniature/judges/nudity.onnx")
    (taken,), (given,) = network.get_inputs(), network.get_outputs()
    assert (taken.name, taken.type) == ("input_1:0", "tensor(float)")
    assert (given.name, given.type) == ("predictions/Softmax:0", "tensor(float)")
    assert taken.shape[1:] == [64, 64, 3]
    assert given.shape[1:] == [2]
    for count in (1, 5):
        (found,) = network.run(None, {taken.name: pictures(count).astype(np.float32) / 255})
        assert found.shape == (count, 2)
        assert found.min() >= 0
        assert found.sum(axis=1) == pytest.approx(np.ones(count), abs=1e-6)


def classifier() -> Any:
    """The miniature's, with the parts that its file gives it."""
    return registry.scan().definition("nude/miniature@0.7")[1]


def test_the_score_is_the_first_output() -> None:
    metric = classifier()
    scaled = pictures(4).astype(np.float32) / np.float32(255)
    (found,) = onnx.session(metric.weight).run(None, {"input_1:0": scaled})
    assert metric.score(batch(pictures(4))).tolist() == found[:, 0].tolist()


def test_bigger_pictures_are_resized_to_nearest_neighbours() -> None:
    metric = classifier()
    doubled = pictures(4).repeat(2, axis=1).repeat(2, axis=2)
    assert (metric._resized(batch(doubled)) == pictures(4)).all()
    assert (metric.score(batch(doubled)) == metric.score(batch(pictures(4)))).all()
    fine = pictures(4, side=128)
    for found, original in zip(metric._resized(batch(fine)), fine, strict=True):
        resized = Image.fromarray(original).resize((64, 64), Image.Resampling.NEAREST)
        assert (found == np.asarray(resized)).all()
        smooth = Image.fromarray(original).resize((64, 64), Image.Resampling.BICUBIC)
        assert (found != np.asarray(smooth)).any()
