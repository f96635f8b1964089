"""`table`: all runs of the results folder, or a paper's table beside ours."""

from __future__ import annotations

from typing import Any

import click

from . import options, output, values
from .completion import Listed, Stored


@click.command()
@click.argument("table", type=Listed("tables"), default="runs", metavar="[TABLE|runs]")
@click.argument("names", type=Stored(), nargs=-1, metavar="[RUN]...")
@click.option("--by", type=click.Choice(["group"]), help="Split by country, category, artist.")
@click.option(
    "--asr",
    "attacked",
    type=(Listed("suites"), Listed("suites")),
    metavar="SUITE ATTACKED",
    help="Instead, of `runs`: what methods draw for the prompts of SUITE, and only for those that "
    "an attack found for them.",
)
@options.format_
@options.paper_options
def table(
    table: str,
    names: tuple[str, ...],
    by: str | None,
    attacked: tuple[str, str] | None,
    format_: str,
    sources: tuple[str, ...],
    **given: Any,
) -> None:
    """Print TABLE (table1, table2, extended or a .toml file) with ours beside the published
    numbers, or all `runs` of the results folder: n and a 95 % interval in every cell. RUN is a
    method, or the name of a run's folder: `table runs sd sdd` shows these alone.
    """
    from sdd_bench.api import reading

    if attacked is not None:
        if table != "runs" or by is not None:
            raise click.UsageError("--asr is of `runs`, and is not split: drop TABLE and --by")
        success = reading.attack_success(*attacked, names, results=given["results"])
        output.show(success, format_)
        return
    result = reading.table(
        table, names, by_group=by is not None, sources=values.sources_of(sources), **given
    )
    runs = table == "runs" or by is not None
    output.show(result, format_, width=output.WIDTH if runs else output.PAPER_WIDTH)
