"""Which pictures the page shows where there are more than it can hold; always the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .content import Source
from .payload import Pair, SuitePart

MOST = 5000
"""Pictures that a page shows."""

Place: TypeAlias = tuple[int, int]
"""A picture: its run, and its row there."""

Spot: TypeAlias = tuple[int, int]
"""A row of the grid: a suite, and a sample of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The pictures that are shown."""

    places: list[Place]
    """In the order of the grid: sample by sample, and run by run."""
    sentence: str
    """The rule, where there are more; else empty."""


def choose(
    there: Sequence[Place],
    spots: Sequence[Sequence[Spot]],
    suites: Sequence[SuitePart],
    flips: Collection[Place],
    most: int,
) -> Choice:
    """All pictures that are `there`, or `most` of them: those that flipped first, and then rows of
    the grid, of every group of prompts by turns. `spots` has for each run where its rows are.
    """

    def spot(place: Place) -> Spot:
        return spots[place[0]][place[1]]

    ordered = sorted(there, key=lambda place: (spot(place), place))
    if len(ordered) <= most:
        return Choice(places=ordered, sentence="")
    present = set(ordered)
    flipped = {place for place in flips if place in present}
    kept: set[Place] = set()
    for part in (flipped, present - flipped):
        by_spot: dict[Spot, list[Place]] = {}
        for place in part:
            by_spot.setdefault(spot(place), []).append(place)
        for each in _by_turns(by_spot, suites):
            if len(kept) + len(by_spot[each]) <= most:
                kept.update(by_spot[each])
    return Choice(
        places=[place for place in ordered if place in kept],
        sentence=_sentence(len(ordered), len(kept), len(flipped), len(flipped & kept)),
    )


def flips(sources: Sequence[Source], pairs: Sequence[Pair]) -> set[Place]:
    """The pictures on which a rate says otherwise of a run than of the undefended model, and those
    of the undefended model beside them.
    """
    found: set[Place] = set()
    for pair in pairs:
        ours, theirs = sources[pair.run].scored.scores, sources[pair.baseline].scored.scores
        for item in sources[pair.run].definitions:
            if item.threshold is None or item.measure not in ours or item.measure not in theirs:
                continue
            raw = [
                scores[item.measure].to_numpy(dtype=np.float64)[rows]
                for scores, rows in zip((ours, theirs), pair.rows, strict=True)
            ]
            known = ~np.isnan(raw[0]) & ~np.isnan(raw[1])
            for at in np.flatnonzero(known & (item.counts(raw[0]) != item.counts(raw[1]))):
                found.add((pair.run, pair.rows[0][at]))
                found.add((pair.baseline, pair.rows[1][at]))
    return found


def _by_turns(spots: Iterable[Spot], suites: Sequence[SuitePart]) -> list[Spot]:
    """One of each group of each suite, then the next one of each, until there are none left.

    Within a group they come as their hashes do: by chance, and always the same.
    """
    strata: dict[tuple[int, str], list[tuple[str, Spot]]] = {}
    for suite, sample in spots:
        part = suites[suite]
        prompt = part.prompts[part.samples.prompt[sample]]
        drawn = f"{prompt.id}\0{part.samples.k[sample]}\0{part.samples.seed[sample]}"
        key = hashlib.sha256(drawn.encode(errors="backslashreplace")).hexdigest()
        strata.setdefault((suite, prompt.group), []).append((key, (suite, sample)))
    turns = [
        (turn, stratum, spot)
        for stratum, members in strata.items()
        for turn, (_, spot) in enumerate(sorted(members))
    ]
    return [spot for *_, spot in sorted(turns)]


def _sentence(there: int, shown: int, flipped: int, of_them: int) -> str:
    all_of_them = of_them == flipped
    first = f"all {flipped}" if all_of_them else f"{of_them} of the {flipped}"
    then = ", then prompts of every group by turns" if all_of_them else ", of every group by turns"
    return (
        f"The page shows {shown} of {there} pictures: {first} that flipped against the undefended "
        f"model or were flipped from{then}. The scores are those of all images."
    )
