"""The CLIP score: a cosine without a clamp, of captions cut as published."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.weights import store
from support.images import batch, pictures

clip_embeddings = importlib.import_module("sdd_bench.metrics._clip")

CAPTIONS = ("a red apple on the beach", "Japan body", "", "a person in a blue shirt")


def clip_score() -> Any:
    """The miniature's CLIP score, with the fields that its file gives it."""
    return registry.scan().definition("clip/miniature")[1]


def test_the_clip_score_is_the_cosine_without_a_clamp() -> None:
    metric = clip_score()
    images = batch(pictures(4), *CAPTIONS)
    scores = metric.score(images)
    left = clip_embeddings.embed_images(metric.clip, images).astype(np.float64)
    right = clip_embeddings.embed_captions(metric.clip, images).astype(np.float64)
    for each in (left, right):
        assert np.linalg.norm(each, axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    for row in range(4):
        cosine = left[row] @ right[row] / np.linalg.norm(left[row]) / np.linalg.norm(right[row])
        assert scores[row] == pytest.approx(cosine, abs=1e-6)
    assert (np.abs(scores) <= 1).all()
    # Scores below zero stay what they are: turn the captions round.
    (key,) = (key for key in images.memo if "captions" in key)
    images.memo[key] = -images.memo[key]
    assert (metric.score(images) == -scores).all()
    assert (scores != 0).all()


def test_a_prefix_is_part_of_every_caption() -> None:
    metric = clip_score()
    prefixed = dataclasses.replace(metric, prefix="a picture of ")
    written_out = batch(pictures(4), *(f"a picture of {caption}" for caption in CAPTIONS))
    images = batch(pictures(4), *CAPTIONS)
    assert (prefixed.score(images) == metric.score(written_out)).all()
    # Both are remembered in one batch, each under its own name.
    assert (metric.score(images) != prefixed.score(images)).all()


def test_too_long_a_caption_keeps_its_end_token() -> None:
    import torch
    from transformers import CLIPTextModelWithProjection, CLIPTokenizer

    long = " ".join(["apple", "star"] * 100)
    images = batch(pictures(2), long, f"{long} ball")
    found = clip_embeddings.embed_captions(clip_score().clip, images)
    tokenizer = CLIPTokenizer.from_pretrained(store.find("miniature/tokenizer"))
    ids = tokenizer(long, verbose=False).input_ids
    assert len(ids) > 77
    tower = CLIPTextModelWithProjection.from_pretrained(store.find("miniature/text_encoder"))
    with torch.inference_mode():
        kept, cut_off = (
            tower(input_ids=torch.tensor([row])).text_embeds[0]
            for row in ([*ids[:76], tokenizer.eos_token_id], ids[:77])
        )
    expected = torch.nn.functional.normalize(kept, dim=0)
    assert found[0].tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    assert (found[1] == found[0]).all()
    # Slicing the end off would be another embedding, so that the above can fail.
    assert not torch.allclose(kept, cut_off, atol=1e-3)
