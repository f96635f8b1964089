"""`work`: what `run --workers` and `--engine ray` start; not for people."""

from __future__ import annotations

import click

from . import faults


@click.command(hidden=True)
def work() -> None:
    """Do what stdin says, and say on stdout how far it is."""
    from sdd_bench.benchmark import worker

    worker.serve(faults.sentence)
