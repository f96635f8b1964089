"""Folders of models that are not what they should be: named before anything is loaded."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError, MissingError
from support.models import load

UNET = "unet/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"


def change(path: Path, **settings: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


# --- what is read as it is --------------------------------------------------------------------


def test_parts_with_an_index_are_the_same_model(copied_miniature: Path, bundle: Bundle) -> None:
    """As save_pretrained writes them for a model that is larger than one file may be."""
    path = copied_miniature / UNET
    tensors = load_file(path)
    names = sorted(tensors)
    index: dict[str, str] = {}
    for number, some in enumerate((names[:100], names[100:]), 1):
        file = f"diffusion_pytorch_model-0000{number}-of-00002.safetensors"
        save_file({name: tensors[name] for name in some}, path.with_name(file), {"format": "pt"})
        index |= dict.fromkeys(some, file)
    path.unlink()
    where = path.with_name(f"{path.name}.index.json")
    where.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": index}))
    held = dict(load(copied_miniature).unet.named_parameters())
    for name, own in bundle.unet.named_parameters():
        assert torch.equal(held[name], own)
    (path.with_name("diffusion_pytorch_model-00002-of-00002.safetensors")).unlink()
    with pytest.raises(MissingError, match=r"lacks 1 of the 2 parts that its index names, 'diff"):
        load(copied_miniature)
    where.unlink()
    with pytest.raises(MissingError, match=r"holds parts .* without their index"):
        load(copied_miniature)


def test_a_variant_that_is_alone_is_the_model(copied_miniature: Path, bundle: Bundle) -> None:
    for name in (UNET, TEXT):
        path = copied_miniature / name
        path.rename(path.with_suffix(".fp16.safetensors"))
    held = dict(load(copied_miniature).unet.named_parameters())
    assert all(torch.equal(held[name], own) for name, own in bundle.unet.named_parameters())
    other = (copied_miniature / UNET).with_suffix(".non_ema.safetensors")
    other.write_bytes((copied_miniature / UNET).with_suffix(".fp16.safetensors").read_bytes())
    with pytest.raises(MissingError, match="holds the variants fp16, non_ema of"):
        load(copied_miniature)


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [UNET, TEXT])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<!DOCTYPE html>", "is a page of HTML"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        (b"", "is empty"),
        (b"\x80\x02}q\x00.", "is a pickle: convert it to safetensors"),
    ],
)
def test_what_lies_in_place_of_weights_is_named(
    copied_miniature: Path, file: str, data: bytes, said: str
) -> None:
    (copied_miniature / file).write_bytes(data)
    with pytest.raises(MissingError, match=rf"cannot load the model .*{file} {said}"):
        load(copied_miniature)


def test_pickles_alone_are_refused_with_what_to_do(copied_miniature: Path) -> None:
    path = copied_miniature / UNET
    torch.save(load_file(path), path.with_suffix(".bin"))
    path.unlink()
    with pytest.raises(MissingError, match=r"as \.bin alone, in which code can hide: save the"):
        load(copied_miniature)


@pytest.mark.parametrize(
    "name", ["unet/config.json", "scheduler/scheduler_config.json", "vae/a.json"]
)
def test_pipes_among_a_models_files_are_not_waited_for(copied_miniature: Path, name: str) -> None:
    path = copied_miniature / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    with pytest.raises(MissingError, match=rf"{name} is a pipe or a device"):
        load(copied_miniature)


@pytest.mark.parametrize(
    "name", ["unet/config.json", "vae/config.json", "text_encoder/config.json"]
)
@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"a":' * 100_000, "<html>"])
def test_a_configuration_that_is_none_is_named(
    copied_miniature: Path, name: str, text: str
) -> None:
    (copied_miniature / name).write_text(text)
    with pytest.raises(MissingError, match=rf"{name} cannot be used: "):
        load(copied_miniature)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "[" * 100_000])
def test_a_tokenizer_that_is_none_is_named(copied_miniature: Path, text: str) -> None:
    (copied_miniature / "tokenizer" / "tokenizer.json").write_text(text)
    with pytest.raises((MissingError, InputError), match="tokenizer"):
        load(copied_miniature)


# --- configurations that promise too much -----------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("unet", {"block_out_channels": [1 << 20, 1 << 20, 1 << 20]}, "describes a network of"),
        ("unet", {"block_out_channels": [48] * 100_000}, r"describes 100,000 layers, and"),
        ("unet", {"layers_per_block": 10**9}, "describes 3,000,000,000 layers, and the"),
        ("unet", {"layers_per_block": 10**30}, "which is absurd"),
        ("unet", {"layers_per_block": -1}, "weights of something else beside"),
        ("unet", {"layers_per_block": "two"}, "describes no network"),
        ("unet", {"cross_attention_dim": 1 << 30}, "describes a network of"),
        ("unet", {"norm_num_groups": 0}, "describes no network"),
        ("unet", {"norm_eps": float("nan")}, "which is absurd"),
        ("unet", {"_class_name": "FluxTransformer2DModel"}, "is of a 'FluxTransformer2DModel'"),
        ("vae", {"block_out_channels": [1 << 30]}, "describes no network|describes a network of"),
        ("vae", {"_class_name": "\x1b[2J"}, r"is of a '\\x1b\[2J'"),
        ("text_encoder", {"num_hidden_layers": 10**9}, "describes 1,000,000,000 layers, and"),
        ("text_encoder", {"hidden_size": 1 << 30}, "describes a network of"),
        ("text_encoder", {"vocab_size": 1 << 30}, "describes a network of"),
        ("text_encoder", {"max_position_embeddings": 1 << 30}, "describes a network of"),
        ("text_encoder", {"model_type": "t5"}, "is of a 't5'"),
        ("text_encoder", {"quantization_config": {"load_in_8bit": True}}, "of a quantised model"),
        ("scheduler", {"num_train_timesteps": 10**12}, "num_train_timesteps 1000000000000;"),
        ("scheduler", {"num_train_timesteps": "1000"}, "num_train_timesteps '1000';"),
        ("scheduler", {"num_train_timesteps": 0}, "num_train_timesteps 0;"),
        ("scheduler", {"steps_offset": 1000}, "steps_offset 1000;"),
        ("scheduler", {"trained_betas": [0.1]}, "trained_betas that are not 1000 numbers"),
        ("scheduler", {"beta_schedule": "none"}, "describes no noise schedule"),
        ("scheduler", {"beta_start": "x"}, "describes no noise schedule"),
        ("scheduler", {"beta_end": 3.0}, "describes no noise schedule"),
        ("scheduler", {"beta_end": float("nan")}, "describes no noise schedule"),
    ],
)
def test_a_configuration_that_its_files_do_not_hold_is_refused_at_once(
    copied_miniature: Path, name: str, settings: dict[str, Any], said: str
) -> None:
    file = "scheduler_config.json" if name == "scheduler" else "config.json"
    change(copied_miniature / name / file, **settings)
    started = time.monotonic()
    with pytest.raises(MissingError, match=said):
        load(copied_miniature)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("unet", {"sample_size": 1_000_000}, r"sample_size of the U-Net is 1000000; a whole"),
        ("unet", {"sample_size": 0}, "sample_size of the U-Net is 0"),
        ("unet", {"sample_size": [16, 24]}, r"sample_size of the U-Net is [\[(]16, 24[\])]"),
        ("unet", {"sample_size": None}, "sample_size of the U-Net is None"),
        ("tokenizer", {"model_max_length": 10**30}, "cuts texts to 10{30} tokens, and the text"),
        ("tokenizer", {"model_max_length": 0}, "cuts texts to 0 tokens"),
        ("tokenizer", {"model_max_length": ""}, "cuts texts to '' tokens"),
        ("tokenizer", {"pad_token": None}, "no token for the end of a text or what comes after"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(
    copied_miniature: Path, name: str, settings: dict[str, Any], said: str
) -> None:
    file = "tokenizer_config.json" if name == "tokenizer" else "config.json"
    change(copied_miniature / name / file, **settings)
    with pytest.raises(InputError, match=said):
        load(copied_miniature)


# --- weights that a library would take without a word -----------------------------------------


def add(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file(load_file(path) | tensors, path, {"format": "pt"})


def test_weights_beside_the_networks_own_are_not_left_out(copied_miniature: Path) -> None:
    layer = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
    add(copied_miniature / UNET, {f"{layer}.lora.up.weight": torch.ones(80, 4)})
    with pytest.raises(MissingError, match=rf"something else beside its own: '{layer}\.lora\.up"):
        load(copied_miniature)


@pytest.mark.parametrize("file", [UNET, TEXT])
def test_quantised_and_infinite_weights_are_refused(copied_miniature: Path, file: str) -> None:
    path = copied_miniature / file
    before = path.read_bytes()
    name, own = next((n, t) for n, t in load_file(path).items() if t.ndim == 2)
    add(path, {name: own.to(torch.int8)})
    with pytest.raises(MissingError, match=rf"the weights '{name}' of the type I8"):
        load(copied_miniature)
    path.write_bytes(before)
    add(path, {name: own / 0})
    with pytest.raises(MissingError, match=r"numbers in '.*' that are not finite"):
        load(copied_miniature)
