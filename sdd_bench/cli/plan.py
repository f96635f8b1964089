"""`plan`: what a paper's table would cost."""

from __future__ import annotations

from typing import Any

import click

from . import options, output
from .options import PAPER_WIDTH, paper_and_needs, wanted, which


@click.command()
@which
@options.format_
@wanted
def plan(which: str, format_: str, **given: Any) -> None:
    """Say what `reproduce TABLE` would cost: images, U-Net forwards, hours, disk, and what is
    already there. Runs nothing.
    """
    from sdd_bench.papers import cost
    from sdd_bench.papers.needs import states

    paper, needs = paper_and_needs(which, given)
    found = states(needs, given["results"])
    page = cost.page(paper, found, given["results"])
    output.show([page], format_, width=PAPER_WIDTH)
