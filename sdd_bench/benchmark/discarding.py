"""Pictures that go once they are judged: their scores and hashes stay.

No picture goes while a process is judging any of the suite. Who judges has a claim in the run's
folder and then waits for `discarding`; who discards has a claim on that and then looks for the
others': whoever comes second sees the first, and nobody waits for somebody who waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from sdd_bench import files
from sdd_bench.runs import changes, claims
from sdd_bench.runs.claims import Claim
from sdd_bench.runs.records import RUN
from sdd_bench.runs.run import Run
from sdd_bench.scoring.discarded import judged
from sdd_bench.scoring.task import Task


@contextmanager
def judging(run: Run) -> Iterator[None]:
    """Within it no picture of the run's suite goes."""
    claim = _seat(run)
    try:
        # Who begins to discard now sees that some are judged; who has begun is waited for.
        with claims.held(place(run.folder.parent), f"the images of {run.spec.suite}"):
            pass
        yield
    finally:
        claim.release()


def _seat(run: Run) -> Claim:
    """The first free place of those who judge a run: any number may."""
    for number in count():
        claim = claims.take(run.folder / f"judging-{number}")
        if claim is not None:
            return claim
    raise AssertionError("there is a place for everybody")


def discard(tasks: Sequence[Task]) -> None:
    """Remove the pictures of the runs of a suite that their tasks have nothing left to see of.

    Those of the baseline stay while an image of another run is to be compared with them.
    """
    suite, what = tasks[0].run.folder.parent, f"the images of {tasks[0].run.spec.suite}"
    while True:
        with claims.held(place(suite), what):
            busy = [path for folder in _runs(suite) for path in claims.others_in(folder)]
            if not busy:
                done = {task.run.folder: judged(task) for task in tasks}
                for task in tasks:
                    if task.baseline is not None and task.baseline.folder != task.run.folder:
                        gone = task.run.discarded(task.samples)
                        left = {each.stem for each in task.samples} - done[task.run.folder] - gone
                        done.get(task.baseline.folder, set()).difference_update(left)
                for task in tasks:
                    _remove(task.run, done[task.run.folder])
                return
        claims.until_free(busy, what)


def place(suite: Path) -> Path:
    """What stands for the pictures of a suite's runs."""
    return suite / "discarding"


def _runs(suite: Path) -> list[Path]:
    return [path for path in files.find(suite, "*") if files.exists(path / RUN)]


def _remove(run: Run, stems: Collection[str]) -> None:
    paths = [path for path in files.find(run.folder / "images", "*.png") if path.stem in stems]
    if not paths:
        return
    # First, so that what is removed is never taken for something that got lost.
    changes.facts(run, lambda known: replace(known, discarded=True))
    with files.writing(run.folder / "images"):
        for path in paths:
            path.unlink(missing_ok=True)
