"""What options take, and how several of them are put on a command."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from sdd_bench import files
from sdd_bench.benchmark.request import RANGES


def options(*decorators: Callable[..., Any]) -> Callable[..., Any]:
    """Several options at once, shown in the order given."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


class Place(click.Path):
    """A path; an empty one, as an unset variable of a shell gives, is not the working folder."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """The path, as click has it. Fails if it is empty, too long or holds a zero byte."""
        text = os.fspath(value)
        if not text.strip():
            self.fail("the path is empty: give a file or folder", param, ctx)
        if "\0" in text:
            self.fail(f"the path {text!r:.110} holds a zero byte, which no path has", param, ctx)
        if files.too_long(text):
            self.fail(f"the path {text!r:.110}... is too long for any disk", param, ctx)
        return super().convert(value, param, ctx)


def whole(name: str) -> click.IntRange:
    """The whole numbers that a request takes for the option of that name."""
    return click.IntRange(*RANGES[name])
