"""`doctor`: what would fail on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from sdd_bench.errors import MissingError

from . import options, output
from .streams import say


@click.command()
@options.results
@click.option(
    "--device",
    help="Also try this device (cpu, cuda or cuda:N): the miniature draws and learns there, and is "
    "compared with what the CPU makes.",
)
def doctor(results: Path, device: str | None) -> None:
    """Say what would fail on this machine and what to do about it; no network is needed.

    Exits 0 if the miniature, the default model, works, and 3 if it would not, or not as it should
    on the device that is tried.
    """
    from sdd_bench.api import listing

    (page,) = listing.diagnose(results, device).pages
    output.show_table(page.header, page.rows)
    if (page.tidy["state"] == "wrong").any():
        raise MissingError(f"{page.title}; see the table")
    say(page.title)
