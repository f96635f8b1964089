"""The pipelines that tests/methods/test_guidance.py compares with, and two models to run them on.

`python tests/golden/make_guidance.py` writes guidance.safetensors beside it: what the pipelines of
the installed diffusers compute on the small model, 25 steps, one image. It changes only if the
model, the prompt or the seed below change, or if diffusers changes the arithmetic of the methods.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import pre_tokenizers
from torch import Tensor, nn

from sdd_bench import models
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import TextReader
from sdd_bench.diffusion.generator import noise
from sdd_bench.types import ModelSpec, Prompt, Sample
from sdd_bench.weights import store

GOLDEN = Path(__file__).with_name("guidance.safetensors")

SLD = ("sld-weak-diffusers", "sld-weak", "sld-medium", "sld-strong", "sld-max")
GUIDED = (*SLD, "sega", "sega-separate")
CONCEPTS = ("nudity", "sexual")
PROMPTS = ("japan body", "a red house by a lake", "portrait of a woman", "two dogs")


def samples(count: int, first_seed: int = 1) -> list[Sample]:
    return [
        Sample(suite="", prompt=Prompt(id=str(i), text=text), k=0, seed=first_seed + i)
        for i, text in enumerate(PROMPTS[:count])
    ]


# --- the models -------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """A bundle, and the parts that it does not show but a pipeline needs."""

    bundle: Bundle
    text_encoder: transformers.CLIPTextModel
    scheduler: Any


def world(
    spec: ModelSpec,
    tokenizer: transformers.CLIPTokenizer,
    text_encoder: Any,
    unet: Any,
    schedule: Any,
    dtype: torch.dtype = torch.float32,
) -> World:
    networks: tuple[nn.Module, ...] = (unet, text_encoder)
    for part in networks:
        part.to(dtype).eval().requires_grad_(False)
    # Otherwise its coefficients stay in single precision.
    schedule.alphas_cumprod = schedule.alphas_cumprod.to(dtype)
    schedule.final_alpha_cumprod = schedule.final_alpha_cumprod.to(dtype)
    cpu = torch.device("cpu")
    bundle = Bundle(
        spec=spec,
        hash="",
        device=cpu,
        dtype=dtype,
        batch=4,
        rows=12,
        tokenizer=tokenizer,
        unet=unet,
        vae=None,
        text=TextReader(tokenizer, text_encoder),
        alphas=tuple(schedule.alphas_cumprod.tolist()),
        final_alpha=float(schedule.final_alpha_cumprod),
        offset=int(schedule.config.steps_offset),
    )
    return World(bundle, text_encoder, schedule)


def randomise(module: nn.Module, seed: int) -> None:
    """Weights that keep the size of what passes; drawn here, as libraries change how they do it."""
    generator = torch.Generator("cpu").manual_seed(seed)
    for name, weight in sorted(module.named_parameters()):
        drawn = torch.randn(weight.shape, generator=generator)
        if weight.ndim > 1:
            drawn *= weight[0].numel() ** -0.5
        else:
            drawn = 0.1 * drawn + (1.0 if name.endswith("weight") else 0.0)
        weight.data.copy_(drawn)


@cache
def small(dtype: torch.dtype = torch.float32) -> World:
    """Stable Diffusion 1.4 with fewer channels (the values that are not given are its own), random.

    The estimates for two texts differ by 0.012 to 0.018 (standard deviation), which is where the
    scales and thresholds of all presets matter. A random network takes no noise away, so the noise
    schedule ends early: on the published one, latents grow to 50 and rounding errors with them.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = ["<|startoftext|>", "<|endoftext|>", *alphabet, *(f"{byte}</w>" for byte in alphabet)]
    tokenizer = transformers.CLIPTokenizer(
        vocab={token: index for index, token in enumerate(tokens)},
        merges=[],
        model_max_length=24,
    )
    text_encoder = transformers.CLIPTextModel(
        transformers.CLIPTextConfig(
            vocab_size=len(tokens),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=24,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
    )
    unet = diffusers.UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32, 64, 64),
        cross_attention_dim=16,
        norm_num_groups=8,
    )
    randomise(text_encoder, 1)
    randomise(unet, 2)
    for weight in unet.conv_out.parameters():
        weight.data *= 0.05
    schedule = diffusers.PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.002,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        steps_offset=1,
    )
    return world(ModelSpec(name="small", source=""), tokenizer, text_encoder, unet, schedule, dtype)


@cache
def miniature(dtype: torch.dtype) -> World:
    folder = store.find("miniature")
    return world(
        models.find("miniature"),
        transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        transformers.CLIPTextModel.from_pretrained(folder / "text_encoder"),
        diffusers.UNet2DConditionModel.from_pretrained(folder / "unet"),
        diffusers.PNDMScheduler.from_pretrained(folder / "scheduler"),
        dtype,
    )


# --- the pipelines ----------------------------------------------------------------------------


def pipeline(name: str) -> Any:
    """Two of the three are deprecated, and may be gone in another release of diffusers."""
    try:
        return getattr(diffusers, name)
    except (AttributeError, RuntimeError) as error:
        raise ImportError(f"diffusers {diffusers.__version__} has no {name}") from error


def theirs(where: World, name: str, chosen: Sequence[Sample], steps: int = 25) -> Tensor:
    """The final latents of the pipeline that `name` stands for.

    Raises ImportError where diffusers has it no more.
    """
    parts = {
        "vae": None,
        "text_encoder": where.text_encoder,
        "tokenizer": where.bundle.tokenizer,
        "unet": where.bundle.unet,
        "scheduler": where.scheduler,
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }
    joined = ", ".join(CONCEPTS)
    arguments: dict[str, Any] = {}
    if name in SLD:
        kind = pipeline("StableDiffusionPipelineSafe")
        pipe = kind(**parts)
        pipe.safety_concept = joined
        pipe.decode_latents = lambda latents: latents  # it has no way to leave this out
        presets = importlib.import_module(kind.__module__.rpartition(".")[0]).SafetyConfig
        # sld-weak: "Hyp-Weak" of the authors, which differs from diffusers' WEAK in the scale.
        preset = name.removeprefix("sld-").removesuffix("-diffusers").upper()
        arguments = dict(getattr(presets, preset))
        if name == "sld-weak":
            arguments["sld_guidance_scale"] = 200
    elif name.startswith("sega"):
        pipe = pipeline("SemanticStableDiffusionPipeline")(**parts)
        arguments = {
            "editing_prompt": list(CONCEPTS) if name == "sega-separate" else joined,
            "reverse_editing_direction": True,
            "edit_guidance_scale": 5,
        }
    else:
        pipe = pipeline("StableDiffusionPipeline")(**parts)
    pipe.set_progress_bar_config(disable=True)
    shape, dtype = where.bundle.latent_shape, where.bundle.dtype
    latents: Tensor = pipe(
        prompt=[sample.prompt.text for sample in chosen],
        num_inference_steps=steps,
        guidance_scale=7.5,
        latents=torch.stack([noise(sample.seed, shape) for sample in chosen]).to(dtype),
        output_type="latent",
        **arguments,
    ).images
    return latents


def live() -> dict[str, Tensor]:
    """What the golden file holds."""
    return {name: theirs(small(), name, samples(1)) for name in ("sd", *GUIDED)}


def write_golden() -> None:
    made = {
        "made": "python tests/golden/make_guidance.py",
        "holds": "final latents of diffusers' pipelines, 25 PNDM steps, guidance scale 7.5",
        "diffusers": diffusers.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    save_file(live(), GOLDEN, made)


if __name__ == "__main__":
    write_golden()
