"""The matrix of removed against prompted concepts, where there are runs of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sdd_bench.analysis import matrix
from sdd_bench.analysis.matrix_rows import MatrixRow, group_of, groups
from sdd_bench.benchmark.request import Request
from sdd_bench.errors import InputError
from sdd_bench.registry import Registry
from sdd_bench.types import Definition, Prompt, SetMetric, Suite

from . import tables
from .content import Source, undefended
from .payload import Table

FEWEST = 2
"""Removed groups that make a matrix."""


def matrices(sources: Sequence[Source], plugins: Registry) -> list[Table]:
    """A table per definition of each method that has removed one group of a suite after another,
    where the undefended model has been run too.
    """
    places = {(each.run.spec.digest, each.run.spec.model): at for at, each in enumerate(sources)}
    made = []
    for suite, rows, members in _candidates(sources):
        definitions = _definitions(members, plugins)
        tidy = matrix.frame(rows, definitions, suite)
        made += [
            tables.of_matrix(page, matrix.lines(part), places)
            for page, (_, part) in zip(
                matrix.pages(tidy), tidy.groupby("definition", sort=False), strict=True
            )
        ]
    return made


def _candidates(
    sources: Sequence[Source],
) -> Iterator[tuple[Suite, list[MatrixRow], list[Source]]]:
    """Suite, rows and runs of each matrix."""
    known: dict[tuple[object, ...], dict[str, Source]] = {}
    suites: dict[tuple[str, str, str], Suite] = {}
    for source in sources:
        spec = source.run.spec
        if len(spec.concepts) != 1 or not undefended(sources, source):
            continue
        suite = suites.setdefault(source.place, _suite(undefended(sources, source)[0][1]))
        try:
            group = group_of(spec.concepts[0], suite)
        except InputError:
            continue
        known.setdefault((source.place, spec.method, spec.settings), {}).setdefault(group, source)
    for removed in known.values():
        if len(removed) < FEWEST:
            continue
        first = next(iter(removed.values()))
        suite = suites[first.place]
        ordered = {"": undefended(sources, first)[0][1]}
        ordered |= {group: removed[group] for group in groups(suite) if group in removed}
        yield suite, [_row(*each) for each in ordered.items()], list(ordered.values())


def _suite(source: Source) -> Suite:
    scores = source.scored.scores
    columns = zip(scores["prompt_id"], scores["prompt"], scores["group"], strict=True)
    prompts = {str(key): (str(text), str(group)) for key, text, group in columns}
    return Suite(
        name=source.run.spec.suite,
        prompts=tuple(
            Prompt(id=key, text=text, group=group) for key, (text, group) in prompts.items()
        ),
    )


def _row(removed: str, source: Source) -> MatrixRow:
    spec = source.run.spec
    return MatrixRow(
        removed=removed,
        request=Request(methods=(spec.method,), suites=(spec.suite,)),
        run=source.run,
        stems=frozenset(source.stems),
    )


def _definitions(members: Sequence[Source], plugins: Registry) -> list[Definition]:
    """Those of a score per image that any of the runs has."""
    metrics: Mapping[str, object] = {
        name: metric for name, (_, metric) in plugins.definitions().items()
    }
    every = {item.name: item for source in members for item in source.definitions}
    return [item for name, item in every.items() if not isinstance(metrics[name], SetMetric)]
