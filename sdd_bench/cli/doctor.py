"""`doctor`: what would fail on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from sdd_bench.errors import MissingError

from . import options
from .output import headed, show_table


@click.command()
@options.results
def doctor(results: Path) -> None:
    """Say what would fail on this machine and what to do about it; no network is needed.

    Exits 0 if the miniature, the default model, works, and 3 if it would not.
    """
    from sdd_bench import doctor as doctors

    findings = doctors.examine(results)
    table = headed("", "what", "found", "what to do")
    for each in findings:
        table.add_row(doctors.SIGNS[each.state], each.what, each.found, each.remedy)
    show_table(table)
    wrong = [each.what for each in findings if each.state == "wrong"]
    if wrong:
        raise MissingError(f"the miniature would not work here: {', '.join(wrong)}; see the table")
    click.echo("The miniature works here.")
