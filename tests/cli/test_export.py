"""The command `export`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from datasets import Dataset, load_from_disk
from huggingface_hub import metadata_load
from safetensors.torch import load_file, save_file

from support.shell import Shell


def test_every_form_of_what_is_there(used: Shell) -> None:
    out = used.folder / "out"
    for form, name in (("model-card", "card.md"), ("lm-eval", "harness"), ("dataset", "set")):
        done = used("export", form, "--results", used.results, "--out", out / name)
        assert (done.code, done.out) == (0, f"{out / name}\n"), done.err
        assert "Saving" not in done.err
    index = (metadata_load(out / "card.md") or {})["model-index"]
    assert [entry["name"] for entry in index] == [
        "miniature, sd",
        "miniature, sd-neg (nudity, sexual)",
    ]
    files = sorted((out / "harness").rglob("results.json"))
    assert len(files) == 2
    assert "nude/miniature@0.7,none" in json.loads(files[0].read_text())["results"]["toy"]
    pictures = load_from_disk(str(out / "set"))
    assert len(pictures) == 4
    assert pictures[0]["image"].size == (64, 64)


def test_what_has_no_value_is_said(used: Shell) -> None:
    done = used(
        "export", "model-card", "sd", "--results", used.results, "--out", used.folder / "card.md"
    )
    # The undefended model is what the distances of the others are from.
    assert "left out: lpips/miniature of sd on toy (is the baseline)" in done.err


def test_only_the_runs_that_are_named(used: Shell) -> None:
    options = ("--results", used.results, "--out", used.folder / "set")
    assert used("export", "dataset", "sd-neg", *options).code == 0
    assert set(load_from_disk(str(used.folder / "set"))["method"]) == {"sd-neg"}
    assert "no run of sdd: there are sd, sd-neg" in used.fails(
        2, "export", "lm-eval", "sdd", "--results", used.results
    )


def test_nothing_is_overwritten(used: Shell) -> None:
    folder = used.folder / "full"
    folder.mkdir()
    (folder / "mine").touch()
    options = ("--results", used.results, "--out", folder)
    for form in ("dataset", "lm-eval"):
        assert "holds something already" in used.fails(2, "export", form, *options)
    assert "is a folder: give --out a file" in used.fails(2, "export", "model-card", *options)
    assert [each.name for each in folder.iterdir()] == ["mine"]


def test_without_runs_it_says_where_to_begin(shell: Shell) -> None:
    line = shell.fails(2, "export", "model-card", "--results", shell.results)
    assert "start with `sdd-bench run`" in line


def test_a_data_set_that_was_interrupted_leaves_nothing(
    used: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(data: Dataset, folder: str) -> None:
        Path(folder).mkdir(exist_ok=True)
        (Path(folder) / "half").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(Dataset, "save_to_disk", cut)
    options = ("--results", used.results, "--out", used.folder / "new" / "set")
    assert used("export", "dataset", *options).code == 130
    monkeypatch.undo()
    assert [*(used.folder / "new").iterdir()] == []
    assert used("export", "dataset", *options).code == 0


def test_a_card_that_is_there_is_added_to(used: Shell) -> None:
    card = used.folder / "README.md"
    card.write_text("---\nlicense: mit\n---\n# Mine\n", encoding="utf-8")
    options = ("export", "model-card", "--results", used.results, "--out", card)
    assert used(*options).code == 0
    assert (metadata_load(card) or {})["license"] == "mit"
    assert card.read_text(encoding="utf-8").endswith("---\n# Mine\n")
    card.write_text("---\na: [\n---\n", encoding="utf-8")
    line = used.fails(2, *options)
    assert line.startswith(f"error: {card}: its metadata cannot be read (")
    assert card.read_text(encoding="utf-8") == "---\na: [\n---\n"


def test_weights_are_exported_as_diffusers_and_as_nothing_else(shell: Shell) -> None:
    weights = shell.folder / "weights.safetensors"
    name = "mid_block.attentions.0.transformer_blocks.0.attn2.to_v.weight"
    save_file({name: torch.zeros(96, 128)}, weights)
    out = shell.folder / "model"
    done = shell("export", "diffusers", "--checkpoint", weights, "--out", out)
    assert (done.code, done.out) == (0, f"{out}\n"), done.err
    assert not load_file(out / "unet" / "diffusion_pytorch_model.safetensors")[name].any()
    for said, given in {
        "give --checkpoint: the weights": ("diffusers",),
        "a form of weights, not of runs": ("diffusers", "sd", "--checkpoint", weights),
        "exported as diffusers, and not as lm-eval": ("lm-eval", "--checkpoint", weights),
        "holds something already": ("diffusers", "--checkpoint", weights, "--out", out),
        "there is no checkpoint": ("diffusers", "--checkpoint", out / "x", "--out", out / "new"),
    }.items():
        assert said in shell.fails(2, "export", *given)
