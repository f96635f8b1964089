"""The page as one file of HTML, with its style, scripts, numbers and pictures inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from sdd_bench import files
from sdd_bench.errors import SDDBenchError

from .document import to_json

_FOLDER = resources.files(__package__) / "page"

_ENDS = ("</script", "</style", "<!--")
"""What ends an element, or changes how its end is found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a kind of page is made of: files of the page's folder, in their order."""

    styles: Sequence[str]
    scripts: Sequence[str]


REPORT = Look(
    styles=("style.css", "pictures.css", "charts.css"),
    scripts=(
        "vendor/htm-preact.js", "text.js", "document.js", "report.js", "state.js", "statistics.js",
        "selection.js", "pictures.js", "frames.js", "tables.js", "fields.js", "filters.js",
        "grid.js", "viewer.js", "charts.js", "plots.js", "thresholds.js", "runs.js", "keyboard.js",
        "app.js",
    ),
)  # fmt: skip


def render(
    look: Look,
    title: str,
    content: object,
    blocks: Sequence[Sequence[str]],
    *,
    beside: bool = False,
) -> str:
    """The page of a document's content and of thumbnails; whether it may show files beside it."""
    from jinja2 import Environment, FunctionLoader
    from jinja2.filters import do_mark_safe as safe

    environment = Environment(autoescape=True, loader=FunctionLoader(_source))
    environment.globals["inline"] = lambda name: safe(inlined(name))
    return environment.get_template("index.html.j2").render(
        look=look,
        title=title,
        beside=beside,
        json=safe(to_json(content)),  # it holds no letter that HTML knows
        blocks=[safe(json.dumps(block)) for block in blocks],
    )


def inlined(name: str) -> str:
    """A file of the page as it stands. Raises SDDBenchError if it would end its element."""
    text = _source(name)
    if any(end in text.lower() for end in _ENDS):
        raise SDDBenchError(f"{name} holds what ends a script or style: write it otherwise")
    return text


def _source(name: str) -> str:
    text = files.read_text(_FOLDER / name)
    if text is None:
        raise SDDBenchError(f"{name} of the page is missing: reinstall sdd-bench")
    return text
