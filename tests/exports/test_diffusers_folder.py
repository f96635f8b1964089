"""Weights as a folder of diffusers: the same pictures, whoever loads it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file
from torch import Tensor

import sdd_bench as sb
from sdd_bench import models, registry
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.diffusion.generator import generate
from sdd_bench.exports import diffusers_folder
from sdd_bench.training import checkpoints
from sdd_bench.types import Prompt, Sample, Settings
from support.models import load

SAMPLES = [
    Sample(suite="toy", prompt=Prompt(id=str(n), text=text), k=0, seed=n)
    for n, text in enumerate(("red", "blue"))
]


def pictures(bundle: Bundle) -> list[np.ndarray]:
    plan = Plan(method=registry.scan().method("sd"), concepts=())
    return [each.pixels for each in generate(bundle, [plan], SAMPLES, Settings(steps=4))]


@pytest.fixture(scope="module")
def changed(bundle: Bundle) -> dict[str, Tensor]:
    """Some tensors of the U-Net, a convolution of one pixel among them, and of the text encoder."""
    generator = torch.Generator().manual_seed(0)
    names = [
        name
        for name in dict(bundle.unet.named_parameters())
        if "attn2.to_k" in name or "conv_shortcut" in name
    ]
    own = dict(bundle.unet.named_parameters()) | {
        f"text_encoder.text_model.{name.removeprefix('text_model.')}": each
        for name, each in bundle.text.encoder.named_parameters()
    }
    names.append("text_encoder.text_model.final_layer_norm.weight")
    return {
        name: own[name].detach() + 0.1 * torch.randn(own[name].shape, generator=generator)
        for name in names
    }


def test_the_folder_as_a_model_draws_the_checkpoints_pictures_to_the_bit(
    tmp_path: Path, bundle: Bundle, changed: dict[str, Tensor]
) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({name: each.contiguous() for name, each in changed.items()}, path)
    folder = sb.export_weights(path, out=tmp_path / "model")
    with checkpoints.applied(bundle, checkpoints.read(path, bundle)):
        expected = pictures(bundle)
    exported = load(folder)
    for one, other in zip(pictures(exported), expected, strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(pictures(bundle)[0], expected[0])
    assert exported.hash != bundle.hash


def test_diffusers_loads_it_as_a_pipeline_with_these_weights(
    tmp_path: Path, bundle: Bundle, changed: dict[str, Tensor]
) -> None:
    held = {name.replace("text_model.", ""): each for name, each in changed.items()}
    diffusers_folder.write(models.folder_of(bundle.spec), held, tmp_path)
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path)
    there = dict(pipeline.unet.named_parameters())
    for name, tensor in changed.items():
        if not name.startswith("text_encoder."):
            assert torch.equal(there[name], tensor)
    norm = pipeline.text_encoder.state_dict()
    (found,) = [each for name, each in norm.items() if name.endswith("final_layer_norm.weight")]
    assert torch.equal(found, held["text_encoder.final_layer_norm.weight"])
    assert pipeline.safety_checker is None


def test_no_pipelines_other_parts_are_named(tmp_path: Path, bundle: Bundle) -> None:
    """A folder of Stable Diffusion names a safety checker, which is not copied."""
    model = tmp_path / "model"
    (tmp_path / "out").mkdir()
    model.mkdir()
    for part in models.folder_of(bundle.spec).iterdir():
        (model / part.name).symlink_to(part)
    (model / "model_index.json").unlink()
    kind = {"_class_name": "X", "safety_checker": ["stable_diffusion", "StableDiffusionSafety"]}
    (model / "model_index.json").write_text(json.dumps(kind))
    diffusers_folder.write(model, {}, tmp_path / "out")
    index = json.loads((tmp_path / "out" / "model_index.json").read_text())
    assert index["safety_checker"] == [None, None]
    assert index["unet"] == ["diffusers", "UNet2DConditionModel"]
    assert load(tmp_path / "out").hash == bundle.hash
