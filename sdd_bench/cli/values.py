"""What the shell gives, as requests take it: pairs by their names, columns by ours."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sdd_bench.errors import InputError

ROW = "CONCEPT=RUN, such as monet=esd-x-3-02db21da36"
"""What `--row` of a matrix takes."""


def with_columns(given: dict[str, Any]) -> dict[str, Any]:
    """Options with `columns` in place of the four of a file's columns, our names to theirs, and
    what is set by its name. Raises InputError.
    """
    rest, columns = {}, {}
    ours = {"prompt_column": "text", "seed_column": "seed", "group_column": "group"}
    for name, value in given.items():
        if not name.endswith("_column"):
            rest[name] = value
        elif value is not None:
            columns[ours.get(name, "id")] = value
    if "parameters" in rest:
        rest["parameters"] = pairs(rest["parameters"], "--set", "NAME=VALUE")
    return {**rest, "columns": columns}


def pairs(texts: tuple[str, ...], option: str, form: str) -> dict[str, str]:
    """The NAME=VALUE of a repeatable option. Raises InputError."""
    split = [text.partition("=") for text in texts]
    for text, (name, equals, value) in zip(texts, split, strict=True):
        if not (name and equals and value):
            raise InputError(f"{option} {text}: give {form}")
    twice = [name for name, count in Counter(name for name, _, _ in split).items() if count > 1]
    if twice:
        raise InputError(f"{option} {twice[0]} is given twice: leave one")
    return {name: value for name, _, value in split}


def sources_of(texts: tuple[str, ...]) -> dict[str, str]:
    """What `--suite NAME=FILE` says of suites that are not shipped. Raises InputError."""
    return pairs(texts, "--suite", "NAME=FILE")
