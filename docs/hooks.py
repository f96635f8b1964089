"""What the site does with pages that are written for the repository.

Links to code lead out of the manual; on the site they are the names of files. And what the theme
would have a browser fetch from elsewhere lies in the site.
"""

from __future__ import annotations

import posixpath
import re
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


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Called by mkdocs for every page."""
    return inward(markdown, page.file.src_uri)


def on_post_page(output: str, page: Page, **_: object) -> str:
    """Called by mkdocs for every page that is made."""
    return self_contained(output, page.url)


def on_post_template(output_content: str, template_name: str, **_: object) -> str:
    """Called by mkdocs for what is no page, such as the one for what is not found."""
    return self_contained(output_content, template_name)
