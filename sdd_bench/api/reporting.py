"""Stored runs as one page to look at. Nothing is generated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench.errors import InputError, unknown

from .arguments import Names, OptionFields, options_of, place, several
from .reading import paper_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sdd_bench.formats.page import Page
    from sdd_bench.registry import Registry
    from sdd_bench.runs.run import Run

MASKS = ("boxes",)
"""What may hide parts of pictures."""


def report(
    runs: Names = (),
    *,
    out: str | Path | None = None,
    bundle: str | Path | None = None,
    tables: Names = (),
    suites: Names = (),
    images: bool = True,
    mask: str | None = None,
    sources: Mapping[str, str] | None = None,
    preview: bool = False,
    **options: Unpack[OptionFields],
) -> Path:
    """One page that opens anywhere, of the runs of these methods (or run folders): their tables,
    and their pictures, blurred until they are clicked. Returns where it lies.

    Without `runs`, of those of the papers' `tables`, and without these, of all. The page is `out`
    (default: report.html), or index.html in the folder `bundle`, which holds the pictures in full
    size too. `mask` 'boxes' draws black boxes over what detectors saw. The options say which runs
    are a table's. Raises InputError.
    """
    from sdd_bench import registry
    from sdd_bench.analysis import curves
    from sdd_bench.benchmark import stored
    from sdd_bench.reporting import heard
    from sdd_bench.reporting.report import Question, write
    from sdd_bench.runs import places

    path = _path(out, bundle)
    if bundle is not None and not images:
        raise InputError("a bundle is a page with its pictures: give images or no bundle")
    if mask is not None and mask not in MASKS:
        raise unknown("mask", mask, MASKS)
    places.check(path, "--out" if bundle is None else "--bundle")
    plugins, folder = registry.scan(), options_of(options).results
    names, shown = several(runs, "run"), several(tables, "table")
    with heard.warnings(folder) as warned:
        known = curves.without_steps(
            stored.runs_in(folder, several(suites, "suite")), folder, names
        )
        papers, theirs = _papers(shown, sources or {}, options, plugins, preview=preview)
        asked = Question(
            runs=_chosen(known, names, theirs if papers else None),
            results=folder,
            papers=papers,
            images="files" if bundle is not None else "thumbnails" if images else "none",
            mask="boxes" if mask else "",
            command=_command(names, shown, several(suites, "suite")),
        )
        write(path, asked, plugins, warned)
    return path


def _path(out: str | Path | None, bundle: str | Path | None) -> Path:
    """Where the page is to be. Raises InputError."""
    from sdd_bench.reporting.bundle import PAGE

    if bundle is None:
        path = place("report.html" if out is None else out, "out")
        if path.is_dir():
            raise InputError(f"{path} is a folder: give --out a file, or the folder as --bundle")
        return path
    if out is not None:
        raise InputError(f"a bundle's page is its {PAGE}: give out or bundle, not both")
    return place(bundle, "bundle") / PAGE


def _chosen(known: list[Run], names: tuple[str, ...], of_tables: set[str] | None) -> list[Run]:
    """The runs that are named; else those of the tables, if any were asked for; else all.

    Raises InputError for a name of none.
    """
    from sdd_bench.runs import lookup

    if not names and of_tables is not None:
        return [run for run in known if str(run.folder) in of_tables]
    return lookup.chosen(known, names)


def _command(names: tuple[str, ...], tables: tuple[str, ...], suites: tuple[str, ...]) -> str:
    """What the page is of, as one would type it."""
    import shlex

    words = ["sdd-bench", "report", *names]
    words += [word for table in tables for word in ("--table", table)]
    words += [word for suite in suites for word in ("--suite", suite)]
    return shlex.join(words)


def _papers(
    names: tuple[str, ...],
    sources: Mapping[str, str],
    options: OptionFields,
    plugins: Registry,
    *,
    preview: bool,
) -> tuple[dict[str, Page], set[str]]:
    """The papers' tables by name, and the folders of their runs."""
    from sdd_bench.papers.needs import states_of
    from sdd_bench.papers.table import page

    pages, folders = {}, set()
    for name in names:
        paper, needs, results = paper_of(name, sources, options, preview=preview)
        states = states_of(needs, results, plugins)
        pages[name] = page(paper, states, plugins)
        folders |= {str(state.run.folder) for state in states if state.run is not None}
    return pages, folders
