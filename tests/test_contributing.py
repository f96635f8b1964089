"""The pages in docs/contributing, walked in a copy of the checkout: what they say works."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.paths import ROOT

PAGES = ROOT / "docs" / "contributing"
COPIED = ("docs", "methods", "metrics", "prompts", "results/published", "sdd_bench", "tests")
INSTALLED = {
    "methods": "methods",
    "metrics": "metrics",
    "prompts": "prompts",
    "results/published": "published",
}
"""Folders of the checkout that are installed inside the package, and as what."""

WALK = """
import contextlib, io, json, sys
import pytest
from sdd_bench.cli.main import main

for command, *arguments in json.loads(sys.argv[1]):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        # Plain assertions: they can be rewritten only in modules that are not loaded yet.
        tests = ["--assert=plain", "-p", "no:cacheprovider", *arguments]
        code = main(arguments) if command == "sdd-bench" else pytest.main(tests)
    print(json.dumps([int(code), out.getvalue()]))
"""
"""Runs commands one after the other in one process, since torch takes seconds to load."""


@dataclass(frozen=True)
class Page:
    """What a page has its reader do."""

    files: dict[str, str]
    """The contents by path; a file that exists gets them at its end."""
    commands: tuple[tuple[str, ...], ...]

    @classmethod
    def read(cls, text: str) -> Page:
        """The fenced blocks below a path in bold, and the indented lines that are commands."""
        blocks = r"^\*\*`([^`\n]+)`\*\*[^\n]*\n\n```\w*\n(.*?)^```$"
        commands = re.findall(r"^    (?=sdd-bench |pytest )((?:.*\\\n)*.*)$", text, re.MULTILINE)
        return cls(
            files=dict(re.findall(blocks, text, re.MULTILINE | re.DOTALL)),
            commands=tuple(tuple(shlex.split(each.replace("\\\n", ""))) for each in commands),
        )


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout whose `sdd_bench` is what its processes import."""

    root: Path
    site: Path
    """The folder on the path, with the package as an installation would lay it out."""

    def put(self, files: dict[str, str]) -> None:
        """Write the files of a page."""
        for path, text in files.items():
            file = self.root / path
            assert file.parent.is_dir(), f"there is no folder for {path}"
            with file.open("a", encoding="utf-8") as end:
                end.write(f"\n{text}" if file.stat().st_size else text)

    def walk(self, commands: Sequence[Sequence[str]]) -> list[str]:
        """What each command printed, none of which may fail."""
        done = self.python(self.site / "walk.py", json.dumps(commands))
        assert done.returncode == 0, done.stderr
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        for command, (code, out) in zip(commands, answers, strict=True):
            assert code == 0, f"{shlex.join(command)}\n{out}\n{done.stderr}"
        return [out for _, out in answers]

    def python(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """A fresh interpreter in the checkout, which leaves the cores to other tests."""
        own = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(self.site)}
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=self.root,
            env=os.environ | own,
            capture_output=True,
            text=True,
            check=False,
        )

    def images(self) -> list[str]:
        """The images of all runs in its results, by the folder of their run without the digest."""
        found = (self.root / "results" / "runs").rglob("*.png")
        return sorted(path.parents[1].name.rpartition("-")[0] for path in found)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root, site = tmp_path / "checkout", tmp_path / "site"
    for folder in COPIED:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    (site / "sdd_bench").mkdir(parents=True)
    for path in (root / "sdd_bench").iterdir():
        (site / "sdd_bench" / path.name).symlink_to(path)
    for folder, name in INSTALLED.items():
        (site / "sdd_bench" / name).symlink_to(root / folder)
    (site / "walk.py").write_text(WALK, encoding="utf-8")
    return Checkout(root, site)


def walked(checkout: Checkout, name: str) -> dict[str, str]:
    """What the commands of a page printed, by the first two words of each."""
    page = Page.read((PAGES / f"adding-a-{name}.md").read_text(encoding="utf-8"))
    checkout.put(page.files)
    lint = [path for path in page.files if path.endswith(".py")]
    for tool in (("format", "--check"), ("check",)) if lint else ():
        done = checkout.python("-m", "ruff", *tool, "--no-cache", *lint)
        assert done.returncode == 0, done.stdout
    outs = checkout.walk(page.commands)
    return {" ".join(command[:2]): out for command, out in zip(page.commands, outs, strict=True)}


