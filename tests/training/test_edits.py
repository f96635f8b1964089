"""Edits: what they see, what they leave, and what is refused of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Generator

from sdd_bench import models
from sdd_bench.diffusion import loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.plugins import PluginError
from sdd_bench.training import checkpoints
from sdd_bench.training.edits import View, edit
from sdd_bench.types import Editable
from support.device import double
from support.edits import RECIPES, method
from support.training import SEVERAL, spec_of


@dataclass(frozen=True)
class Given:
    """An edit that gives what a function makes of the model."""

    made: Callable[[Editable], Any]
    concepts: tuple[str, ...] = ("nudity",)
    recipes: Mapping[str, Any] = None  # type: ignore[assignment]

    def edit(self, model: Editable, generator: Generator) -> Any:
        return self.made(model)


# --- what an edit sees ----------------------------------------------------------------------------


def test_an_edit_sees_the_matrices_that_read_texts_in_double_precision(bundle: Bundle) -> None:
    view = View(bundle, ("nudity",))
    own = dict(bundle.unet.named_parameters())
    # Seven blocks of the miniature read texts, each with keys and values.
    assert len(view.matrices) == 14
    assert list(view.matrices) == sorted(view.matrices)
    for name, matrix in view.matrices.items():
        assert "attn2.to_k" in name or "attn2.to_v" in name
        assert matrix.dtype == torch.float64
        assert torch.equal(matrix, own[name].double())
        matrix.zero_()
    view.states("nudity").zero_()
    fresh = View(bundle, ())
    assert all(float(each.norm()) > 0 for each in fresh.matrices.values())
    assert float(fresh.states("nudity").norm()) > 0


def test_the_last_word_is_before_the_end_mark(bundle: Bundle) -> None:
    view = View(bundle, ())
    for text, position in {
        "": 0,
        " ": 0,
        "nudity": 1,
        "nudity nudity": 2,
        "cat " * 200: 75,
    }.items():
        assert view.last(text) == position
    # Behind a causal mask the first state is that of the begin mark, whatever follows.
    assert torch.allclose(view.states("")[0], view.states("nudity")[0], atol=1e-5)
    assert view.states("red cat").shape == (77, 128)


def test_a_concept_that_is_cut_off_is_refused(bundle: Bundle) -> None:
    concept = "cat " * 100
    with pytest.raises(InputError, match="don't fit"):
        View(bundle, (concept,)).states(concept)


# --- what an edit leaves --------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "of"), RECIPES)
def test_an_edit_is_an_ordinary_checkpoint_of_the_same_bytes(
    name: str, of: str, bundle: Bundle, tmp_path: Path
) -> None:
    spec = spec_of(SEVERAL, name)
    first, again = (
        edit(bundle, method(name, of), spec, tmp_path / folder) for folder in ("a", "b")
    )
    assert first.read_bytes() == again.read_bytes()
    held = load_file(first)
    found = method(name, of).edit(View(bundle, SEVERAL), Generator().manual_seed(0))
    assert held.keys() == found.keys()
    assert {each.dtype for each in held.values()} == {torch.float32}
    if name != "speed":  # whose noise is of another seed
        assert all(torch.equal(held[key], found[key].float()) for key in found)
    facts = json.loads(first.with_name("train.json").read_text())
    assert facts["spec"]["method"] == name
    assert facts["finished"]


def test_another_seed_is_another_edit_where_something_is_random(
    bundle: Bundle, tmp_path: Path
) -> None:
    for name, same in (("uce", True), ("speed", False)):
        one, other = (
            load_file(edit(bundle, method(name), spec_of(("nudity",), name, seed), tmp_path))
            for seed in (1, 2)
        )
        assert all(torch.equal(one[key], other[key]) for key in one) is same


def test_a_stored_edit_is_not_made_again_and_a_damaged_one_is(
    bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = spec_of(("nudity",), "uce")
    path = edit(bundle, method("uce"), spec, tmp_path)
    whole = path.read_bytes()
    refuse: Any = Given(lambda model: pytest.fail("the edit was made again"))
    assert edit(bundle, refuse, spec, tmp_path) == path
    path.write_bytes(whole[:-100])
    assert edit(bundle, method("uce"), spec, tmp_path).read_bytes() == whole
    assert "the edit is made again" in caplog.text
    assert path.with_name(f"{path.name}.damaged").exists()


def test_after_a_kill_an_edit_leaves_the_same_bytes(bundle: Bundle, tmp_path: Path) -> None:
    class KilledError(BaseException):
        pass

    def killed(model: Editable) -> Any:
        raise KilledError

    spec = spec_of(("nudity",), "rece")
    dying: Any = Given(killed)
    with pytest.raises((KilledError, PluginError)):
        edit(bundle, dying, spec, tmp_path / "a")
    folder = tmp_path / "a" / spec.folder
    assert [each.name for each in folder.iterdir()] == ["train.json"]
    assert json.loads((folder / "train.json").read_text())["finished"] is None
    again = edit(bundle, method("rece"), spec, tmp_path / "a")
    assert again.read_bytes() == edit(bundle, method("rece"), spec, tmp_path / "b").read_bytes()


def test_an_edit_is_read_as_what_it_is(bundle: Bundle, tmp_path: Path) -> None:
    # As if it were of this model: the small models of tests have no hash.
    spec = spec_of(("nudity",), "uce")
    path = edit(bundle, method("uce"), spec, tmp_path)
    with pytest.raises(InputError, match="was trained on another model"):
        checkpoints.read(path, bundle)


# --- another device, and half precision -----------------------------------------------------------


@pytest.mark.parametrize("name", ["uce", "rece", "speed"])
def test_an_edit_on_another_device_is_that_of_the_cpu(
    name: str, bundle: Bundle, tmp_path: Path
) -> None:
    expected = load_file(edit(bundle, method(name), spec_of(("nudity",), name), tmp_path / "cpu"))
    with double():
        there = loading.load(models.find("miniature"), device="cuda", dtype="float32")
        found = load_file(edit(there, method(name), spec_of(("nudity",), name), tmp_path / "there"))
    for key, matrix in expected.items():
        assert torch.allclose(found[key], matrix, rtol=1e-3, atol=1e-3)


def test_a_model_in_half_precision_is_edited_in_single(tmp_path: Path) -> None:
    half = loading.load(models.find("miniature"), device="cpu", dtype="bfloat16")
    held = load_file(edit(half, method("uce"), spec_of(("nudity",), "uce"), tmp_path))
    assert {each.dtype for each in held.values()} == {torch.float32}


# --- what is refused of an edit -------------------------------------------------------------------


def first(model: Editable) -> str:
    return next(iter(model.matrices))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda model: None, "gave NoneType, not matrices by their names"),
        (lambda model: {}, "gave dict, not matrices by their names"),
        (lambda model: {"conv_in.weight": torch.zeros(1)}, "gave 'conv_in.weight', which is none"),
        (lambda model: {first(model): torch.zeros(2, 3)}, r"gave \(2, 3\) for .*, which is \("),
        (lambda model: {first(model): 3}, "gave int for "),
        (
            lambda model: {first(model): model.matrices[first(model)] / 0},
            "gave numbers that are not finite for ",
        ),
        (
            lambda model: {first(model): model.matrices[first(model)] * 1e300},
            "gave numbers that are not finite for ",
        ),
        (lambda model: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_what_is_no_matrix_of_the_model_is_refused(
    made: Callable[[Editable], Any], said: str, bundle: Bundle, tmp_path: Path
) -> None:
    wrong: Any = Given(made)
    with pytest.raises(PluginError, match=f"test_edits.py:Given.edit {said}"):
        edit(bundle, wrong, spec_of(("nudity",), "given"), tmp_path)
    assert not list(tmp_path.rglob("*.safetensors"))
