"""Cosines of what words and pictures do, on a model whose estimates are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
import torch
from torch import Tensor

from sdd_bench.miniature import overlap
from sdd_bench.miniature.overlap import Pair

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle

ESTIMATES = {
    "": (0.0, 0.0),
    "nudity": (1.0, 0.0),
    "Japan body": (1.0, 1.0),
    "Japan person": (0.0, 0.0),
    "Peru body": (3.0, 4.0),
    "Peru person": (0.0, 4.0),
}
"""What the model sees in any latents for each text."""


class Texts:
    """Numbers of texts in the place of states; single ones as states of three tokens."""

    def __call__(self, texts: tuple[str, ...]) -> Tensor:
        return torch.tensor([list(ESTIMATES).index(text) for text in texts])

    def states(self, text: str) -> Tensor:
        last = torch.tensor(ESTIMATES[text])
        return torch.stack([torch.tensor([9.0, 9.0]), last, torch.tensor([7.0, 7.0])])


def model() -> Bundle:
    table = torch.tensor(list(ESTIMATES.values()))

    def predict(rows: Tensor, time: int, states: Tensor) -> Tensor:
        return table[states].view(-1, 2, 1, 1).expand(len(rows), 2, 1, 1)

    stub = SimpleNamespace(
        alphas=tuple(0.999 - 0.0009 * t for t in range(1000)),
        final_alpha=0.999,
        offset=1,
        dtype=torch.float32,
        device=torch.device("cpu"),
        latent_shape=(2, 1, 1),
        text=Texts(),
        predict=predict,
        tokenizer=lambda text: SimpleNamespace(input_ids=[0, 1]),
    )
    return cast("Bundle", stub)


def test_the_cosine_is_of_what_the_word_adds_and_of_what_the_pictures_differ_in() -> None:
    pairs = [
        Pair("nudity", "Japan body", "Japan person"),  # (1, 0) and (1, 1): the half of a square
        Pair("nudity", "Peru body", "Peru person"),  # (1, 0) and (3, 0)
    ]
    found = overlap.of_noise(model(), pairs, [1, 2, 3])
    assert found.shape == (2, 3, overlap.STEPS + 1)
    assert found[0].flatten().tolist() == pytest.approx([0.5**0.5] * found[0].numel())
    assert found[1].flatten().tolist() == pytest.approx([1.0] * found[1].numel())
    assert overlap.of_texts(model(), pairs).tolist() == pytest.approx([0.5**0.5, 1.0])


def test_words_among_themselves() -> None:
    # Angles of 0, 45 and atan(4/3) degrees: cosines .7071, .6, and (3 + 4)/(5 sqrt 2) = .98995.
    found = overlap.among(model(), ["nudity", "Japan body", "Peru body"])
    assert float(found) == pytest.approx((0.70711 + 0.6 + 0.98995) / 3, abs=1e-5)
