"""Commands and programs of the manual: every option exists, and what takes a moment is executed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sdd_bench.cli.main import cli
from support.paths import ROOT
from support.shell import Shell

PAGES = [
    page
    for page in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    )
    if page.parent.name != "contributing"  # tests/test_contributing.py walks these
]
READS = ("compare", "doctor", "export", "list", "plan", "report", "table", "weights list")
"""Commands that make no picture and fetch nothing."""

ELSEWHERE = ("sld-max", "mine", "sdd", "sd-v1-4", "artists", "FILE", "DIGEST", "--table")
"""Words of commands that need other runs than the two at hand, or files of the reader's."""


def code(text: str) -> Iterator[str]:
    """The lines of code of a page, with those that go on joined."""
    fenced = False
    joined = re.sub(r"\\\n\s*", " ", text)
    for line in joined.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield line.strip()


def commands(text: str) -> list[list[str]]:
    """The words of each `sdd-bench` command of a page, without comments, pipes and redirections."""
    found = []
    for line in code(text):
        if re.match(r"(\$ )?sdd-bench ", line):
            words = shlex.split(line.removeprefix("$ "), comments=True)[1:]
            ends = [place for place, word in enumerate(words) if re.match(r"^([|&;]|\d?>)", word)]
            found.append(words[: min(ends, default=len(words))])
    return found


def check(words: list[str]) -> None:
    """Raise click's error if a command or an option is none, or a choice is not there."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        if words[0] not in command.commands:
            raise click.UsageError(f"no command {words[0]}")
        command, words = command.commands[words[0]], words[1:]
    context = click.Context(command)
    given, _, _ = command.make_parser(context).parse_args(args=list(words))
    for parameter in command.params:
        values = given.get(parameter.name or "")
        for value in values if isinstance(values, (list, tuple)) else [values]:
            if isinstance(parameter.type, click.Choice) and isinstance(value, str):
                parameter.type.convert(value, parameter, context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_of_the_manual_has_the_options_that_it_is_given(page: Path) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        check(words)


def test_an_option_that_is_none_would_be_found() -> None:
    page = "    sdd-bench run --method sd \\\n        --suit x  # why\n\n"
    page += "```\nsdd-bench list colours\n```\n"
    assert commands(page) == [["run", "--method", "sd", "--suit", "x"], ["list", "colours"]]
    with pytest.raises(click.NoSuchOption):
        check(["run", "--method", "sd", "--colour", "x"])
    with pytest.raises(click.UsageError):
        check(["list", "colours"])
    with pytest.raises(click.UsageError):
        check(["runn"])


def quick() -> list[list[str]]:
    """Commands of the manual that only read, each once."""
    every = [words for page in PAGES for words in commands(page.read_text(encoding="utf-8"))]
    unique = {tuple(words): words for words in every if " ".join(words).startswith(READS)}
    return [w for w in unique.values() if not any(part in " ".join(w) for part in ELSEWHERE)]


def test_commands_that_only_read_do_what_the_manual_says(
    used: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(used.folder)
    assert len(quick()) > 10
    for words in quick():
        done = used(*words)
        assert done.code == 0, (words, done.err)
        assert done.out, words
