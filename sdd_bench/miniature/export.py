"""Trained networks to the folder that is shipped: half precision, standard formats, a manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from torch import nn
from transformers import (
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionModelWithProjection,
    PreTrainedModel,
)

from sdd_bench.files import sha256
from sdd_bench.weights.store import MANIFEST

from . import architecture
from .renderer.draw import SIDE

_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.36.0",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
"""model_index.json: what stock diffusers loads the folder as."""


def generator(
    folder: Path,
    tokenizer: CLIPTokenizer,
    clip: CLIPModel,
    unet: UNet2DConditionModel,
    vae: AutoencoderKL,
) -> None:
    """Write the text-to-image model as a Stable Diffusion folder.

    The text tower carries its projection, so that it is also the text half of the CLIP judge.
    """
    (folder / "model_index.json").write_text(json.dumps(_INDEX, indent=2) + "\n", encoding="utf-8")
    tokenizer.save_pretrained(folder / "tokenizer")
    _save_scheduler(folder / "scheduler")
    text = CLIPTextModelWithProjection(clip.text_model.config)
    text.text_model.load_state_dict(clip.text_model.state_dict())
    text.text_projection.load_state_dict(clip.text_projection.state_dict())
    _save_transformer(text, folder / "text_encoder")
    unet.half().save_pretrained(folder / "unet")
    vae.half().save_pretrained(folder / "vae")


def judges(
    folder: Path,
    clip: CLIPModel,
    prompts: torch.Tensor,
    classifier: architecture.NudityClassifier,
    features: architecture.FeatureNetwork,
) -> None:
    """Write the image tower of the CLIP, the Q16 pair, and the two networks in ONNX form."""
    images = CLIPVisionModelWithProjection(clip.vision_model.config)
    images.vision_model.load_state_dict(clip.vision_model.state_dict())
    images.visual_projection.load_state_dict(clip.visual_projection.state_dict())
    _save_transformer(images, folder / "clip")
    square = {"height": SIDE, "width": SIDE}
    CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size=square).save_pretrained(
        folder / "clip"
    )
    save_file({"prompts": prompts.half()}, folder / "q16.safetensors")
    _save_onnx(classifier, folder / "nudity.onnx", "input_1:0", ["predictions/Softmax:0"])
    layers = [f"layer_{index}" for index in range(len(features.WIDTHS))]
    _save_onnx(features, folder / "features.onnx", "images", ["embedding", *layers])


def shows(
    folder: Path, judge: architecture.JudgeOfThings, kinds: Mapping[str, Sequence[str]]
) -> None:
    """Write the judge of things in ONNX form, and what its answers are about."""
    _save_onnx(judge, folder / "shows.onnx", "images", ["shown"])
    (folder / "shows.json").write_text(json.dumps(kinds, indent=2) + "\n", encoding="utf-8")


def manifest(folder: Path) -> None:
    """Write the SHA-256 of every file in the folder into its manifest."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    hashes = {
        file.relative_to(folder).as_posix(): sha256(file)
        for file in files
        if file.name not in {MANIFEST, "README.md"}
    }
    (folder / MANIFEST).write_text(json.dumps(hashes, indent=2) + "\n", encoding="utf-8")


def empty(folder: Path) -> Path:
    """The folder, with nothing of an earlier export in it."""
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "judges").mkdir(parents=True)
    return folder


def _save_scheduler(folder: Path) -> None:
    """Save the schedule with what samplers other than PNDM read of Stable Diffusion's: no clipping.

    Without a word of it DDIM would cut latents off at 1.
    """
    architecture.scheduler().save_pretrained(folder)
    path = folder / "scheduler_config.json"
    config = {**json.loads(path.read_text(encoding="utf-8")), "clip_sample": False}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _save_transformer(model: PreTrainedModel, folder: Path) -> None:
    """Save in half precision, but have it loaded in single precision unless asked otherwise."""
    model.half().save_pretrained(folder)
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["dtype"] = "float32"
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _save_onnx(model: nn.Module, path: Path, taken: str, given: list[str]) -> None:
    torch.onnx.export(
        model.eval(),
        (torch.rand(2, SIDE, SIDE, 3),),
        path,
        input_names=[taken],
        output_names=given,
        dynamic_shapes=({0: torch.export.Dim("images", min=1, max=4096)},),
        external_data=False,
        dynamo=True,
        verbose=False,
    )
