"""The texts of prompts: no command repeats them, wherever it writes."""

from __future__ import annotations

import csv
import logging

import pytest

from sdd_bench.progress import log
from support.shell import Answer, Shell

TEXT = "a zorblatt of quuxmere"
"""What stands in every prompt, and in nothing else."""

FAILS = """
import numpy as np
from sdd_bench.types import Definition

class Fails:
    definitions = (Definition(name="fails/here", better="lower", tolerance=1.0, source="a test"),)

    def score(self, images):
        raise ValueError("not these")
"""

METRICS = ("--metric", "nude/miniature@0.7", "--metric", "clip/miniature")


def has_text(content: str | bytes) -> bool:
    """Whether one of the two strange words is in it, in whatever case."""
    words = content.lower() if isinstance(content, str) else content.lower().decode("latin-1")
    return any(word in words for word in ("zorblatt", "quuxmere"))


@pytest.fixture
def private(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A suite of such texts, one of them too long for the text encoder; a log that says all."""
    with (shell.folder / "private.csv").open("w", newline="") as file:
        rows = [["one", TEXT], ["two", f"{TEXT} " * 30], ["three", f'"{TEXT}"\x1b[31m']]
        csv.writer(file).writerows([["id", "text"], *rows])
    monkeypatch.setattr(log.LINES, "latest", float("-inf"))
    return shell


def said(shell: Shell, *arguments: object, code: int = 0) -> str:
    """All that a command says; it ends with that code."""
    answer: Answer = shell(*arguments)
    assert answer.code == code, answer.err
    return answer.out + answer.err


def test_nothing_that_is_shown_or_published_has_the_text_of_a_prompt(
    private: Shell, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder, results = private.folder, ("--results", private.results)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    (folder / "fails.py").write_text(FAILS)
    caplog.set_level(logging.DEBUG)
    made = private.run("--limit", 3, "--method", "sd-neg", *METRICS, suite="private.csv")
    assert made.code == 0, made.err
    run = private.stored("sd-neg")
    picture = run.folder / "images" / "one_0000.png"
    picture.write_bytes(picture.read_bytes()[:100])
    again = private.run("--limit", 3, "--method", "sd-neg", *METRICS, suite="private.csv")
    assert again.code == 0, again.err
    assert "one_0000.png" in again.err  # which was damaged: that is named by its id
    judge = ("score", run.folder, "--metric")
    gate = ("gate", "--baseline", folder / "baseline.json", *results)
    shown = [
        *(made.out, made.err, again.out, again.err),
        said(private, *judge, f"{folder / 'fails.py'}:Fails", code=4),
        said(private, *judge, "harm/miniature@0.7"),
        said(private, *gate, "--update"),
    ]
    run.write_scores(run.scores().assign(**{"clip/miniature": 0.0}))
    forms = ("text", "markdown", "csv", "json", "html", "latex")
    shown += [
        said(private, *gate, "--junit", folder / "gate.xml", code=1),
        said(private, "compare", "sd", "sd-neg", *results),
        *(said(private, "table", *results, "--format", form) for form in forms),
    ]
    assert not [each for each in (*shown, caplog.text) if has_text(each)]

    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"summary.md", "gate.xml", "baseline.json", "run.json"} <= {path.name for path in files}
    private_files = {"private.csv", "scores.parquet"}
    told = [path for path in files if has_text(path.read_bytes())]
    assert {path.name for path in told} <= private_files

    # What is looked for would be found: it is where it belongs, and nowhere else.
    assert has_text((folder / "private.csv").read_bytes())
    assert run.scores()["prompt"].map(has_text).all()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"id,text\none,{TEXT}\none,{TEXT} 2\n", "the id 'one' is taken"),
        (f"id,text,seed\none,{TEXT}\n", "2 cells for the 3 columns"),
        (f'id,text\none,"{TEXT}\n', "line 2"),
        (f"id,text,seed\none,{TEXT},-1\n", "is not an integer"),
        (f"id,text\none,{TEXT}\x00\n", "a zero byte"),
    ],
)
def test_an_error_in_a_file_of_prompts_names_the_row_and_not_its_text(
    shell: Shell, content: str, words: str
) -> None:
    (shell.folder / "wrong.csv").write_text(content)
    error = shell.run_fails(2, suite="wrong.csv")
    assert words in error
    assert not has_text(error)
