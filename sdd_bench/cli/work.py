"""`work`: what `run --workers` starts; not for people."""

from __future__ import annotations

import click


@click.command(hidden=True)
def work() -> None:
    """Do what stdin says, and say on stdout how far it is."""
    from sdd_bench.benchmark import worker

    worker.serve()
