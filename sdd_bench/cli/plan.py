"""`plan`: what a paper's table would cost."""

from __future__ import annotations

from typing import Any

import click

from . import options, output, values


@click.command()
@options.paper_table
@options.format_
@options.paper_options
def plan(table: str, format_: str, sources: tuple[str, ...], **given: Any) -> None:
    """Say what `reproduce TABLE` would cost: images, U-Net forwards, hours, disk, and what is
    already there. Runs nothing.
    """
    from sdd_bench.api import reading

    result = reading.plan(table, sources=values.sources_of(sources), **given)
    output.show(result, format_, width=output.PAPER_WIDTH)
