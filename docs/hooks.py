"""What the site does with pages that are written for the repository.

Links to code lead out of the manual; on the site they are the names of files. What the theme would
have a browser fetch from elsewhere lies in the site. The messages of errors are read from the code.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

ELSEWHERE = "https://unpkg.com/iframe-worker/shim"
"""Where the theme has the search of a site without a server from."""

HERE = "assets/iframe-worker.js"

_LINK = re.compile(r"\[([^]\[]+)\]\(((?:\.\./)+[^)\s]*)\)")


def inward(markdown: str, page: str) -> str:
    """The page with links that leave the manual turned into names: `text (`path`)`.

    `page` is its path below docs/.
    """

    def replaced(match: re.Match[str]) -> str:
        text, target = match[1], match[2].partition("#")[0]
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), target))
        if path.startswith("docs/"):
            return match[0]
        return text if path in text else f"{text} (`{path}`)"

    return _LINK.sub(replaced, markdown)


def self_contained(html: str, url: str) -> str:
    """A page of the site, whose address in it is `url`, with nothing from elsewhere."""
    return html.replace(ELSEWHERE, posixpath.relpath(HERE, posixpath.dirname(url) or "."))


# --- messages ---------------------------------------------------------------------------------

GAP = "…"
"""What stands for the part of a message that differs."""

CODES = {
    "InputError": "Exit code 2: what was given",
    "ContentError": "Exit code 2: what a file holds, after its name",
    "MissingError": "Exit code 3: what this machine lacks",
    "SDDBenchError": "Exit code 4: a fault in a run",
}
"""The kinds of errors, and the headings that their messages stand below."""

LIST = "<!-- messages -->"
"""Where a page has them."""


def template(node: ast.AST) -> str:
    """The text that an expression makes, with GAP for what is filled in; empty if it makes none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%[sd]", GAP, node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) or GAP for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (template(node.left) or GAP) + (template(node.right) or GAP)
    return ""


def raised(code: str) -> Iterator[tuple[str, str]]:
    """The errors that a program makes: kind, and message where it has words of its own."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            text = template(node.args[0])
            if node.func.id in CODES and len(re.sub(r"\W", "", text)) > 7:
                yield node.func.id, text


def messages(root: Path) -> str:
    """Every message of the code below `root`, by exit code."""
    found: dict[str, set[str]] = {kind: set() for kind in CODES}
    for folder in ("sdd_bench", "methods", "metrics"):
        for path in (root / folder).rglob("*.py"):
            for kind, text in raised(path.read_text(encoding="utf-8")):
                found[kind].add(" ".join(text.split()))
    lines = []
    for kind, heading in CODES.items():
        texts = sorted(found[kind], key=lambda text: (text.strip(f"'{GAP} "), text))
        lines += ["", f"## {heading}", "", *(f"- `` {text} ``" for text in texts)]
    return "\n".join(lines)


# --- what mkdocs calls ------------------------------------------------------------------------


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Called by mkdocs for every page."""
    if LIST in markdown:
        markdown = markdown.replace(LIST, messages(Path(__file__).parents[1]))
    return inward(markdown, page.file.src_uri)


def on_post_page(output: str, page: Page, **_: object) -> str:
    """Called by mkdocs for every page that is made."""
    return self_contained(output, page.url)


def on_post_template(output_content: str, template_name: str, **_: object) -> str:
    """Called by mkdocs for what is no page, such as the one for what is not found."""
    return self_contained(output_content, template_name)
