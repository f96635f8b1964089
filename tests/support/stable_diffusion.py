"""A repository of the form of Stable Diffusion 1.4 on the hub, with weights drawn at random.

    cd tests && python -m support.stable_diffusion FOLDER

writes it at its true size (4.3 GB). Configurations and names of tensors are those of the published
files, among them the old names of the VAE's attention and the text encoder's position_ids, which
today's libraries no longer write.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel
from transformers.convert_slow_tokenizer import bytes_to_unicode

VOCABULARY = 49_408
"""Tokens of CLIP."""

DECOYS = (
    ".gitattributes",
    "README.md",
    "feature_extractor/preprocessor_config.json",
    "safety_checker/config.json",
    "safety_checker/model.safetensors",
    "safety_checker/pytorch_model.bin",
    "text_encoder/model.fp16.safetensors",
    "text_encoder/pytorch_model.bin",
    "unet/diffusion_pytorch_model.bin",
    "unet/diffusion_pytorch_model.fp16.safetensors",
    "vae/diffusion_pytorch_model.bin",
    "vae/diffusion_pytorch_model.fp16.safetensors",
)
"""What else lies in the repository, and is none of ours."""


@dataclass(frozen=True)
class Shape:
    """How large the networks are; all else is as published."""

    latent_side: int = 64
    unet: tuple[int, ...] = (320, 640, 1280, 1280)
    vae: tuple[int, ...] = (128, 256, 512, 512)
    text: int = 768
    text_layers: int = 12


SMALL = Shape(latent_side=8, unet=(32, 32, 32, 32), vae=(32, 32, 32, 32), text=48, text_layers=1)
"""Same files, small: pictures of 64 pixels."""


def write(folder: Path, shape: Shape) -> Path:
    """Write the repository; the same shape gives the same bytes."""
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(4)
        _save(folder / "unet", UNet2DConditionModel.from_config(_unet(shape)), _unet(shape))
        _save(folder / "vae", AutoencoderKL.from_config(_vae(shape)), _vae(shape))
        text = CLIPTextModel(CLIPTextConfig.from_dict(_text(shape)))
        _save(folder / "text_encoder", text, _text(shape))
    _write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    _write_tokenizer(folder / "tokenizer")
    for name in DECOYS:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("none of ours")
    _write_json(folder / INDEX, PIPELINE)  # the last: where it is, all is
    return folder


# --- networks ---------------------------------------------------------------------------------


def _save(folder: Path, network: nn.Module, config: dict[str, object]) -> None:
    text = folder.name == "text_encoder"
    tensors = {_published(name, text): tensor for name, tensor in network.state_dict().items()}
    if text:
        tensors["text_model.embeddings.position_ids"] = torch.arange(77)[None]
    folder.mkdir(parents=True, exist_ok=True)
    stem = "model" if text else "diffusion_pytorch_model"
    _save_whole(tensors, folder / f"{stem}.safetensors")
    _write_json(folder / "config.json", config)


def _save_whole(tensors: dict[str, Tensor], path: Path) -> None:
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, {"format": "pt"})
    partial.replace(path)


_OLD = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def _published(name: str, text: bool) -> str:
    """What a tensor is called in the published file."""
    if text:
        return f"text_model.{name.removeprefix('text_model.')}"
    if ".mid_block.attentions.0." in name and "transformer_blocks" not in name:
        for new, old in _OLD.items():
            name = name.replace(f".{new}.", f".{old}.")
    return name


def _unet(shape: Shape) -> dict[str, object]:
    return {
        "_class_name": "UNet2DConditionModel",
        "_diffusers_version": "0.2.2",
        "act_fn": "silu",
        "attention_head_dim": 8,
        "block_out_channels": list(shape.unet),
        "center_input_sample": False,
        "cross_attention_dim": shape.text,
        "down_block_types": [*["CrossAttnDownBlock2D"] * 3, "DownBlock2D"],
        "downsample_padding": 1,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "in_channels": 4,
        "layers_per_block": 2,
        "mid_block_scale_factor": 1,
        "norm_eps": 1e-05,
        "norm_num_groups": 32,
        "out_channels": 4,
        "sample_size": shape.latent_side,
        "up_block_types": ["UpBlock2D", *["CrossAttnUpBlock2D"] * 3],
    }


def _vae(shape: Shape) -> dict[str, object]:
    return {
        "_class_name": "AutoencoderKL",
        "_diffusers_version": "0.2.2",
        "act_fn": "silu",
        "block_out_channels": list(shape.vae),
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "in_channels": 3,
        "latent_channels": 4,
        "layers_per_block": 2,
        "norm_num_groups": 32,
        "out_channels": 3,
        "sample_size": 8 * shape.latent_side,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
    }


def _text(shape: Shape) -> dict[str, object]:
    return {
        "architectures": ["CLIPTextModel"],
        "attention_dropout": 0.0,
        "bos_token_id": 0,
        "dropout": 0.0,
        "eos_token_id": 2,
        "hidden_act": "quick_gelu",
        "hidden_size": shape.text,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "intermediate_size": 4 * shape.text,
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": 77,
        "model_type": "clip_text_model",
        "num_attention_heads": 12,
        "num_hidden_layers": shape.text_layers,
        "pad_token_id": 1,
        "torch_dtype": "float32",
        "transformers_version": "4.21.0.dev0",
        "vocab_size": VOCABULARY,
    }


SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": "0.7.0.dev0",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
    "clip_sample": False,
}

INDEX = "model_index.json"

PIPELINE = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.2.2",
    "feature_extractor": ["transformers", "CLIPImageProcessor"],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


# --- tokenizer --------------------------------------------------------------------------------


def merges() -> Iterator[tuple[str, str]]:
    """Pairs that grow into words of made-up letters, each of parts that are there before it."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = list(letters)
    while True:
        for end in ("", "</w>"):
            yield from ((word, letter + end) for word in words for letter in letters)
        words = [word + letter for word in words for letter in letters]


def _write_tokenizer(folder: Path) -> None:
    """The alphabet of bytes, each also at the end of a word, made-up merges, and two marks."""
    folder.mkdir(exist_ok=True)
    letters = list(bytes_to_unicode().values())
    alphabet = [*letters, *(f"{letter}</w>" for letter in letters)]
    marks = ["<|startoftext|>", "<|endoftext|>"]
    pairs = list(itertools.islice(merges(), VOCABULARY - len(alphabet) - len(marks)))
    tokens = [*alphabet, *("".join(pair) for pair in pairs), *marks]
    _write_json(folder / "vocab.json", {token: number for number, token in enumerate(tokens)})
    lines = ["#version: 0.2", *(" ".join(pair) for pair in pairs), ""]
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    begin, end = ({**_MARK, "content": mark} for mark in marks)
    named = {"bos_token": begin, "eos_token": end, "unk_token": end}
    _write_json(folder / "special_tokens_map.json", {**named, "pad_token": marks[1]})
    config = {
        **{name: {"__type": "AddedToken", **mark} for name, mark in named.items()},
        "add_prefix_space": False,
        "do_lower_case": True,
        "errors": "replace",
        "model_max_length": 77,
        "name_or_path": "openai/clip-vit-large-patch14",
        "pad_token": marks[1],
        "special_tokens_map_file": "./special_tokens_map.json",
        "tokenizer_class": "CLIPTokenizer",
    }
    _write_json(folder / "tokenizer_config.json", config)


_MARK = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), Shape())
