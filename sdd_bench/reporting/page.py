"""The page as one file of HTML, with its style, scripts, numbers and pictures inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

from sdd_bench import files
from sdd_bench.errors import SDDBenchError

from .payload import Payload, to_json

if TYPE_CHECKING:
    from markupsafe import Markup

_FOLDER = resources.files(__package__) / "page"


def render(payload: Payload, blocks: Sequence[Sequence[str]]) -> str:
    """The page of these numbers and these thumbnails."""
    from jinja2 import Environment, FunctionLoader
    from markupsafe import Markup

    environment = Environment(autoescape=True, loader=FunctionLoader(_source))
    environment.globals["inline"] = _inlined
    return environment.get_template("index.html.j2").render(
        title=payload.title,
        images=payload.options.images,
        json=Markup(to_json(payload)),  # noqa: S704 - it holds no letter that HTML knows
        blocks=[Markup(json.dumps(block)) for block in blocks],  # noqa: S704 - base64
    )


def _source(name: str) -> str:
    text = files.read_text(_FOLDER / name)
    if text is None:
        raise SDDBenchError(f"{name} of the page is missing: reinstall sdd-bench")
    return text


def _inlined(name: str) -> Markup:
    """A file of the page as it stands. Raises SDDBenchError if it would end its element."""
    from markupsafe import Markup

    text = _source(name)
    if "</script" in text.lower() or "</style" in text.lower() or "<!--" in text:
        raise SDDBenchError(f"{name} holds what ends a script or style: write it otherwise")
    return Markup(text)  # noqa: S704 - a file of ours
