"""What a page knows as JSON, such as a script element may hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass


def to_json(content: object) -> str:
    r"""The document, of ASCII only and without `<`, `>` and `&`: it can stand in a script element.

    What these letters are in a text, JSON spells as `\u003c`.
    """
    text = json.dumps(_plain(content), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


_SAME = frozenset({str, int, bool})
"""What JSON has as Python has it: long columns of them are not looked at one by one."""


def _plain(content: object) -> object:
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, (list, tuple)):
        return [each if type(each) in _SAME else _plain(each) for each in content]
    if isinstance(content, Mapping):
        return {str(key): _plain(each) for key, each in content.items()}
    if is_dataclass(content):
        return {each.name: _plain(getattr(content, each.name)) for each in fields(content)}
    return content
