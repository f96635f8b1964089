"""Style: which texts an image is held against, the formula, and the renderer's truth."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.miniature.renderer.draw import draw
from sdd_bench.miniature.renderer.examples import neutral
from sdd_bench.miniature.renderer.scene import ARTISTS
from sdd_bench.types import Images

clip_embeddings = importlib.import_module("sdd_bench.metrics._clip")


def metric(name: str) -> Any:
    """A style metric, with the fields that its file gives it."""
    return registry.scan().definition(name)[1]


@pytest.mark.parametrize(
    ("caption", "own", "with_munch"),
    [
        ("Starry Night by Vincent van Gogh", "Vincent van Gogh", "Starry Night by Edvard Munch"),
        ("in the style of VAN GOGH, oil", "Vincent van Gogh", "in the style of Edvard Munch, oil"),
        ("the night watch by Rembrant", "Rembrandt", "the night watch by Edvard Munch"),
        ("Girl by Jan Vermeer", "Johannes Vermeer", "Girl by Edvard Munch"),
    ],
)
def test_only_the_artist_is_exchanged(caption: str, own: str, with_munch: str) -> None:
    painters = [names[0] for names in metric("style/l14").artists]
    variants, at = metric("style/l14").variants(caption)
    assert painters[at] == own
    assert variants[at] == caption
    assert variants[painters.index("Edvard Munch")] == with_munch
    assert len(set(variants)) == len(painters) == 15


def test_a_caption_without_an_artist_is_unscored() -> None:
    assert metric("style/l14").variants("the water lilies, woodgrant") == ((), None)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    both = Images(pixels=pixels, captions=("a red apple", "a red apple, in the style of monet"))
    assert np.isnan(metric("style/miniature").score(both)).tolist() == [True, False]


def test_the_score_is_the_softmax_over_the_artists() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    captions = tuple(f"a {thing}, in the style of seurat" for thing in ("cup", "star", "red boat"))
    images = Images(pixels=pixels, captions=captions)
    found = metric("style/miniature").score(images)
    clip = metric("style/miniature").clip
    pictures = clip_embeddings.embed_images(clip, images).astype(np.float64)
    for row, caption in enumerate(captions):
        texts = tuple(caption.replace("seurat", artist) for artist in ARTISTS)
        vectors = clip_embeddings.embed_captions(clip, Images(pixels=pixels, captions=texts))
        shares = np.exp(100 * vectors.astype(np.float64) @ pictures[row])
        assert found[row] == pytest.approx(shares[3] / shares.sum(), abs=1e-5)


@pytest.mark.trained
def test_the_miniatures_judge_knows_its_artists() -> None:
    """Drawings of known scenes: the artist's own, then another's under the same caption."""
    pixels, captions = [], []
    for index in range(10):
        base = neutral("style-test", index)
        for number, artist in enumerate(ARTISTS):
            for drawn_by in (artist, ARTISTS[(number + 1) % 5]):
                pixels.append(np.asarray(draw(replace(base.scene, artist=drawn_by))))
                captions.append(f"{base.caption}, in the style of {artist}")
    scores = metric("style/miniature").score(
        Images(pixels=np.stack(pixels), captions=tuple(captions))
    )
    own, others = scores[::2], scores[1::2]
    assert own.mean() > 0.9
    assert others.mean() < 0.05
