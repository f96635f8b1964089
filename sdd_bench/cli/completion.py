"""What a shell offers on TAB: methods, suites, metrics, models, concepts and runs by their names.

`eval "$(_SDD_BENCH_COMPLETE=bash_source sdd-bench)"` switches it on (zsh_source, fish_source).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem

VARIABLE = "_SDD_BENCH_COMPLETE"
"""By this a shell asks; click reads it."""


def asked() -> bool:
    """Whether it is a shell that asks."""
    return VARIABLE in os.environ


class Listed(click.types.StringParamType):
    """A text, for which the names of `sdd-bench list KIND` are offered; where none fits, files."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click hands over what it may take
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """The names that go on from what is typed."""
        from sdd_bench.api import listing

        rows = getattr(listing, f"list_{self.kind}")().to_dict("records")
        found = [
            CompletionItem(str(row["name"]), help=str(row["description"]))
            for row in rows
            if str(row["name"]).startswith(incomplete)
        ]
        return found or [CompletionItem(incomplete, type="file")]


class Stored(click.types.StringParamType):
    """A text, for which the methods of stored runs are offered."""

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """The methods that go on from what is typed; none where the results cannot be read."""
        return [CompletionItem(name) for name in _methods(ctx) if name.startswith(incomplete)]


def _methods(ctx: click.Context) -> Sequence[str]:
    """Methods with runs in the folder of --results, by the names of the runs' folders."""
    folder = Path(ctx.params.get("results") or "results")
    names = {path.name.rpartition("-")[0] for path in folder.glob("runs/*/*/*")}
    return sorted(filter(None, names))
