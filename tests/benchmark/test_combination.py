"""Combinations: what their names say, and that they are their parts, one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sdd_bench import registry
from sdd_bench.benchmark import combination, preflight, stored
from sdd_bench.benchmark.combination import Part
from sdd_bench.benchmark.request import Options
from sdd_bench.benchmark.selection import SelectedMethod, choose
from sdd_bench.diffusion.loading import single_precision
from sdd_bench.errors import InputError
from sdd_bench.training import checkpoints
from sdd_bench.training.edits import View
from support.runs import images
from support.shell import Shell
from support.training import forget

SCORED = ("--metric", "nude/miniature@0.7")


def chosen(name: str, **given: object) -> SelectedMethod:
    return choose(name, Options(**given), registry.scan())  # type: ignore[arg-type]


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("sdd", [("sdd", ())]),
        ("sdd+sld-medium", [("sdd", ()), ("sld-medium", ())]),
        ("esd-x-3+neg", [("esd-x-3", ()), ("sd-neg", ())]),
        ("uce(nudity)+uce(van gogh; a+b)", [("uce", ("nudity",)), ("uce", ("van gogh", "a+b"))]),
        ("sdd+/no/such.py:Name", [("sdd", ()), ("/no/such.py:Name", ())]),
    ],
)
def test_a_name_is_read_part_by_part(name: str, parts: list[tuple[str, tuple[str, ...]]]) -> None:
    expected = tuple(Part(name=each, concepts=concepts) for each, concepts in parts)
    assert combination.parts(name) == expected


def test_a_plus_in_a_folder_is_no_combination(tmp_path: Path) -> None:
    folder = tmp_path / "a+b (1)"
    folder.mkdir()
    path = f"{forget(folder)}"
    assert combination.parts(path) == (Part(name=path),)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sdd+", "has an empty part"),
        ("+".join(["uce"] * 9), "has 9 parts"),
        ("sdd+nope", "no method named 'nope'"),
        ("sld-max+neg", "'sld-max' and 'sd-neg' both guide"),
        ("sld-max+sdd", "'sld-max' guides and leaves no weights to go on from: write it last"),
        ("sdd+sd", "'sd' removes nothing: leave it out"),
        ("sd(nudity)", "'sd' removes nothing"),
        ("uce()", "a part with concepts of its own is like"),
        ("uce(a)b", "a part with concepts of its own is like"),
        ("uce(a; A)", "a concept is given twice"),
    ],
)
def test_what_cannot_be_combined_is_refused_in_a_sentence(name: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        chosen(name)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_brought_weights_and_weights_of_its_own_are_refused() -> None:
    with pytest.raises(InputError, match="with a checkpoint give 'sld-medium' alone"):
        chosen("sdd+sld-medium", checkpoint=Path("x.safetensors"))


# --- identity -------------------------------------------------------------------------------------


def test_both_spellings_of_a_negative_prompt_are_one_method() -> None:
    short, long = chosen("uce+neg"), chosen("uce+sd-neg")
    assert short == long
    assert short.name == "uce+neg"


def test_the_last_part_is_as_alone_and_says_on_whose_weights_it_runs() -> None:
    both, alone, first = chosen("sdd+sld-max"), chosen("sld-max"), chosen("sdd")
    made = dict(both.parameters).pop("on_weights_of")
    assert made == {
        "method": "sdd", "parameters": first.parameters, "concepts": first.concepts,
    }  # fmt: skip
    own = {name: value for name, value in both.parameters.items() if name != "on_weights_of"}
    assert (own, both.concepts, both.method) == (alone.parameters, alone.concepts, alone.method)


def test_concepts_of_a_part_are_its_own_and_others_get_those_asked_for() -> None:
    found = chosen("uce(blood)+uce", concepts=("van gogh",))
    assert [part.concepts for part in found.chain] == [("blood",), ("van gogh",)]
    assert found.name == "uce(blood)+uce"
    assert chosen("uce(blood)") == chosen("uce", concepts=("blood",))


def test_a_parameter_is_set_in_every_part_that_has_it() -> None:
    found = chosen("uce+sld-max", parameters={"scale": "5", "stay": "0.1"})
    assert found.name == "uce stay=0.1+sld-max scale=5"


# --- its parts, one after the other ---------------------------------------------------------------


def test_guidance_on_an_edit_is_the_guidance_on_its_checkpoint(shell: Shell) -> None:
    both = shell.run(*SCORED, "--method", "uce", "--method", "uce+neg", method="sd-neg")
    assert both.code == 0, both.err
    assert "uce+neg (nudity, sexual)" in both.out
    (checkpoint,) = shell.results.glob("trained/*/uce-*/checkpoint.safetensors")
    assert shell.run(*SCORED, "--checkpoint", checkpoint, method="sd-neg").code == 0
    apart = [
        run for run in stored.runs_in(shell.results) if run.spec.method == "sd-neg"
        and run.spec.checkpoint
    ]  # fmt: skip
    assert images(shell.stored("uce+neg")) == images(apart[0])
    assert images(shell.stored("uce+neg")) != images(shell.stored("uce"))
    again = shell.run(*SCORED, "--method", "uce", "--method", "uce+neg", method="sd-neg")
    assert again.err == ""


def test_a_sequence_starts_from_the_weights_before(shell: Shell, tmp_path: Path) -> None:
    """Both parts are in its checkpoint, which alone gives the same images."""
    training = forget(tmp_path)
    name = f"uce(blood)+{training}"
    assert shell.run(*SCORED, method=name).code == 0
    (first,) = shell.results.glob("trained/*/uce-*/checkpoint.safetensors")
    (second,) = shell.results.glob("trained/*/forget-*/checkpoint.safetensors")
    edited, both = load_file(first), load_file(second)
    alone = shell("train", "--method", training, "--device", "cpu", "--results", tmp_path / "alone")
    assert alone.code == 0
    (plain,) = (tmp_path / "alone").glob("trained/*/forget-*/checkpoint.safetensors")
    trained = load_file(plain)
    # All of both parts is in it, so that the file alone is the result.
    assert set(both) == set(edited) | set(trained)
    assert any(not both[each].equal(trained[each]) for each in trained)
    run = shell.stored("uce(blood)+forget:Forget")
    assert shell.run(*SCORED, "--checkpoint", second).code == 0
    (theirs,) = (
        each for each in stored.runs_in(shell.results)
        if each.spec.method == "sd" and each.spec.checkpoint
    )  # fmt: skip
    assert theirs.spec.checkpoint == run.spec.checkpoint
    assert images(theirs) == images(run)
    refused = shell.run_fails(2, *SCORED, "--checkpoint", second, method=training)
    assert "was made as uce+forget:Forget, not as forget:Forget" in refused


def test_the_second_edit_is_that_of_a_model_with_the_first(shell: Shell) -> None:
    assert shell.run(*SCORED, method="uce(blood)+uce(nudity)").code == 0
    paths = sorted(shell.results.glob("trained/*/uce-*/checkpoint.safetensors"))
    assert len(paths) == 2
    bundle = preflight.load(Options(device="cpu"))
    read = [checkpoints.read(path, bundle) for path in paths]
    first, second = sorted(read, key=lambda each: len(each.origin.parts if each.origin else ()))
    method = chosen("uce").method
    with single_precision(), checkpoints.applied(bundle, first):
        found = method.edit(View(bundle, ("nudity",)), torch.Generator())  # type: ignore[attr-defined]
    assert found.keys() == second.tensors.keys()
    assert all(found[each].float().equal(second.tensors[each]) for each in found)