def passed(out: str) -> int:
    """How many tests passed, where no other outcome is allowed but a deselection."""
    last = out.strip().splitlines()[-1]
    outcomes = dict(re.findall(r"(\d+) ([a-z]+)", last)[::-1])
    assert set(outcomes.values()) <= {"passed", "deselected"}, out
    return next(int(count) for count, outcome in outcomes.items() if outcome == "passed")


def conformance(outs: dict[str, str]) -> int:
    """How many tests passed of the one `pytest` command of a page."""
    (out,) = (out for command, out in outs.items() if command.startswith("pytest "))
    return passed(out)


# --- the pages --------------------------------------------------------------------------------


def test_a_method_is_a_file(checkout: Checkout) -> None:
    outs = walked(checkout, "method")
    listed = outs["sdd-bench list"]
    assert "repel " in listed
    assert "repel-hard " in listed
    assert "Classifier-free guidance, and a push of fixed weight away from the concepts." in listed
    assert "repel (nudity, sexual)" in outs["sdd-bench run"]
    assert checkout.images() == ["repel", "repel"]
    assert conformance(outs) > 10


def test_a_metric_is_a_file(checkout: Checkout) -> None:
    outs = walked(checkout, "metric")
    assert "red/share@0.4" in outs["sdd-bench list"]
    assert "red/share@0.4" in outs["sdd-bench run"]
    assert "n=2" in outs["sdd-bench run"]
    assert conformance(outs) >= 3


def test_a_suite_is_a_file_and_its_entry(checkout: Checkout) -> None:
    outs = walked(checkout, "suite")
    assert "scenes at a place that each prompt names" in outs["sdd-bench list"]
    assert "places nude/miniature@0.7" in " ".join(outs["sdd-bench run"].split())
    assert checkout.images() == ["sd", "sd"]
    assert conformance(outs) >= 1


def test_a_table_is_a_file_and_its_numbers(checkout: Checkout) -> None:
    outs = walked(checkout, "table")
    assert "The cost of Table 3: removing nudity; nothing is run" in outs["sdd-bench plan"]
    for shown in ("Table 3: removing nudity", "paper 74.0", "paper 20.0*", "an example: why"):
        assert shown in outs["sdd-bench reproduce"]
    assert checkout.images() == ["sd", "sd-neg"]
    assert conformance(outs) >= 1


def test_a_format_is_a_file(checkout: Checkout) -> None:
    outs = walked(checkout, "format")
    lines = outs["sdd-bench table"].splitlines()
    assert lines[1] == "=" * len(lines[0])
    assert ".. list-table::" in lines
    assert "   * - | sd" in lines
    assert conformance(outs) > 4


def test_every_page_is_walked() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    names = [path.stem.removeprefix("adding-a-") for path in sorted(PAGES.glob("*.md"))]
    assert len(names) == 5
    assert [name for name in names if f'walked(checkout, "{name}")' not in source] == []


# --- a page that went stale would be found ----------------------------------------------------


def test_what_a_page_says_is_read_from_it() -> None:
    text = (
        "**`a/b.py`**\n\n```python\nx = 1\n```\n\nand **`c.toml`**, at the end:\n\n"
        "    sdd-bench run \\\n        --method 'a b'\n\n    pytest tests -k a\n    make test\n"
        "**`d.csv`**, too:\n\n```csv\nid\n```\n"
    )
    page = Page.read(text)
    assert page.files == {"a/b.py": "x = 1\n", "d.csv": "id\n"}
    assert page.commands == (
        ("sdd-bench", "run", "--method", "a b"),
        ("pytest", "tests", "-k", "a"),
    )


def test_a_command_that_fails_would_be_found(checkout: Checkout) -> None:
    checkout.put({"methods/repel.py": "METHODS = {}\n"})
    with pytest.raises(AssertionError, match="METHODS must be a dict"):
        checkout.walk([("sdd-bench", "run", "--method", "repel", "--suite", "country_body")])
    with pytest.raises(AssertionError, match="there is no folder for nowhere/x"):
        checkout.put({"nowhere/x.py": ""})


def test_a_test_that_selects_nothing_would_be_found(checkout: Checkout) -> None:
    nothing = ("pytest", "--noconftest", "tests/test_provenance.py", "-k", "no_such_name")
    with pytest.raises(AssertionError, match=r"no_such_name\n(.*\n)+.* deselected"):
        checkout.walk([nothing])
