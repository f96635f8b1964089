"""What a table of runs does not show, and how to see it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from sdd_bench.registry import Registry
from sdd_bench.runs.identity import IMPORTED
from sdd_bench.runs.run import Run


def remarks(runs: Sequence[Run], plugins: Registry) -> list[str]:
    """A sentence for each run that is not done, and for each score that nobody here can name."""
    return [*_unfinished(runs), *_unnamed(runs, plugins)]


def _unfinished(runs: Sequence[Run]) -> Iterator[str]:
    for run in runs:
        facts, scored = run.facts(), bool(run.measures() or run.sets())
        if scored and facts.finished is not None:
            continue
        there = len(run.stored())
        if scored and there >= facts.images:
            continue
        of = f" of {facts.images}" if there < facts.images else ""
        yield (
            f"{run.spec.method} on {run.spec.suite}: {there}{of} images, "
            f"{'not all of them' if scored else 'not'} scored yet: {_remedy(run)}."
        )


def _remedy(run: Run) -> str:
    if run.spec.numerics == IMPORTED and run.facts().finished is not None:
        return f"`sdd-bench score {shlex.quote(str(run.folder))} --metric NAME` does it"
    return "run the same command again"


def _unnamed(runs: Sequence[Run], plugins: Registry) -> Iterator[str]:
    """Scores of metrics that were given as a file: which one, only the user knows."""
    definitions = [definition for definition, _ in plugins.definitions().values()]
    known = {name for each in definitions for name in (each.measure, each.name)}
    stored = Counter(name for run in runs for name in run.measures() | set(run.sets()))
    for name in sorted(set(stored) - known):
        yield (
            f"{name} is stored of {_runs(stored[name])} and not shown, as no installed metric "
            "measures it: `sdd-bench score RUN --metric FILE.py:NAME` shows it, and computes "
            "nothing again."
        )


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
