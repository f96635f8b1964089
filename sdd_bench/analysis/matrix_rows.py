"""Which stored runs remove the concept of which group of a suite's prompts, and what they lack."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from sdd_bench import models
from sdd_bench.benchmark import stored
from sdd_bench.benchmark.request import Request, load_suite
from sdd_bench.errors import InputError
from sdd_bench.registry import Registry
from sdd_bench.runs import lookup
from sdd_bench.runs.identity import BASELINE
from sdd_bench.runs.run import stems as stems_of
from sdd_bench.scoring.definitions import measurements
from sdd_bench.scoring.task import IS_BASELINE
from sdd_bench.suites.seeds import samples
from sdd_bench.types import Definition, SetMetric, Suite

if TYPE_CHECKING:
    from sdd_bench.runs.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One row of the matrix, whether or not there is a run for it."""

    removed: str
    """The group whose concept it removes; empty: nothing."""
    request: Request
    """That would make it."""
    run: Run | None
    stems: frozenset[str]
    """The images that are wanted."""
    missing: int = 0
    """How many of them are not there."""

    def scores(self) -> pd.DataFrame:
        """What the wanted images have been scored with."""
        if self.run is None:
            return pd.DataFrame()
        scores = self.run.scores()
        return scores[[stem in self.stems for stem in stems_of(scores)]]

    def lacks(self, definitions: Sequence[Definition]) -> str:
        """What a run would have to add to it; empty if nothing."""
        if self.run is None:
            return "no run"
        if self.missing:
            return f"{self.missing} images missing"
        measures, sets = self.run.measures(), self.run.sets()
        expected = [
            each
            for each in definitions
            if each.name not in sets or sets[each.name].reason != IS_BASELINE
        ]
        unscored = [each.name for each in expected if each.measure not in measures]
        if unscored and not self.run.spec.imported:
            return f"not scored with {', '.join(unscored)}"
        whole = not expected or len(self.scores()) == len(self.stems)
        return "" if whole else "images unscored"


def suite_of(request: Request) -> Suite:
    """The suite asked for, which has to have groups. Raises InputError or MissingError."""
    suite = load_suite(request.suites[0], models.find(request.model), request)
    if not groups(suite):
        raise InputError(
            f"the prompts of '{suite.name}' have no groups, which are the columns of a matrix: "
            "give a file with a column 'artist', or name it with --group-column"
        )
    return suite


def groups(suite: Suite) -> list[str]:
    """The groups of a suite's prompts, in the order of their first appearance."""
    found = (group for prompt in suite.prompts for group in prompt.group.split(", "))
    return [group for group in dict.fromkeys(found) if group]


def definitions(request: Request, suite: Suite, plugins: Registry) -> list[Definition]:
    """Those asked for; else the model's for the suite, as rates where there is one.

    Raises InputError for one of whole sets, which have no parts.
    """
    chosen = measurements(request.metrics, models.find(request.model), suite.families, plugins)
    whole = [name for name, (_, metric) in chosen.items() if isinstance(metric, SetMetric)]
    if request.metrics:
        if whole:
            raise InputError(f"a matrix needs a score per image, which {whole[0]} does not give")
        return [item for item, _ in chosen.values()]
    rates = {
        name: next((each for each in metric.definitions if each.unit), item)
        for name, (item, metric) in chosen.items()
        if name not in whole
    }
    return sorted(rates.values(), key=lambda each: not each.unit)


def rows(
    request: Request, suite: Suite, named: Mapping[str, str], plugins: Registry
) -> list[MatrixRow]:
    """The undefended model, then every concept of the request, or without any all groups.

    `named` gives, by concept, the folder name of a run that doesn't itself say what it removes.
    """
    request = replace(request, suites=request.suites[:1])
    wanted = {"": replace(request, methods=(BASELINE,), concepts=())}
    for concept in request.concepts or groups(suite):
        group = group_of(concept, suite)
        if group in wanted:
            raise InputError(f"'{concept}' and another concept both name the group '{group}'")
        wanted[group] = replace(request, concepts=(concept,))
    brought = {group_of(concept, suite): label for concept, label in named.items()}
    if set(brought) - set(wanted):
        raise InputError(f"--row: '{min(set(brought) - set(wanted))}' is no row of this matrix")
    runs = lookup.find(request.results)
    found = []
    for group, each in wanted.items():
        stems = frozenset(sample.stem for sample in samples(suite, each.seed))
        run: Run | None
        if group in brought:
            run = _named(brought[group], request, suite, runs)
        else:
            run = stored.find(each, suite, runs, plugins)
        missing = len(stems - run.stored()) if run else len(stems)
        found.append(MatrixRow(removed=group, request=each, run=run, stems=stems, missing=missing))
    return found


def group_of(concept: str, suite: Suite) -> str:
    """The one group that a concept names: its words are in the group's name, or the reverse."""
    known = groups(suite)
    same = [group for group in known if group.casefold() == concept.casefold()]
    found = same or [
        group for group in known if _contains(concept, group) or _contains(group, concept)
    ]
    if len(found) != 1:
        count = "none" if not found else "several"
        raise InputError(
            f"'{concept}' names {count} of the groups of '{suite.name}': {', '.join(known)}"
        )
    return found[0]


def _contains(text: str, words: str) -> bool:
    return re.search(rf"\b{re.escape(words)}\b", text, re.IGNORECASE) is not None


def _named(label: str, request: Request, suite: Suite, stored_runs: Sequence[Run]) -> Run:
    """The run of that name on the suite. Raises InputError."""
    model = models.find(request.model).name
    place = (model, suite.name, suite.hash)
    runs = [
        each
        for each in stored_runs
        if (each.spec.model, each.spec.suite, each.spec.suite_hash) == place
    ]
    found = lookup.named(runs, label)
    if len(found) > 1:
        raise InputError(
            f"several runs are of {label}: name one of {', '.join(map(lookup.label, found))}"
        )
    return found[0]
