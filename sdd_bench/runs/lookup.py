"""Which runs there are, and which of two methods belong together."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from sdd_bench import files, registry
from sdd_bench.errors import InputError, SDDBenchError

from .identity import BASELINE, RunSpec
from .records import RUN
from .run import Run

log = logging.getLogger(__name__)


def pairs(runs: Sequence[Run], first: str, second: str) -> list[tuple[Run, Run]]:
    """The runs of two methods that belong together, suite by suite: of the same model, and with
    the same settings where there are such. Raises InputError if there are none or too many.
    """
    ours, theirs = (named(runs, name) for name in (first, second))
    paired = []
    for one in ours:
        others = [other for other in theirs if _place(other) == _place(one) and other is not one]
        same = [other for other in others if other.spec.settings == one.spec.settings]
        paired += [(one, other) for other in same or others]
    if not paired:
        raise InputError(
            f"no suite with runs of both {first} and {second} by one model: there are "
            f"{', '.join(sorted({f'{label(run)} on {run.spec.suite}' for run in runs}))}"
        )
    places = [_place(one) for one, _ in paired]
    for place in places:
        if places.count(place) > 1 and not _settled(paired, place):
            labels = sorted({label(run) for pair in paired for run in pair if _place(run) == place})
            raise InputError(
                f"several runs of {first} or {second} on {place[1]}: name two of "
                f"{', '.join(labels)}"
            )
    return paired


def _settled(paired: Sequence[tuple[Run, Run]], place: tuple[str, ...]) -> bool:
    """Whether the pairs of a place are of runs that each occur once."""
    labels = [label(run) for pair in paired if _place(pair[0]) == place for run in pair]
    return len(labels) == len(set(labels))


def _place(run: Run) -> tuple[str, ...]:
    return run.spec.model, run.spec.suite


def named(runs: Sequence[Run], name: str) -> list[Run]:
    """The runs of a method, or the run whose folder is called so. Raises InputError for none.

    A method from a file may be called as `run` takes it, `file.py:Name`; one on weights of
    somebody's as tables show it, `sd @3fa21b07`. The name of the undefended model alone means no
    others, if it has been run.
    """
    name = registry.label(name)
    matching = [run for run in runs if name in _names(run)]
    if not matching:
        known = sorted({run.spec.method for run in runs})
        raise InputError(f"no run of {name}: there are {', '.join(known)}")
    undefended = [run for run in matching if run.spec.undefended]
    return undefended if name == BASELINE and undefended else matching


def _as_written(spec: RunSpec) -> str:
    """A method with what it removes as `run` takes it: `uce(nudity; blood)`."""
    return f"{spec.method}({'; '.join(spec.concepts)})"


def _names(run: Run) -> set[str]:
    spec = run.spec
    weights = (spec.checkpoint or "")[:8]
    own = {f"{spec.method} @{weights}", f"{spec.method}@{weights}"} if weights else set()
    return {spec.method, _as_written(spec), label(run), spec.digest, *own}


def chosen(runs: Sequence[Run], names: Sequence[str]) -> list[Run]:
    """The runs of these methods and folders, in their order; all without any name.

    Raises InputError for a name of none.
    """
    wanted = {run.folder for name in names for run in named(runs, name)}
    return [run for run in runs if not names or run.folder in wanted]


def label(run: Run) -> str:
    """The name of the run's folder."""
    return run.spec.folder.name


def baseline_of(run: Run) -> Run | None:
    """The run of the undefended model with the same noise, if there is one beside this one."""
    twins = (other for other in beside(run) if other.spec.undefended_twin_of(run.spec))
    return next(twins, None)


def find(results_dir: str | Path, *, whole: bool = False) -> list[Run]:
    """All runs below a results folder, sorted by their folders; with a warning without those that
    are damaged or copies. If the `whole` is wanted, SDDBenchError is raised for a damaged one.
    """
    return _readable(files.find(Path(results_dir), "runs/*/*/*"), whole=whole)


def beside(run: Run) -> list[Run]:
    """All runs of the same model and suite, itself among them, as `find` does."""
    return _readable(files.find(run.folder.resolve().parent, "*"))


def _readable(folders: Iterable[Path], *, whole: bool = False) -> list[Run]:
    """The runs in these folders; one that cannot be read doesn't stand in the way of others."""
    runs: dict[Path, Run] = {}
    for folder in folders:
        try:
            if not files.exists(folder / RUN):
                continue
            run = Run.open(folder)
        except SDDBenchError as error:
            if whole:
                raise
            log.warning("left out: %s", error)
            continue
        first = runs.setdefault(run.spec.folder, run)
        if first is not run:
            # The one whose folder has its name is the run, wherever the alphabet puts the copy.
            copy, kept = (run, first) if _at_home(first) or not _at_home(run) else (first, run)
            runs[run.spec.folder] = kept
            log.warning("left out: %s is a copy of %s: take it away", copy.folder, kept.folder)
    return sorted(runs.values(), key=lambda run: run.folder)


def _at_home(run: Run) -> bool:
    """Whether a run lies where its identity says."""
    return run.folder.resolve().parts[-3:] == run.spec.folder.parts[-3:]
