"""Weights that are shipped: listed with their hashes, and small."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDIMScheduler

from sdd_bench.weights import store
from support.miniature import check_manifest


def test_the_manifest_lists_every_shipped_file_with_its_hash() -> None:
    check_manifest(store.SHIPPED)


def test_the_shipped_weights_are_small() -> None:
    files = [*store.SHIPPED.rglob("*.safetensors"), *store.SHIPPED.rglob("*.onnx")]
    assert len(files) == 10
    assert sum(file.stat().st_size for file in files) <= 16_000_000


def test_stock_ddim_from_the_folder_clips_no_latents() -> None:
    scheduler = DDIMScheduler.from_pretrained(store.SHIPPED, subfolder="scheduler")
    scheduler.set_timesteps(2)
    latents = torch.full((1, 4, 2, 2), 3.0)
    # No noise is found: what is predicted clean are the latents over the root of their share.
    share = float(scheduler.alphas_cumprod[501])
    step = scheduler.step(torch.zeros_like(latents), 501, latents)
    assert float(step.pred_original_sample[0, 0, 0, 0]) == pytest.approx(3.0 / share**0.5)
