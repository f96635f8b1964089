"""Which metrics this process judges a run by, where several processes are at it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path

from sdd_bench.runs import claims
from sdd_bench.runs.run import Run
from sdd_bench.scoring.definitions import Measurements

from . import discarding


def shares(run: Run, selected: Measurements) -> Iterator[Measurements]:
    """The measurements that nobody else is at, and then the others, when those are done.

    Whoever takes them sees what is still to do: nothing is judged twice.
    """
    measures = sorted({item.measure for item, _ in selected.values()})
    with ExitStack() as held:
        own = []
        for measure in measures:
            claim = claims.take(_path(run, measure))
            if claim is not None:
                held.callback(claim.release)
                own.append(measure)
        if own or not selected:
            _let_discard(run)
            yield _of(selected, own)
    others = [measure for measure in measures if measure not in own]
    if others:
        what = f"scoring {run.spec.method} on {run.spec.suite} by {', '.join(others)}"
        with ExitStack() as held:
            # One after the other in one order, so that no two wait for each other.
            for measure in others:
                held.enter_context(claims.held(_path(run, measure), what))
            _let_discard(run)
            yield _of(selected, others)


def _let_discard(run: Run) -> None:
    """Wait for whoever is discarding pictures: who begins now sees that some are judged."""
    with claims.held(discarding.place(run.folder.parent), f"the images of {run.spec.suite}"):
        pass


def _of(selected: Measurements, measures: Collection[str]) -> Measurements:
    return {name: pair for name, pair in selected.items() if pair[0].measure in measures}


def _path(run: Run, measure: str) -> Path:
    """What stands for a measure, whose name no folder could have."""
    return run.folder / f"scoring-{hashlib.sha256(measure.encode()).hexdigest()[:12]}"
