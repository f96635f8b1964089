"""`list`: what there is, with a line about each thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from sdd_bench.formats.cells import ARROWS

from .output import say_wrapped
from .streams import say

NAMES = 27
"""Characters of the column of names."""

KINDS = ("attacks", "concepts", "methods", "metrics", "models", "suites")

_COMBINED = (
    "several as one, from left to right: such as train or edit, and last one that guides; what a "
    "part removes may stand behind it: sdd+sld-medium, uce(nudity; blood)+neg"
)

_UNUSABLE = {
    "attacks": ("attack ",),
    "methods": ("method ",),
    "metrics": ("metric ", "definition "),
}
"""How plugins of that kind are named that can't be used."""


@click.command("list")
@click.argument("what", type=click.Choice(KINDS))
def list_(what: str) -> None:
    """List what there is, with a line about each."""
    from sdd_bench.api import listing

    for row in listing.rows(what):
        say_wrapped(f"{row['name']:{NAMES}} {_line(what, row)}", indent=NAMES + 1)
    if what == "methods":
        say_wrapped(f"{'METHOD+METHOD':{NAMES}} {_COMBINED}", indent=NAMES + 1)
    for name, reason in listing.broken_plugins().items():
        if name.startswith(_UNUSABLE.get(what, ())):
            say(f"warning: {name} is unusable: {reason}", err=True)


def _line(what: str, row: Mapping[Any, Any]) -> str:
    if what == "methods" and row["concepts"]:
        return f"{row['description']} [{row['concepts']}]"
    if what == "metrics":
        return f"{ARROWS[row['better']]} {row['description']}"
    return str(row["description"])
