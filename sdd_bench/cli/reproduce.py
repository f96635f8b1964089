"""`reproduce`: whatever a paper's table lacks, then the table."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from . import options, output, values
from .streams import say


@click.command()
@options.paper_table
@options.format_
@options.paper_options
@options.workers
@options.shard
def reproduce(table: str, format_: str, sources: tuple[str, ...], **given: Any) -> None:
    """Train, generate and score whatever TABLE (table1, table2, extended or a .toml file) lacks,
    then print it. Given again, the same command goes on where it was stopped.
    """
    from sdd_bench.api import making

    talk = partial(say, err=True)
    with output.shown_if_incomplete(format_, width=output.PAPER_WIDTH):
        result = making.reproduce(table, sources=values.sources_of(sources), say=talk, **given)
    output.show(result, format_, width=output.PAPER_WIDTH)
