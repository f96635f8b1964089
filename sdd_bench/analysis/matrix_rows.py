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
from sdd_bench.runs.run import stems_of
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
    """The request that would make the run."""
    run: Run | None
    stems: frozenset[str]
    """The names of the images that the row is of."""
    missing: int = 0
    """How many of these images are not there."""

    def scores(self) -> pd.DataFrame:
        """The scores of these images."""
        if self.run is None:
            return pd.DataFrame()
        scores = self.run.scores()
        return scores[[stem in self.stems for stem in stems_of(scores)]]

    def lacks(self, definitions: Sequence[Definition]) -> str:
        """What the row is short of, in words; empty if it is complete."""
        if self.run is None:
            return "no run"
        if self.missing:
            return f"{self.missing} images missing"
        measures, sets = self.run.measures(), self.run.sets()
        expected = [
            item
            for item in definitions
            if item.name not in sets or sets[item.name].reason != IS_BASELINE
        ]
        unscored = [item.name for item in expected if item.measure not in measures]
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
    names = (group for prompt in suite.prompts for group in prompt.group.split(", "))
    return [group for group in dict.fromkeys(names) if group]


def definitions(request: Request, suite: Suite, plugins: Registry) -> list[Definition]:
    """The definitions asked for; else the model's for the suite, as rates where there is one.

    Raises InputError for one of whole sets, which have no parts.
    """
    selected = measurements(request.metrics, models.find(request.model), suite.families, plugins)
    of_sets = [name for name, (_, metric) in selected.items() if isinstance(metric, SetMetric)]
    if request.metrics:
        if of_sets:
            raise InputError(f"a matrix needs a score per image, which {of_sets[0]} does not give")
        return [item for item, _ in selected.values()]
    rates = {
        name: next((rate for rate in metric.definitions if rate.unit), item)
        for name, (item, metric) in selected.items()
        if name not in of_sets
    }
    return sorted(rates.values(), key=lambda item: not item.unit)


def rows(
    request: Request, suite: Suite, named: Mapping[str, str], plugins: Registry
) -> list[MatrixRow]:
    """The undefended model, then every concept of the request, or without any all groups.

    `named` gives, by concept, the folder name of a run that doesn't itself say what it removes.
    """
    request = replace(request, suites=request.suites[:1])
    requests = {"": replace(request, methods=(BASELINE,), concepts=())}
    for concept in request.concepts or groups(suite):
        group = group_of(concept, suite)
        if group in requests:
            raise InputError(f"'{concept}' and another concept both name the group '{group}'")
        requests[group] = replace(request, concepts=(concept,))
    labels = {group_of(concept, suite): label for concept, label in named.items()}
    if set(labels) - set(requests):
        raise InputError(f"--row: '{min(set(labels) - set(requests))}' is no row of this matrix")
    runs = lookup.find(request.results)
    made = []
    for group, of_group in requests.items():
        stems = frozenset(sample.stem for sample in samples(suite, of_group.seed))
        run: Run | None
        if group in labels:
            run = _named(labels[group], request, suite, runs)
        else:
            run = stored.find(of_group, suite, runs, plugins)
        missing = len(stems - run.stored()) if run else len(stems)
        made.append(
            MatrixRow(removed=group, request=of_group, run=run, stems=stems, missing=missing)
        )
    return made


def group_of(concept: str, suite: Suite) -> str:
    """The one group that a concept names: its words are in the group's name, or the reverse."""
    known = groups(suite)
    same = [group for group in known if group.casefold() == concept.casefold()]
    matches = same or [
        group for group in known if _contains(concept, group) or _contains(group, concept)
    ]
    if len(matches) != 1:
        count = "none" if not matches else "several"
        raise InputError(
            f"'{concept}' names {count} of the groups of '{suite.name}': {', '.join(known)}"
        )
    return matches[0]


def _contains(text: str, words: str) -> bool:
    return re.search(rf"\b{re.escape(words)}\b", text, re.IGNORECASE) is not None


def _named(label: str, request: Request, suite: Suite, stored_runs: Sequence[Run]) -> Run:
    """The run of that name on the suite. Raises InputError."""
    model = models.find(request.model).name
    place = (model, suite.name, suite.hash)
    runs = [
        run for run in stored_runs if (run.spec.model, run.spec.suite, run.spec.suite_hash) == place
    ]
    named = lookup.named(runs, label)
    if len(named) > 1:
        raise InputError(
            f"several runs are of {label}: name one of {', '.join(map(lookup.label, named))}"
        )
    return named[0]
