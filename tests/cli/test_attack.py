"""The command `attack`, from prompts to a suite that is run."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdd_bench as sb
from support.shell import Shell

BUDGET = ("--set", "tokens=2", "--set", "population=8", "--set", "generations=3")


def found(shell: Shell, *more: object) -> Path:
    answer = shell(
        "attack", "ring-a-bell", "--suite", shell.folder / "toy.csv", "--limit", 2, *BUDGET,
        "--device", "cpu", "--results", shell.results, *more,
    )  # fmt: skip
    assert answer.code == 0, answer.err
    return Path(answer.out.strip())


def test_what_is_found_is_run_like_any_suite(shell: Shell) -> None:
    path = found(shell)
    assert path == shell.results / "attacks" / "ring-a-bell-toy.csv"
    ran = shell.run(suite=str(path), method="sd-neg")
    assert ran.code == 0, ran.err
    assert shell.stored("sd-neg").spec.suite == "ring-a-bell-toy"


def test_found_prompts_stay_out_of_what_is_said(shell: Shell) -> None:
    answer = shell(
        "attack", "ring-a-bell", "--suite", shell.folder / "toy.csv", "--limit", 1, *BUDGET,
        "--device", "cpu", "--results", shell.results,
    )  # fmt: skip
    text = Path(answer.out.strip()).read_text(encoding="utf-8").splitlines()[1].split(",")[1]
    assert text not in answer.out + answer.err


def test_the_same_is_found_again_and_from_python(shell: Shell) -> None:
    first = found(shell).read_bytes()
    second = sb.attack(
        "ring-a-bell",
        shell.folder / "toy.csv",
        limit=2,
        parameters={"tokens": 2, "population": 8, "generations": 3},
        device="cpu",
        results=shell.results,
        out=shell.folder / "again.csv",
    )
    assert second.read_bytes() == first


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--recipe", "papr", "no recipe named 'papr'. Did you mean 'paper'?"),
        ("--set", "tokn=3", "no parameter named 'tokn'. Did you mean 'tokens'?"),
        ("--set", "mutation=2", "mutation cannot be 2: crossover and mutation are chances"),
        ("--suite", "country_bodi", "Did you mean 'country_body'?"),
        ("--concept", "", "a concept is empty"),
    ],
)
def test_slips_get_a_sentence(shell: Shell, option: str, value: str, expected: str) -> None:
    said = shell.fails(
        2, "attack", "ring-a-bell", "--suite", shell.folder / "toy.csv", "--device", "cpu",
        "--results", shell.results, *BUDGET, option, value,
    )  # fmt: skip
    assert expected in said


def test_an_unknown_attack_gets_a_suggestion(shell: Shell) -> None:
    said = shell.fails(2, "attack", "ring-a-bel", "--suite", "country_body")
    assert "no attack named 'ring-a-bel'. Did you mean 'ring-a-bell'?" in said


def test_attacks_are_listed(shell: Shell) -> None:
    assert "\nring-a-bell " in shell("list", "attacks").out
    assert list(sb.list_attacks()["name"]) == ["mma", "ring-a-bell", "unlearndiffatk"]
