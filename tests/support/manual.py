"""Pages of the manual as a reader follows them: blocks of code, and what a shell makes of them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support.paths import ROOT

PAGES = [
    page
    for page in (
        *sorted((ROOT / "docs").rglob("*.md")),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "results" / "README.md",
        ROOT / "sdd_bench" / "miniature" / "weights" / "README.md",
    )
    if page.parent.name != "contributing"  # tests/test_contributing.py walks these
]

PROGRAMS = ("sdd-bench", "docker", "grep", "make", "pip", "pytest", "python", "python3")
"""What a page may call. Anything else fails, as it would for a reader who doesn't have it."""

_SHELL = re.compile(
    rf"(?:\w+=\S+ +)*(?:{'|'.join(PROGRAMS)})(?= )|for \w+ in |export \w+=|\. |eval |#!/bin/bash"
)
_FENCE = re.compile(r"```(\w*)")
_FILE = re.compile(r"\*\*`([^`\n]+)`\*\*")


@dataclass(frozen=True)
class Block:
    """A block of code, fenced or indented."""

    language: str
    """As the fence says it; `sh` where a block without one starts like a command."""
    text: str
    file: str = ""
    """Whose content it is, where its name stands in bold above the block."""


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a page, in its order."""
    language: str | None = None
    lines: list[str] = []
    above = ""
    for line in [*text.splitlines(), "the end"]:
        fence = _FENCE.match(line)
        if language is None and lines and line.strip() and not line.startswith("    "):
            yield _block("", lines, above)
            lines, above = [], ""
        if fence is not None:
            if language is None:
                language = fence[1]
            else:
                yield _block(language, lines, above)
                language, lines, above = None, [], ""
        elif language is not None:
            lines.append(line)
        elif line.startswith("    ") or (lines and not line.strip()):
            lines.append(line[4:])
        elif line.strip():
            above = line


def _block(language: str, lines: list[str], above: str) -> Block:
    text = "\n".join(lines).strip("\n") + "\n"
    named = _FILE.match(above)
    if not language and _SHELL.match(text):
        language = "sh"
    return Block(language, text, named[1] if named else "")


def spans(text: str) -> list[str]:
    """The commands of ours that stand in the running text."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"`(sdd-bench [^`]+)`", re.sub(r"^    .*$", "", prose, flags=re.MULTILINE))
    return [" ".join(each.split()) for each in found]


_SHIM = """#!/bin/bash
words=("${0##*/}" "$@")
printf -v call '%s\\x1f' "${words[@]}"
printf '%s\\x1e' "$call" >> "$CALLED"
"""
"""A program that notes how it is called, and does nothing.

A call is written at once: a page may start two programs beside each other.
"""


@dataclass
class Reader:
    """Somebody who types what a page says, in a folder of theirs, into a shell without programs."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        programs = self.folder / ".programs"
        programs.mkdir()
        for name in PROGRAMS:
            (programs / name).write_text(_SHIM, encoding="utf-8")
            (programs / name).chmod(0o755)

    def calls(self, text: str) -> list[list[str]]:
        """The words of every program that these lines call: expanded, quoted, looped by bash."""
        called = self.folder / ".called"
        called.write_text("", encoding="utf-8")
        home = {"HOME": str(self.folder), "PATH": str(self.folder / ".programs")}
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", text],
            cwd=self.folder,
            # As within a job of an array.
            env={"CALLED": str(called), "SLURM_ARRAY_TASK_ID": "1", **home, **self.variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stderr}"
        calls = called.read_text(encoding="utf-8").split("\x1e")[:-1]
        return [call.split("\x1f")[:-1] for call in calls]


def bash() -> str | None:
    """Why shell code cannot be tried here, if so."""
    return None if os.access("/bin/bash", os.X_OK) else "there is no /bin/bash"
