"""Folders of weights: in parts, as a variant, as pickles, as an adapter, as none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.training import checkpoints

NAME = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"
OTHER = NAME.replace("to_k", "to_v")
MAIN = "diffusion_pytorch_model"
PART = {name: torch.full((80, 128), number) for name, number in ((NAME, 0.5), (OTHER, -0.25))}


@pytest.fixture(scope="module")
def hash_of_part() -> str:
    return checkpoints.Checkpoint("", PART).hash


def index(folder: Path, ending: str = "safetensors") -> Path:
    """The part in two files with an index, as save_pretrained writes them."""
    files = {name: f"{MAIN}-0000{n}-of-00002.{ending}" for n, name in enumerate(PART, 1)}
    for name, file in files.items():
        save = save_file if ending == "safetensors" else torch.save
        save({name: PART[name]}, folder / file)
    path = folder / f"{MAIN}.{ending}.index.json"
    path.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": files}))
    return path


@pytest.mark.parametrize("ending", ["safetensors", "bin"])
@pytest.mark.parametrize("below", ["", "unet"])
def test_parts_with_an_index_are_one_checkpoint(
    tmp_path: Path, bundle: Bundle, hash_of_part: str, ending: str, below: str
) -> None:
    (tmp_path / "unet").mkdir()
    path = index(tmp_path / below, ending)
    assert checkpoints.read(tmp_path, bundle).hash == hash_of_part
    assert checkpoints.read(path, bundle).hash == hash_of_part


def test_parts_that_do_not_fit_their_index_are_refused(tmp_path: Path, bundle: Bundle) -> None:
    path = index(tmp_path)
    first, second = sorted(tmp_path.glob("*-of-*"))
    with pytest.raises(InputError, match="is one part of several: give their index"):
        checkpoints.read(first, bundle)
    save_file({NAME: PART[NAME], "more": torch.ones(1)}, first)
    with pytest.raises(InputError, match="has the tensor 'more' in its parts alone"):
        checkpoints.read(tmp_path, bundle)
    shutil.copy(second, first)
    with pytest.raises(InputError, match=f"has the tensor '{OTHER}' in two of its parts"):
        checkpoints.read(tmp_path, bundle)
    first.unlink()
    with pytest.raises(InputError, match=f"lacks 1 of the 2 parts .* '{first.name}' first"):
        checkpoints.read(tmp_path, bundle)
    path.unlink()
    with pytest.raises(InputError, match=r"holds parts .* without their index"):
        checkpoints.read(tmp_path, bundle)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "weight_map is missing"),
        ('{"weight_map": []}', "weight_map should be"),
        ('{"weight_map": {}}', "names no tensor"),
        ('{"weight_map": {"a": "../x.bin"}}', "a part outside of its folder"),
        ('{"weight_map": {"a": "/etc/passwd"}}', "a part outside of its folder"),
        ('{"weight_map": {"a": ".."}}', "a part outside of its folder"),
        ("[" * 100_000, "not JSON"),
        ("<html>", "not JSON"),
    ],
)
def test_an_index_that_is_none_is_refused(
    tmp_path: Path, bundle: Bundle, text: str, said: str
) -> None:
    (tmp_path / f"{MAIN}.safetensors.index.json").write_text(text)
    with pytest.raises(InputError, match=said):
        checkpoints.read(tmp_path, bundle)


def test_a_folder_is_read_by_what_it_holds(
    tmp_path: Path, bundle: Bundle, hash_of_part: str
) -> None:
    torch.save(PART, tmp_path / f"{MAIN}.bin")
    found = checkpoints.read(tmp_path, bundle)
    assert found.hash == hash_of_part
    assert found.kind == f"2 of 326 tensors of a U-Net ({MAIN}.bin)"
    (tmp_path / f"{MAIN}.bin").unlink()
    save_file(PART, tmp_path / f"{MAIN}.fp16.safetensors")
    found = checkpoints.read(tmp_path, bundle)
    assert found.hash == hash_of_part
    assert found.kind == f"2 of 326 tensors of a U-Net ({MAIN}.fp16.safetensors)"
    # Two variants leave a choice that is the user's; the plain name would have been it.
    save_file({NAME: PART[NAME]}, tmp_path / f"{MAIN}.non_ema.safetensors")
    with pytest.raises(InputError, match="the variants fp16, non_ema of"):
        checkpoints.read(tmp_path, bundle)
    save_file(PART, tmp_path / f"{MAIN}.safetensors")
    assert checkpoints.read(tmp_path, bundle).hash == hash_of_part


def test_a_folder_of_both_kinds_and_of_none_is_refused(tmp_path: Path, bundle: Bundle) -> None:
    save_file(PART, tmp_path / "mine.safetensors")
    with pytest.raises(InputError, match=r"it has neither .* but 'mine\.safetensors'; give the"):
        checkpoints.read(tmp_path, bundle)
    save_file(PART, tmp_path / f"{MAIN}.safetensors")
    save_file(PART, tmp_path / "adapter_model.safetensors")
    with pytest.raises(InputError, match=r"holds a U-Net .* and an adapter"):
        checkpoints.read(tmp_path, bundle)
