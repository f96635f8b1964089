"""Attacks: prompts that bring a removed concept back, found by a search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import OptionFields, interruptible, one, options_of, place

if TYPE_CHECKING:
    from typing_extensions import Unpack


def attack(
    name: str | Path,
    suite: str | Path,
    *,
    out: str | Path | None = None,
    **options: Unpack[OptionFields],
) -> Path:
    """The file of prompts that an attack finds for those of a suite; what it lacks is found.

    `name` is one of `list_attacks()` or `file.py:Name`. Of the options count `model`, `concepts`
    (one: what is to come back; nudity by default), `recipe`, `parameters`, `limit`, `columns`,
    `seed`, `device`, `dtype` and `results`. The file is a suite: `run("sdd", file)`.

    Raises InputError for anything unknown, and for a file that another search has made.
    """
    from sdd_bench.benchmark import attacker

    if options.get("concepts") is None:
        options["concepts"] = attacker.CONCEPT
    given = options_of(options)
    path = None if out is None else place(out, "out")
    with interruptible():
        return attacker.attack(one(name, "attack"), one(suite, "suite"), given, path)
