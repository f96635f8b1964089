"""`reproduce`: whatever a paper's table lacks, then the table."""

from __future__ import annotations

from typing import Any

import click

from . import options
from .options import paper_and_needs, show_paper, wanted, which


@click.command()
@which
@options.format_
@wanted
def reproduce(which: str, format_: str, **given: Any) -> None:
    """Train, generate and score whatever TABLE (table1, table2 or a .toml file) lacks, then print
    it. Given again, the same command goes on where it was stopped.
    """
    from sdd_bench.papers import reproduction
    from sdd_bench.papers.needs import states

    paper, needs = paper_and_needs(which, given)
    found = states(needs, given["results"])
    missing = reproduction.requests(found)
    if missing:
        from sdd_bench.benchmark.runner import run

        for number, request in enumerate(missing, 1):
            names = ", ".join(request.methods)
            click.echo(f"{number} of {len(missing)}: {names} on {request.suites[0]}", err=True)
            run(request)
        found = states(needs, given["results"])
    show_paper(paper, found, format_)
