"""Stored runs as one page to look at. Nothing is generated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .arguments import Names, OptionFields, options_of, place, several
from .reading import paper_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sdd_bench.formats.page import Page
    from sdd_bench.registry import Registry


def report(
    runs: Names = (),
    *,
    out: str | Path = "report.html",
    tables: Names = (),
    suites: Names = (),
    images: bool = True,
    mask: Literal["", "boxes"] = "",
    sources: Mapping[str, str] | None = None,
    preview: bool = False,
    **options: Unpack[OptionFields],
) -> Path:
    """One page that opens anywhere, of the runs of these methods (or run folders): their tables,
    and their pictures, blurred until they are clicked. Returns where it lies.

    Without `runs`, of those of the papers' `tables`, and without these, of all. Raises InputError.
    """
    from sdd_bench import registry
    from sdd_bench.benchmark import stored
    from sdd_bench.reporting.report import Question, write
    from sdd_bench.runs import lookup

    plugins = registry.scan()
    folder = options_of(options).results
    known = stored.runs_in(folder, several(suites, "suite"))
    papers, theirs = _papers(several(tables, "table"), sources or {}, options, plugins, preview)
    names = several(runs, "run")
    chosen = {lookup.label(run) for name in names for run in lookup.named(known, name)}
    if not names and papers:
        chosen = theirs
    question = Question(
        runs=[run for run in known if lookup.label(run) in chosen or not (names or papers)],
        papers=papers,
        images="thumbnails" if images else "none",
        mask=mask,
    )
    path = place(out, "out")
    write(path, question, plugins)
    return path


def _papers(
    names: tuple[str, ...],
    sources: Mapping[str, str],
    options: OptionFields,
    plugins: Registry,
    preview: bool,
) -> tuple[dict[str, Page], set[str]]:
    """The papers' tables by name, and the names of the folders of their runs."""
    from sdd_bench.papers.needs import states_of
    from sdd_bench.papers.table import page
    from sdd_bench.runs import lookup

    pages, labels = {}, set()
    for name in names:
        paper, needs, results = paper_of(name, sources, options, preview=preview)
        states = states_of(needs, results, plugins)
        pages[name] = page(paper, states, plugins)
        labels |= {lookup.label(state.run) for state in states if state.run is not None}
    return pages, labels
