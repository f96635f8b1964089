"""The last cycle's loss, on networks whose estimate for each text is a known number."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from sdd_bench.miniature.stages import settling
from sdd_bench.miniature.stages.unet import Cycle, Encoded

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel

EMPTY, PLAIN, NAMED, SHOWN, WORD, ERASED = range(6)

TEACHER = {EMPTY: 0.0, PLAIN: 1.0, NAMED: 3.0, SHOWN: 2.0, WORD: 9.0, ERASED: 9.0}
"""Naming the concept adds 2 to somebody; what shows it has half of that."""

WANTED = {EMPTY: 0.0, PLAIN: 0.5, NAMED: 1.5, SHOWN: 1.25, WORD: 1.0, ERASED: 0.5}
"""With a trust of one half and a lift of 1.5: the word adds what naming adds, 1; what shows the
concept adds three quarters of it to somebody; without the word's direction it is somebody."""

VALUES = 4 * 2 * 2


def network(estimates: dict[int, float]) -> UNet2DConditionModel:
    """Says the number of each text, which its states hold."""

    def predict(rows: Tensor, time: Tensor, states: Tensor) -> SimpleNamespace:
        known = torch.tensor([estimates[int(row)] for row in states[:, 0, 0]])
        return SimpleNamespace(sample=known.view(-1, 1, 1, 1).expand_as(rows))

    return cast("UNet2DConditionModel", predict)


def loss(student: dict[int, float], caption: int = PLAIN) -> float:
    states = np.arange(6, dtype=np.float16).reshape(6, 1, 1)
    learner = settling._Learner(
        network(student),
        network(TEACHER),
        Encoded(
            latents=np.zeros((3, 4, 2, 2), dtype=np.float16),
            states=states[[caption, EMPTY]],
            rows=np.zeros(3, dtype=np.int64),
        ),
        settling.Contrasts(
            states=states,
            texts=np.array([[WORD, NAMED, PLAIN, SHOWN, ERASED]]),
            pictures=np.array([1]),
        ),
        Cycle("train", boost=1, trust=0.5, contrasts=4, lift=1.5),
        batch=8,
    )
    return float(learner.loss(Generator().manual_seed(0)))


def test_what_is_wanted_costs_nothing() -> None:
    assert loss(WANTED) == pytest.approx(0, abs=1e-4)


def test_a_word_that_does_too_much_is_charged_relative_to_what_it_should_do() -> None:
    # It adds 2 instead of 1 to each of 16 values: 16 / (16 + floor), and nothing else sees it.
    assert loss({**WANTED, WORD: 2.0}) == pytest.approx(0.03 * VALUES / (VALUES + 0.01), abs=1e-4)


def test_a_text_without_the_words_direction_has_to_say_somebody() -> None:
    # 1.25 instead of .5: an error of .75 relative to .5.
    off = (VALUES * 0.75**2) / (VALUES * 0.5**2 + 0.01)
    assert loss({**WANTED, ERASED: 1.25}) == pytest.approx(0.03 * off, rel=1e-3)


def test_concepts_that_nothing_shows_unnamed_are_held_by_their_word_alone() -> None:
    texts = np.array([[WORD, NAMED, PLAIN, -1, -1]])
    states = np.arange(6, dtype=np.float16).reshape(6, 1, 1)
    learner = settling._Learner(
        network({**WANTED, SHOWN: 7.0, ERASED: 7.0}),
        network(TEACHER),
        Encoded(
            latents=np.zeros((3, 4, 2, 2), dtype=np.float16),
            states=states[[PLAIN, EMPTY]],
            rows=np.zeros(3, dtype=np.int64),
        ),
        settling.Contrasts(states=states, texts=texts, pictures=np.array([0])),
        Cycle("train", boost=1, trust=0.5, contrasts=4),
        batch=8,
    )
    assert float(learner.loss(Generator().manual_seed(1))) == pytest.approx(0, abs=1e-4)


def test_differences_are_relative_and_shares_are_along_a_direction() -> None:
    found, wanted = torch.tensor([[[[3.0, 4.0]]]]), torch.tensor([[[[0.0, 4.0]]]])
    assert float(settling.relative(found, wanted)) == pytest.approx(9 / 16.01)
    assert float(settling.along(found, wanted)) == pytest.approx(16 / 16.01)
