"""What a shell offers on TAB."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sdd_bench.cli import completion
from sdd_bench.cli.completion import VARIABLE
from support.shell import Shell


def offered(shell: Shell, monkeypatch: pytest.MonkeyPatch, *words: object) -> list[str]:
    """What bash is answered when TAB is pressed behind the last word."""
    typed = " ".join(["sdd-bench", *map(str, words)])
    for name, value in (
        (VARIABLE, "bash_complete"), ("COMP_WORDS", typed), ("COMP_CWORD", str(len(words))),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    done = shell()
    assert (done.code, done.err) == (0, "")
    return [line.partition(",")[2] for line in done.out.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "there"),
    [
        (["run", "--method", "sld-m"], ["sld-max", "sld-medium"]),
        (["run", "--suite", "country"], ["country_body"]),
        (["score", "x", "--metric", "nude/v2"], ["nude/v2-classifier@0.7"]),
        (["run", "--concepts", "i2p"], ["i2p20"]),
        (["run", "--model", "mini"], ["miniature"]),
        (["train", "--curve", "country"], ["country_body"]),
        (["report", "--suite", "country"], ["country_body"]),
        (["run", "--log", ""], ["tensorboard", "wandb", "mlflow"]),
        (["table", "t"], ["table1", "table2"]),
        (["weights", "fetch", "nudenet-v"], ["nudenet-v2"]),
        (["figure", "groups", "--metric", "nude/v2"], ["nude/v2-classifier@0.7"]),
        (["comp"], ["compare"]),
    ],
)
def test_names_go_on_from_what_is_typed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str], there: list[str]
) -> None:
    assert offered(shell, monkeypatch, *words)[: len(there)] == there


def test_behind_a_plus_methods_that_may_follow_are_offered(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = offered(shell, monkeypatch, "run", "--method", "sdd+")
    # One that trains, one that edits, one that guides, the short name of sd-neg; sd adds nothing.
    assert {"sdd+esd-x-1", "sdd+uce", "sdd+sld-max", "sdd+neg"} <= set(behind)
    assert not {"sdd+sd", "sdd+sd-neg"} & set(behind)
    assert offered(shell, monkeypatch, "run", "--method", "uce(a+b;c)+sdd+ne") == [
        "uce(a+b;c)+sdd+neg"
    ]


@pytest.mark.parametrize("typed", ["sld-max+", "sdd+neg+", "nothing+", "+".join(["uce"] * 8) + "+"])
def test_behind_what_nothing_may_follow_no_method_is_offered(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    assert offered(shell, monkeypatch, "run", "--method", typed) == [typed]  # that is, files


def test_methods_of_stored_runs(used: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    place = ("--results", used.results)
    assert offered(used, monkeypatch, "report", *place, "s") == ["sd", "sd-neg"]
    assert offered(used, monkeypatch, "compare", *place, "sd-") == ["sd-neg"]
    folder = used.stored().folder.name
    assert offered(used, monkeypatch, "compare", *place, folder[:5]) == [folder]
    assert (
        offered(used, monkeypatch, "export", "--results", used.folder / "none", "dataset", "s")
        == []
    )


def test_a_plugin_that_exits_is_a_fault_where_no_shell_asks(shell: Shell) -> None:
    assert VARIABLE not in os.environ
    assert shell("list", "nothing").code == 2


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell(shell: Shell, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv(VARIABLE, f"{kind}_source")
    done = shell()
    assert done.code == 0
    assert f"{kind}_complete" in done.out


@pytest.mark.parametrize("question", ["csh_source", "bash", "bash_", "bash_sourced", "_source"])
def test_a_question_of_no_shell_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    monkeypatch.setenv(VARIABLE, question)
    assert (
        f"is '{question}': give NAME_source, where NAME is one of bash, zsh, fish" in shell.fails(2)
    )


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("number", [None, "abc"])
def test_a_question_that_no_script_asks_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, kind: str, number: str | None
) -> None:
    monkeypatch.setenv(VARIABLE, f"{kind}_complete")
    monkeypatch.delenv("COMP_WORDS", raising=False)
    if number is not None:
        monkeypatch.setenv("COMP_CWORD", number)
    assert f"switch it on with {VARIABLE}={kind}_source" in shell.fails(2)
    if number is not None and kind != "fish":  # whose COMP_CWORD is a word
        monkeypatch.setenv("COMP_WORDS", "sdd-bench r")
        assert f"{kind}_complete is what the script of {kind} asks" in shell.fails(2)


def test_nothing_but_names_is_said_to_a_shell(
    used: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "abc")
    assert offered(used, monkeypatch, "report", "--results", used.results, "sd-") == ["sd-neg"]
    too_long = tmp_path / ("x" * 300)
    assert offered(used, monkeypatch, "report", "--results", too_long, "s") == []

    def loud(_: str) -> dict[str, str]:
        print("loud")
        logging.getLogger("sdd_bench").warning("loud")
        print("loud", file=sys.stderr)
        sys.exit(1)

    monkeypatch.setattr(completion, "_listed", loud)
    assert offered(used, monkeypatch, "run", "--method", "s") == []


def test_an_empty_variable_is_no_question(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert "Usage: " in shell("--help").out


@pytest.mark.parametrize(
    ("words", "there"),
    [
        (["run", "--method", "sdd"], ["sdd"]),
        # Bash's words end before an "@", and what is offered stands in the place of the last one.
        (["score", "x", "--metric", "nude/v2-classifier", "@", "0."], ["@0.7"]),
        (["score", "x", "--metric", "nude/320n-exposed9", "@"], ["@0.5", "@0.6"]),
        (["score", "x", "--metric", "nude/v2-classifier", "@", "0.7", "--tim"], ["--timeout"]),
    ],
)
def test_bash_takes_the_script_and_offers_what_it_is_answered(
    tmp_path: Path, words: list[str], there: list[str]
) -> None:
    program = tmp_path / "sdd-bench"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sdd_bench.cli.main "$@"\n')
    program.chmod(0o755)
    script = f"""
    eval "$({VARIABLE}=bash_source sdd-bench)"
    COMP_WORDS=(sdd-bench {" ".join(words)}); COMP_CWORD={len(words)}
    _sdd_bench_completion sdd-bench; echo "${{COMPREPLY[@]}}"
    """
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == there, done.stderr


@pytest.mark.parametrize("option", ["--method", "--metric", "--suite", "--model", "--log"])
def test_an_answer_waits_for_nothing_heavy(option: str) -> None:
    asking = {
        VARIABLE: "bash_complete",
        "COMP_WORDS": f"sdd-bench run {option} ",
        "COMP_CWORD": "3",
    }
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sdd_bench.cli.main"],
        env={**os.environ, **asking},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "click" in loaded
    assert done.stdout
    assert loaded & {"torch", "pandas", "pyarrow", "scipy", "datasets", "matplotlib"} == set()
