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
    method: str | Path | None = None,
    out: str | Path | None = None,
    **options: Unpack[OptionFields],
) -> Path:
    """The file of prompts that an attack finds for those of a suite; what it lacks is found.

    `name` is one of `list_attacks()` or `file.py:Name`; one that sees a method as it runs is given
    the `method`. Of the options count `model`, `concepts` (one: what is to come back; nudity by
    default), `recipe`, `parameters`, `limit`, `columns`, `seed`, `device`, `dtype` and `results`,
    and of a method `steps`, `guidance_scale`, `checkpoint` and `metrics` (one rate: what says that
    a picture shows the concept). The file is a suite: `run("sdd", file)`.

    Raises InputError for anything unknown, and for a file that another search has made.
    """
    from sdd_bench.benchmark import attacker

    given = options_of(options)
    path = None if out is None else place(out, "out")
    on = None if method is None else one(method, "method")
    with interruptible():
        return attacker.attack(one(name, "attack"), one(suite, "suite"), given, path, on)
