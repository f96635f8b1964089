"""Models: which names are one, and which suites stand in for which."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdd_bench import models
from sdd_bench.errors import InputError


def test_a_suite_goes_by_the_name_it_stands_in_for() -> None:
    """`run --suite coco30k` means miniature/coco30k, so the name means that afterwards too."""
    assert models.matches_suite("miniature/coco30k", "miniature", ("i2p", "coco30k"))
    assert models.matches_suite("miniature/coco30k", "miniature", ("miniature/coco30k",))
    assert not models.matches_suite("miniature/coco30k", "miniature", ("i2p",))
    assert not models.matches_suite("miniature/coco30k", "sd-v1-4", ("coco30k",))


def test_named_models_are_found() -> None:
    assert models.find("miniature") is models.SPECS["miniature"]
    real = models.find("sd-v1-4")
    assert real.source == "CompVis/stable-diffusion-v1-4"
    assert real.revision is not None
    assert len(real.revision) == 40


def test_a_folder_is_a_model_under_its_own_name(copied_miniature: Path) -> None:
    spec = models.find(str(copied_miniature))
    assert (spec.name, spec.source) == ("copied-miniature", str(copied_miniature))
    # It is judged as a Stable Diffusion: its pictures are not taken for the miniature's.
    assert spec.definitions == models.SPECS["sd-v1-4"].definitions


def test_an_owner_and_a_name_are_a_hub_id() -> None:
    spec = models.find("nobody/such-model")
    assert (spec.name, spec.source) == ("nobody/such-model", "nobody/such-model")


@pytest.mark.parametrize("name", ["", " ", "minature", "/no/such", "./no", "~/models", "a/b/c"])
def test_nothing_else_is_a_model(name: str) -> None:
    with pytest.raises(InputError, match=f"no model named '{name}'.*Available: .*miniature"):
        models.find(name)


def test_a_slip_in_a_name_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match="Did you mean 'miniature'"):
        models.find("minature")


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_folder_without_one_of_the_parts_is_no_model(copied_miniature: Path, part: str) -> None:
    shutil.rmtree(copied_miniature / part)
    with pytest.raises(InputError, match=f"it has no folder '{part}'"):
        models.find(str(copied_miniature))


def test_a_folder_that_is_called_like_a_model_is_said_to_be(
    copied_miniature: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert models.folder_of(models.find(str(copied_miniature))) == copied_miniature
    assert not caplog.records
    folder = copied_miniature.rename(tmp_path / "miniature")
    assert models.folder_of(models.find(str(folder))) == folder
    assert "is called like the model 'miniature', and tables call it so too" in caplog.text


def test_weights_that_are_not_loaded_make_no_other_model(copied_miniature: Path) -> None:
    before = models.hash_of(copied_miniature)
    unet = copied_miniature / "unet"
    for beside in ("diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.bin"):
        (unet / beside).write_bytes(b"of half precision")
    assert models.hash_of(copied_miniature) == before
    # Where they are the only ones, they are what is loaded.
    (unet / "diffusion_pytorch_model.safetensors").unlink()
    (unet / "diffusion_pytorch_model.bin").unlink()
    alone = models.hash_of(copied_miniature)
    (unet / "diffusion_pytorch_model.fp16.safetensors").write_bytes(b"others")
    assert len({before, alone, models.hash_of(copied_miniature)}) == 3
