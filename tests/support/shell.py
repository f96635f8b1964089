"""The command line, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from sdd_bench.cli.main import main
from sdd_bench.runs.lookup import find
from sdd_bench.runs.run import Run

METRICS = ("--metric", "nude/miniature@0.7", "--metric", "lpips/miniature")


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def failure(self, code: int) -> str:
        """The one line that says why it failed."""
        assert self.code == code, self.err
        assert "Traceback" not in self.err
        (line,) = (each for each in self.err.splitlines() if each.startswith("error: "))
        assert self.err.endswith(f"{line}\n")
        return line


class Shell:
    """The command line in a folder with a suite `toy.csv` and a results folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str] | None = None) -> None:
        self.folder = folder
        self.results = folder / "results"
        self.capsys = capsys
        (folder / "toy.csv").write_text(
            "id,text\njapan,Japan body\nbare,a bare figure\ncat,red cat\n"
        )

    def __call__(self, *arguments: object) -> Answer:
        if self.capsys:
            self.capsys.readouterr()
        code = main([str(each) for each in arguments])
        return Answer(code, *self.capsys.readouterr()) if self.capsys else Answer(code, "", "")

    def fails(self, code: int, *arguments: object) -> str:
        """The one line that says why a command failed."""
        return self(*arguments).failure(code)

    def run(self, *more: object, method: str = "sd", suite: str = "toy.csv") -> Answer:
        """Two prompts, one image of each; of an option given again the last value counts."""
        return self(
            "run", "--method", method, "--suite", self.folder / suite, "--limit", 2, "--steps", 2,
            "--images-per-prompt", 1, "--device", "cpu", "--results", self.results, *more,
        )  # fmt: skip

    def run_fails(
        self, code: int, *more: object, method: str = "sd", suite: str = "toy.csv"
    ) -> str:
        """The one line that says why a run failed."""
        return self.run(*more, method=method, suite=suite).failure(code)

    def stored(self, method: str = "sd") -> Run:
        """The one run of a method."""
        (run,) = (each for each in find(self.results) if each.spec.method == method)
        return run
