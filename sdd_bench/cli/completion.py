"""What a shell offers on TAB: methods, suites, metrics, models, concepts and runs by their names.

`eval "$(_SDD_BENCH_COMPLETE=bash_source sdd-bench)"` switches it on (zsh_source, fish_source).
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    get_completion_class,
)

from sdd_bench import files
from sdd_bench.errors import InputError

VARIABLE = "_SDD_BENCH_COMPLETE"
"""By this a shell asks: `bash_source` for its script, `bash_complete` for what to offer."""

_SHELLS = ("bash", "zsh", "fish", "powershell")
"""Those that some version of click knows."""

_NO_FILES = ("concepts", "trackers", "weights")
"""The kinds that are given by names alone."""


def asked() -> bool:
    """Whether it is a shell that asks."""
    return bool(os.environ.get(VARIABLE))


def answer(cli: click.Command) -> None:
    """Print what the shell asks for. Raises InputError for a question that no shell asks."""
    given = os.environ[VARIABLE]
    shell, _, question = given.partition("_")
    kind = get_completion_class(shell)
    if kind is None or question not in {"source", "complete"}:
        shells = [name for name in _SHELLS if get_completion_class(name)]
        raise InputError(
            f"{VARIABLE} is {given!r:.60}: give NAME_source, where NAME is one of "
            f"{', '.join(shells)}"
        )
    asking = kind(cli, {}, "sdd-bench", VARIABLE)
    if question == "source":
        click.echo(asking.source().encode(), nl=False)
        return
    try:
        words = asking.get_completion_args()
    except (LookupError, ValueError) as error:
        raise InputError(
            f"{given} is what the script of {shell} asks, with COMP_WORDS and COMP_CWORD: switch "
            f"it on with {VARIABLE}={shell}_source"
        ) from error
    offered = _silently(lambda: asking.get_completions(*words))
    click.echo("\n".join(map(asking.format_completion, offered)).encode())


def _silently(find: Callable[[], list[CompletionItem]]) -> list[CompletionItem]:
    """What is found, or nothing where that fails: whatever is said while somebody types would stand
    in the middle of it.
    """
    logging.disable()
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            return find()
    except (Exception, SystemExit):  # noqa: BLE001 - a plugin's too
        return []
    finally:
        logging.disable(logging.NOTSET)


class Listed(click.types.StringParamType):
    """A text, for which names are offered: of `sdd-bench list KIND`, or of tables, trackers or
    weights. Where none fits and a file may be given, files are.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click hands over what it may take
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """The names that go on from what is typed."""
        found = [
            CompletionItem(name, help=description)
            for name, description in self._names(incomplete).items()
            if name.startswith(incomplete)
        ]
        if found or self.kind in _NO_FILES:
            return found
        return [CompletionItem(incomplete, type="file")]

    def _names(self, incomplete: str) -> Mapping[str, str]:
        """The names of the kind; behind a plus the methods that may follow."""
        if self.kind != "methods" or "+" not in incomplete:
            return _listed(self.kind)
        from sdd_bench.api import listing
        from sdd_bench.benchmark import combination

        try:
            rows = listing.followers(combination.beginning(incomplete))
        except InputError:  # the plus may be of a file's name
            return {}
        return {str(row["name"]): str(row["description"]) for row in rows}


class Stored(click.types.StringParamType):
    """A text, for which the methods of stored runs are offered; where none fits, runs' folders."""

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """The names that go on from what is typed; none where the results cannot be read."""
        folders = _folders(ctx)
        methods = sorted({name.rpartition("-")[0] for name in folders} - {""})
        fitting = [[each for each in names if each.startswith(incomplete)]
                   for names in (methods, folders)]  # fmt: skip
        return [CompletionItem(name) for name in fitting[0] or fitting[1]]


class Bash(BashComplete):
    """Bash, for which a word ends before the "@" in the name of a definition."""

    _typed = ""
    """What is typed of the name before the word that bash will replace."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The arguments before the one that is typed, and that as far as it is."""
        args, incomplete = super().get_completion_args()
        *before, last = re.sub(r"\n?@\n?", "@", "\n".join([*args, incomplete])).split("\n")
        self._typed = last[: max(last.rfind("@"), 0)]
        return before, last

    def format_completion(self, item: CompletionItem) -> str:
        """A line of the answer, with what is to stand in the place of bash's word."""
        return f"{item.type},{str(item.value).removeprefix(self._typed)}"


add_completion_class(Bash)


def _listed(kind: str) -> Mapping[str, str]:
    """The names of that kind, with what each is."""
    if kind == "tables":
        from sdd_bench.papers import published

        return dict.fromkeys(published.names(), "")
    if kind == "trackers":
        from sdd_bench.training.trackers import TRACKERS

        return dict.fromkeys(TRACKERS, "")
    if kind == "weights":
        from sdd_bench.weights import catalog

        return {name: weight.serves for name, weight in catalog.weights().items()}
    from sdd_bench.api import listing

    return {str(row["name"]): str(row["description"]) for row in listing.rows(kind)}


def _folders(ctx: click.Context) -> Sequence[str]:
    """The names of runs in the folder of --results."""
    folder = Path(ctx.params.get("results") or "results")
    return sorted({path.name for path in files.find(folder, "runs/*/*/*")})
