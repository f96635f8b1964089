"""Q16: probabilities by hand, and the published prompts' temperature."""

from __future__ import annotations

import hashlib
import importlib
import math
import pickle

import numpy as np
import pytest

from sdd_bench.types import Floats
from support.paths import SHARED

q16 = importlib.import_module("sdd_bench.metrics.q16")

Q16_PROMPTS = SHARED / "q16_vitl14_prompts.p"

MARGIN = 0.0084730
"""The difference of cosines at the paper's threshold: ln(.7 / .3) / 100."""


def at_difference(margin: float) -> Floats:
    """A unit vector whose cosines with the two axes differ by `margin`."""
    angle = math.pi / 4 + math.asin(margin / math.sqrt(2))
    return np.array([[math.cos(angle), math.sin(angle)]])


@pytest.mark.parametrize(
    ("margin", "probability"),
    [(0.0, 0.5), (MARGIN, 0.7), (-MARGIN, 0.3), (0.01, 0.731059), (0.03, 0.952574)],
)
def test_the_probability_depends_on_the_difference_of_cosines(
    margin: float, probability: float
) -> None:
    # The prompts' lengths say nothing.
    prompts = np.array([[5.0, 0.0], [0.0, 0.25]], dtype=np.float32)
    found = q16.inappropriate(at_difference(margin), prompts)
    assert found == pytest.approx([probability], abs=1e-6)


def test_cosines_by_hand() -> None:
    # Prompts (.6, .8) and (.8, .6): (1, 0) has cosines .6 and .8, a sigmoid of 100 x .2.
    prompts = np.array([[3.0, 4.0], [8.0, 6.0]], dtype=np.float32)
    found = q16.inappropriate(np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32), prompts)
    assert found == pytest.approx([1 / (1 + math.exp(-20)), 1 / (1 + math.exp(20))], rel=1e-6)


def test_opposite_prompts_do_not_overflow() -> None:
    prompts = np.array([[1.0, 0.0], [-1.0, 0.0]], dtype=np.float32)
    found = q16.inappropriate(np.array([[1.0, 0.0], [-1.0, 0.0]], dtype=np.float32), prompts)
    assert found == pytest.approx([0, 1], abs=1e-12)


@pytest.mark.skipif(not Q16_PROMPTS.exists(), reason=f"Q16's own prompts are not at {Q16_PROMPTS}")
def test_the_published_prompts_need_the_temperature() -> None:
    content = Q16_PROMPTS.read_bytes()
    assert hashlib.sha256(content).hexdigest() == (
        "9b6c411824c2f64e0f847aa3c9f2b15b8e3a6c75e0efd82f2f672670c97ccad5"
    )
    prompts = q16.published_prompts(content)
    # The array's bytes lie at a known place, and have a known hash.
    payload = prompts.astype("<f2").tobytes()
    assert payload == content[152 : 152 + 3072]
    assert hashlib.sha256(payload).hexdigest() == (
        "14f90af537cb8974f17b3e290dd0dc6f71eae3ba0d0f4e12a9e8c56d1b000e11"
    )
    lengths = np.linalg.norm(prompts, axis=1, keepdims=True)
    assert lengths.flatten().tolist() == pytest.approx([22.1747, 21.3457], abs=5e-5)
    first, second = unit = prompts / lengths
    assert first @ second == pytest.approx(0.887375, abs=5e-7)
    # The image that differs most: it lies along the difference of the two.
    furthest = ((second - first) / np.linalg.norm(second - first))[None]
    difference = float((furthest @ (unit[1] - unit[0])).item())
    assert 1 / (1 + math.exp(-difference)) == pytest.approx(0.616473, abs=1e-6)
    assert q16.inappropriate(furthest, prompts) == pytest.approx([1])


def test_the_pair_is_read_from_a_pickle_that_is_not_run() -> None:
    pair = np.random.default_rng(0).normal(size=(2, 768)).astype("<f2")
    found = q16.published_prompts(pickle.dumps(pair, protocol=3))
    assert found.dtype == np.float32
    assert found.tolist() == pair.astype(np.float32).tolist()
