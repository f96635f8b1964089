"""`table`: a paper's table beside ours, or all runs of the results folder."""

from __future__ import annotations

from typing import Any

import click

from . import options, output
from .options import paper_and_needs, show_paper, wanted


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
        runs = output.runs(given["results"])
        click.echo(output.text(runs, format_, by_group=by is not None), nl=False)
        return
    from sdd_bench.papers.needs import states

    paper, needs = paper_and_needs(which, given)
    found = states(needs, given["results"])
    if by is None:
        show_paper(paper, found, format_)
        return
    runs = [state.run for state in found if state.run is not None]
    click.echo(output.text(runs, format_, by_group=True), nl=False)
