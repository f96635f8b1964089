"""Edited methods on the command line: as trained ones, but in one go."""

from __future__ import annotations

from pathlib import Path

from sdd_bench.runs.lookup import find
from support.edits import project
from support.runs import images
from support.shell import Shell
from support.training import checkpoint_of

SCORED = ("--metric", "nude/miniature@0.7")


def test_run_edits_once_and_the_checkpoint_runs_alone(shell: Shell, tmp_path: Path) -> None:
    done = shell.run(*SCORED, method="uce")
    assert done.code == 0, done.err
    assert "uce (nudity)" in done.out
    made = checkpoint_of(shell)
    written = made.stat().st_mtime_ns
    assert shell.run(*SCORED, method="uce").code == 0
    assert made.stat().st_mtime_ns == written
    assert [each.name for each in sorted(made.parent.iterdir())] == [made.name, "train.json"]
    (edited,) = find(shell.results)
    assert edited.spec.parameters["anchor"] == " "
    assert edited.spec.concepts == ("nudity",)
    done = shell.run(*SCORED, "--checkpoint", made, method="sd")
    assert f"{made} is taken for uce, edited by sdd-bench" in done.err
    alone = next(run for run in find(shell.results) if run.spec.method == "sd")
    assert images(alone) == images(edited)
    assert alone.spec.checkpoint == edited.spec.checkpoint is not None
    line = shell.run_fails(2, *SCORED, "--checkpoint", made, method="rece")
    assert f"{made} was trained as uce, not as rece: give --method uce" in line


def test_train_stops_after_an_edit_and_recipes_and_concepts_are_others(
    shell: Shell, tmp_path: Path
) -> None:
    name = project(tmp_path)
    common = ("train", "--method", name, "--device", "cpu", "--results", shell.results)
    done = shell(*common)
    assert done.out == f"project:Project: {checkpoint_of(shell)}\n"
    for more in (("--recipe", "half"), ("--concept", "violence"), ("--trainable", "xattn")):
        assert shell(*common, *more).code == 0
    # Which tensors learn is a question of trainings alone.
    assert len(list(shell.results.glob("trained/miniature/*/checkpoint.safetensors"))) == 3
    assert "no recipe named 'paper'" in shell.fails(2, *common, "--recipe", "paper")


def test_an_edit_has_no_curve(shell: Shell) -> None:
    said = shell.fails(
        2, "train", "--method", "uce", "--curve", shell.folder / "toy.csv", "--device", "cpu",
        "--results", shell.results,
    )  # fmt: skip
    assert "'uce' is edited in one go" in said
    assert not list(shell.results.rglob("*.safetensors"))


def test_an_edit_without_recipes_is_no_plain_guidance(shell: Shell, tmp_path: Path) -> None:
    name = project(tmp_path)
    path = Path(name.rpartition(":")[0])
    path.write_text(path.read_text().replace("def recipes", "def others"))
    assert "Project has `edit`, but it lacks recipes" in shell.run_fails(2, *SCORED, method=name)


def test_what_an_edit_gives_wrong_is_one_sentence(shell: Shell, tmp_path: Path) -> None:
    name = project(tmp_path, instead="{'conv_in.weight': empty}")
    line = shell.run_fails(4, *SCORED, method=name)
    assert "project.py:Project.edit gave 'conv_in.weight', which is none of the matrices" in line
