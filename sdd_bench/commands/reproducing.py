"""`table`, `reproduce` and `plan`: a paper's table, what makes it, and what that would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sdd_bench.errors import InputError

from . import options, showing

if TYPE_CHECKING:
    from sdd_bench.papers import Table
    from sdd_bench.reproduction import Need, State
    from sdd_bench.request import Request

WIDTH = 160
"""Characters that a paper's table has at least: its cells hold two values and a verdict."""


wanted = options.options(
    options.model,
    click.option(
        "--suite",
        "brought",
        multiple=True,
        metavar="NAME=FILE",
        help="Where the prompts of a suite are that is not shipped. Repeatable.",
    ),
    click.option(
        "--recipe",
        help="How methods that train do it: see docs/training.md.  [default: the table's, or the "
        "model's]",
    ),
    click.option(
        "--images-per-prompt", type=click.IntRange(min=1), help="Instead of the table's own number."
    ),
    click.option("--limit", type=click.IntRange(min=1), help="Only the first N prompts."),
    click.option("--preview", is_flag=True, help="A tenth of the images, for a tenth of the cost."),
    click.option(
        "--steps", type=click.IntRange(2, 999), help="PNDM steps.  [default: the table's]"
    ),
    click.option("--guidance-scale", type=float, help="[default: the table's]"),
    options.how,
    options.results,
)
which = click.argument("which", metavar="TABLE")


@click.command()
@click.argument("which", default="runs", metavar="[TABLE|runs]")
@click.option("--by", type=click.Choice(["group"]), help="Split by country, category, artist.")
@options.format_
@wanted
def table(which: str, by: str | None, format_: str, **given: Any) -> None:
    """Print TABLE (table1, table2 or a .toml file) with ours beside the published numbers, or all
    `runs` of the results folder: n and a 95 % interval in every cell.
    """
    if which == "runs":
        runs = showing.runs(given["results"])
        click.echo(showing.text(runs, format_, by_group=by is not None), nl=False)
        return
    from sdd_bench import reproduction

    paper, needs = _read(which, given)
    found = reproduction.states(needs, given["results"])
    if by is None:
        _show(paper, found, format_)
        return
    runs = [state.run for state in found if state.run is not None]
    click.echo(showing.text(runs, format_, by_group=True), nl=False)


@click.command()
@which
@options.format_
@wanted
def reproduce(which: str, format_: str, **given: Any) -> None:
    """Train, generate and score whatever TABLE (table1, table2 or a .toml file) lacks, then print
    it. Given again, the same command goes on where it was stopped.
    """
    from sdd_bench import reproduction

    paper, needs = _read(which, given)
    found = reproduction.states(needs, given["results"])
    missing = reproduction.requests(found)
    if missing:
        from sdd_bench.benchmark import run

        for number, request in enumerate(missing, 1):
            names = ", ".join(request.methods)
            click.echo(f"{number} of {len(missing)}: {names} on {request.suites[0]}", err=True)
            run(request)
        found = reproduction.states(needs, given["results"])
    _show(paper, found, format_)


@click.command()
@which
@options.format_
@wanted
def plan(which: str, format_: str, **given: Any) -> None:
    """Say what `reproduce TABLE` would cost: images, U-Net forwards, hours, disk, and what is
    already there. Runs nothing.
    """
    from sdd_bench import planning, reproduction

    paper, needs = _read(which, given)
    found = reproduction.states(needs, given["results"])
    page = planning.page(paper, found, given["results"])
    showing.show([page], format_, width=WIDTH)


def _read(which: str, given: dict[str, Any]) -> tuple[Table, list[Need]]:
    """The table, and what it needs with the options given."""
    from sdd_bench import papers, reproduction

    paper = papers.load(which)
    brought = dict(_pair(each, paper.suites) for each in given["brought"])
    base = _request(given, paper)
    return paper, reproduction.needs(paper, base, brought=brought, preview=given["preview"])


def _request(given: dict[str, Any], paper: Table) -> Request:
    from sdd_bench.request import Request

    own = {key: value for key, value in given.items() if key not in {"brought", "preview"}}
    if own["steps"] is None:
        own["steps"] = paper.steps
    if own["guidance_scale"] is None:
        own["guidance_scale"] = paper.guidance_scale
    return Request(methods=(), suites=(), **own)


def _pair(text: str, suites: tuple[str, ...]) -> tuple[str, str]:
    name, equals, file = text.partition("=")
    if not equals or name not in suites:
        raise InputError(
            f"--suite {text}: give NAME=FILE, where NAME is one of {', '.join(suites)}"
        )
    return name, file


def _show(paper: Table, found: list[State], format_: str) -> None:
    from sdd_bench import comparison

    showing.show([comparison.page(paper, found)], format_, width=WIDTH)
