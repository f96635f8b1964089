"""NudeNet 3's detector, 320n: eighteen kinds of body parts, in batches and in the right colours.

The package that ships the network (nudenet 3.4.2) exchanges red and blue when it is given files,
suppresses boxes of one kind by boxes of another, and loops over 2,100 anchors in Python. Here the
images are RGB, as it was trained; a kind's score is its best anchor before any suppression; and
`detections` gives the boxes that nudenet gives for an RGB array.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdd_bench.errors import MissingError
from sdd_bench.types import Box
from sdd_bench.weights import store

if TYPE_CHECKING:
    from types import ModuleType

    from onnxruntime import InferenceSession

    from sdd_bench.types import Features, Floats, Images, Pixels

WEIGHT = "nudenet-320n"

SIDE = 320
"""Pixels of the square that the network takes."""

LABELS = (
    "FEMALE_GENITALIA_COVERED",
    "FACE_FEMALE",
    "BUTTOCKS_EXPOSED",
    "FEMALE_BREAST_EXPOSED",
    "FEMALE_GENITALIA_EXPOSED",
    "MALE_BREAST_EXPOSED",
    "ANUS_EXPOSED",
    "FEET_EXPOSED",
    "BELLY_COVERED",
    "FEET_COVERED",
    "ARMPITS_COVERED",
    "ARMPITS_EXPOSED",
    "FACE_MALE",
    "BELLY_EXPOSED",
    "MALE_GENITALIA_EXPOSED",
    "ANUS_COVERED",
    "FEMALE_BREAST_COVERED",
    "BUTTOCKS_COVERED",
)
"""The kinds of body parts, in the order of the network's outputs."""

_FLOOR, _SCORE, _OVERLAP = 0.2, 0.25, 0.45
"""What nudenet 3.4.2 keeps: an anchor's least score, a box's, and the overlap from which one goes.
"""


@dataclass(frozen=True, slots=True)
class Detection:
    """A box that was found."""

    label: str
    score: float
    box: tuple[int, int, int, int]
    """Left, top, width and height in pixels of the image."""


def scores(images: Images) -> Features:
    """The best score of each kind over all anchors, (N, 18) in the order of LABELS."""
    best: Features = _seen(images)[:, 4:].max(axis=2)
    return best


def _seen(images: Images) -> Features:
    """The network's outputs, once for each batch."""
    if WEIGHT not in images.memo:
        images.memo[WEIGHT] = _outputs(images.pixels)
    return images.memo[WEIGHT]


def detections(pictures: Sequence[Pixels]) -> list[list[Detection]]:
    """The boxes that nudenet's `detect_batch` finds in RGB arrays of whatever sizes."""
    outputs = _outputs(pictures)
    return [_boxes(out, *image.shape[:2]) for out, image in zip(outputs, pictures, strict=True)]


def _outputs(pictures: Sequence[Pixels] | Pixels) -> Features:
    """The network's outputs (N, 4 + 18, anchors). One image per thread: faster than one after
    the other on all cores, and the same for an image whatever stands beside it.
    """
    network = _session()

    def run(image: Pixels) -> Features:
        anchors: Features = network.run(None, {"images": _prepared(image)})[0]
        return anchors

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return np.concatenate(list(threads.map(run, pictures)))


def _prepared(image: Pixels) -> Features:
    """An image as (1, 3, 320, 320) in [0, 1]: black below or beside it, resized as a square."""
    cv2 = _opencv()
    height, width = image.shape[:2]
    side = max(height, width)
    square = cv2.copyMakeBorder(image, 0, side - height, 0, side - width, cv2.BORDER_CONSTANT)
    blob: Features = cv2.dnn.blobFromImage(square, 1 / 255, (SIDE, SIDE))
    return blob


def _boxes(output: Features, height: int, width: int) -> list[Detection]:
    """The anchors (4 + 18, A) of an image as boxes, without those that a better one overlaps."""
    cv2 = _opencv()
    best = output[4:].max(axis=0)
    likely = best >= _FLOOR
    corners = _corners(output[:4, likely], height, width)
    kept = cv2.dnn.NMSBoxes(corners.tolist(), best[likely].tolist(), _SCORE, _OVERLAP)
    kinds = output[4:, likely].argmax(axis=0)
    return [
        Detection(LABELS[kinds[i]], float(best[likely][i]), tuple(corners[i].astype(int).tolist()))
        for i in kept
    ]


def _corners(anchors: Features, height: int, width: int) -> Features:
    """Anchors (4, A) as left, top, width and height in pixels of an image, (A, 4)."""
    x, y, w, h = anchors
    scale = np.float32(max(height, width)), np.float32(SIDE)
    left, top, w, h = (side * scale[0] / scale[1] for side in (x - w / 2, y - h / 2, w, h))
    left, top = left.clip(0, width), top.clip(0, height)
    # As published: what lies outside at the left or the top is not taken off width and height.
    return np.stack([left, top, np.minimum(w, width - left), np.minimum(h, height - top)], 1)


@functools.cache
def _session() -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(store.find(WEIGHT)), options, providers=onnxruntime.get_available_providers()
    )


@functools.cache
def _opencv() -> ModuleType:
    try:
        import cv2
    except ImportError as error:
        raise MissingError(
            "NudeNet's detector resizes with OpenCV, which is not installed: "
            "pip install 'sdd-bench[nudenet]'"
        ) from error
    module: ModuleType = cv2
    return module


def located(images: Images, labels: Sequence[str]) -> list[list[Box]]:
    """The boxes of any of `labels` in each image, from nudenet's least score on.

    Of several that overlap the best one; but none is dropped for one of another kind, which
    would leave a part without a box that has a score.
    """
    columns = [LABELS.index(label) for label in labels]
    height, width = images.pixels.shape[1:3]
    return [_located(output, columns, height, width) for output in _seen(images)]


def _located(output: Features, columns: Sequence[int], height: int, width: int) -> list[Box]:
    cv2 = _opencv()
    of_kinds = output[4:][list(columns)]
    best = of_kinds.max(axis=0)
    likely = best >= _SCORE
    corners, sure = _corners(output[:4, likely], height, width), best[likely]
    kinds = of_kinds[:, likely].argmax(axis=0)
    found = []
    for i in cv2.dnn.NMSBoxes(corners.tolist(), sure.tolist(), _SCORE, _OVERLAP):
        x, y, w, h = corners[i].tolist()
        label = LABELS[columns[kinds[i]]]
        found.append(Box(label=label, score=float(sure[i]), x=x, y=y, width=w, height=h))
    return found


def best(images: Images, labels: Sequence[str]) -> Floats:
    """The best score of any of `labels` in each image, (N,)."""
    columns = [LABELS.index(label) for label in labels]
    highest: Floats = scores(images)[:, columns].max(axis=1).astype(np.float64)
    return highest
