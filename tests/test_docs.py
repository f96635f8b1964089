"""What the documentation names exists: files, headings, make targets, folders, versions."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from support.paths import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "results" / "README.md",
    ROOT / "sdd_bench" / "miniature" / "weights" / "README.md",
]

every_page = pytest.mark.parametrize(
    "page", [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in PAGES]
)


# --- links ------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """The text without its blocks and spans of code."""
    without = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`]*`", "code", without)


def links(text: str) -> list[str]:
    """The targets of all links and pictures."""
    return re.findall(r"\]\(\s*([^)\s]+)\s*\)", prose(text))


def anchors(text: str) -> set[str]:
    """What a link may name in a page: its headings, as GitHub spells them in addresses."""
    bare = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ +(.+?) *$", bare, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere; addresses on the web are not tried."""
    return [link for link in links(page.read_text(encoding="utf-8")) if not leads(page, link)]


def leads(page: Path, link: str) -> bool:
    """Whether a relative link leads to a file, and to a heading in it if it names one."""
    if re.match(r"[a-z]+:", link):
        return True
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not anchor:
        return target.exists()
    return target.is_file() and anchor in anchors(target.read_text(encoding="utf-8"))


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_link_that_leads_nowhere_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# How good it is\n\n```\n# no heading\n```\n")
    page = tmp_path / "page.md"
    page.write_text(
        "## Here, `now`\n[a](other.md) [b](other.md#how-good-it-is) [c](#here-now) [d](https://x.y)\n"
        "![e](no.png) [f](other.md#no-heading) [g\nh](gone/) `[i](code.md)`\n"
    )
    assert broken(page) == ["no.png", "other.md#no-heading", "gone/"]


def test_every_page_of_the_manual_is_linked_from_the_readme_or_from_contributing() -> None:
    entrances = [
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "docs/index.md", "docs/decisions/README.md")
    ]
    linked = {
        (entrance.parent / link.partition("#")[0]).resolve()
        for entrance in entrances
        for link in links(entrance.read_text(encoding="utf-8"))
    }
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert [page.relative_to(ROOT).as_posix() for page in sorted(pages - linked)] == []


# --- names ------------------------------------------------------------------------------------


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def targets(text: str) -> set[str]:
    """The targets of a Makefile."""
    return set(re.findall(r"^([a-z-]+):", text, flags=re.MULTILINE))


def made(text: str) -> set[str]:
    """The targets that commands in a text make: `make check`, or a line that starts so."""
    return set(re.findall(r"(?:^ +(?:- run: )?|`)make ([a-z-]+)", text, flags=re.MULTILINE))


def test_every_target_that_is_named_can_be_made() -> None:
    named = {page: made(page.read_text(encoding="utf-8")) for page in PAGES}
    named |= {path: made(path.read_text()) for path in (ROOT / ".github").rglob("*.yml")}
    known = targets(text_of("Makefile"))
    assert {"check", "test", "gate", "demo"} <= set().union(*named.values())
    assert {str(path): names - known for path, names in named.items() if names - known} == {}


def test_a_target_that_cannot_be_made_would_be_found() -> None:
    text = "`make tea`, or\n\n    make coffee   # hot\n\n      - run: make cake PYTHON=python\n"
    assert made(text) == {"tea", "coffee", "cake"}
    assert targets("a: b\n.PHONY: c\nx ?= d\n%.e: f\n") == {"a"}


def test_contributing_has_a_place_for_every_folder() -> None:
    named = set(re.findall(r"^\| `([\w/]+)/` \|", text_of("CONTRIBUTING.md"), flags=re.MULTILINE))
    packages = {f"sdd_bench/{path.parent.name}" for path in ROOT.glob("sdd_bench/*/__init__.py")}
    assert {name for name in named if name.startswith("sdd_bench/")} == packages
    assert {"methods", "metrics", "prompts", "results", "tests", "docs"} < named
    assert [name for name in sorted(named) if not (ROOT / name).is_dir()] == []


def layers(text: str) -> list[set[str]]:
    """The import layers that CONTRIBUTING.md draws, from the top."""
    (block,) = re.findall(r"^    __main__\n(?:    .+\n)+", text, flags=re.MULTILINE)
    return [set(line.replace("|", " ").split()) for line in block.splitlines()]


def test_contributing_draws_the_layers_that_are_enforced() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (enforced,) = (each["layers"] for each in contracts if each["type"] == "layers")
    names = [set(re.sub(r"[|:()]", " ", layer).split()) for layer in enforced]
    assert [each & set().union(*names) for each in layers(text_of("CONTRIBUTING.md"))] == names


def test_the_hooks_run_what_make_check_runs() -> None:
    recipe = re.findall(r"^check:.*\n((?:\t.+\n)+)", text_of("Makefile"), flags=re.MULTILINE)[0]
    tools = [line.split() for line in recipe.replace("\t@$(BIN)/", "").splitlines()]
    commands = [" ".join(word for word in tool if not word.startswith("$(")) for tool in tools]
    hooks = re.findall(r"entry: \.venv/bin/(.+)$", text_of(".pre-commit-config.yaml"), re.MULTILINE)
    assert commands == [hook.replace(" --force-exclude", "") for hook in hooks]


def test_the_citation_names_this_version() -> None:
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert re.findall(r"^version: (.+)$", text_of("CITATION.cff"), flags=re.MULTILINE) == [version]
