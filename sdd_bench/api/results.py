"""What the functions return: numbers that show themselves as pages, in a notebook and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench import formats
from sdd_bench.formats.page import WIDTH, Page

if TYPE_CHECKING:
    import pandas as pd

    from sdd_bench.benchmark.request import Request
    from sdd_bench.gating.gate import GateReport
    from sdd_bench.registry import Registry
    from sdd_bench.runs.run import Run


@dataclass(frozen=True, kw_only=True, repr=False)
class Result:
    """Numbers, and the pages that show them."""

    pages: tuple[Page, ...]
    """One table or several of the same numbers."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per value, with its interval, n, and the reason for a missing one."""
        return self.pages[0].tidy

    def render(self, format: str = "text", *, width: int = WIDTH) -> str:  # noqa: A002
        """The pages in a format of `sdd_bench.formats`; csv and json hold the numbers instead.

        Raises InputError for another format.
        """
        # Several pages share their numbers.
        pages = self.pages[:1] if format in {"csv", "json"} else self.pages
        return "\n".join(formats.render(page, format, width=width) for page in pages)

    def __str__(self) -> str:
        return self.render()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return "\n".join(formats.fragment(page) for page in self.pages)


@dataclass(frozen=True, kw_only=True, repr=False)
class RunResult(Result):
    """Runs, and the table of their values."""

    runs: tuple[Run, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class ImportResult(RunResult):
    """The run of imported images, and how they were named."""

    files: int
    naming: str
    """In words: which part of a file's name says which image it is."""

    def __str__(self) -> str:
        (run,) = self.runs
        return (
            f"{self.files} files, named {self.naming}\n"
            f"{run.spec.method} on {run.spec.suite}: {run.folder}"
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class TrainResult(Result):
    """Checkpoints of trained methods."""

    checkpoints: Mapping[str, Path]
    """By method."""
    curves: pd.DataFrame | None = None
    """Scores along the training, one row per value, if a curve was asked for."""
    files: tuple[Path, ...] = ()
    """The curves as a table and as plots."""


@dataclass(frozen=True, kw_only=True, repr=False)
class MatrixResult(Result):
    """The matrix of what is removed against what is prompted, and what it lacks."""

    rows: int
    """How many there should be."""
    lacking: Mapping[str, tuple[str, Request]]
    """By removed concept (empty: undefended) what its row lacks, and the request that makes it."""

    def __str__(self) -> str:
        lines = [f"{row or 'undefended'}: {what}" for row, (what, _) in self.lacking.items()]
        return "\n".join([*([self.render()] if self.pages else []), *lines])


@dataclass(frozen=True, kw_only=True, repr=False)
class GateResult(Result):
    """The verdict of a gate, check by check."""

    report: GateReport
    """Every check, and what was written."""

    @property
    def passes(self) -> bool:
        """Whether nothing has drifted."""
        return self.report.passes

    def __str__(self) -> str:
        written = self.report.update
        if written is None:
            return self.render()
        return f"{self.render()}{written}"


def table_of(
    runs: Sequence[Run], plugins: Registry, metrics: Sequence[str] = (), *, by_group: bool = False
) -> RunResult:
    """The table of runs, of all their metrics or of those named; of all, also what it lacks."""
    from sdd_bench.analysis import table

    page = table.of_runs(runs, plugins, metrics, by_group=by_group)
    return RunResult(pages=(page,), runs=tuple(runs))
