"""The images that flipped, each once, with the pictures of both sides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdd_bench.gating.checks import Judged
from sdd_bench.gating.flips import Flip
from sdd_bench.gating.pair import Pair

from .payload import Change, FlipPart
from .shelf import Album, Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Where the picture of one side of a flip is."""

    album: Album | None
    row: int = -1
    why: str = ""
    """There is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flipped:
    """The images of one run that flipped."""

    parts: list[FlipPart]
    sides: list[tuple[Side, Side]]
    """Before and now, image by image."""


def gather(runs: Sequence[Judged], shelf: Shelf) -> list[Flipped]:
    """Those of each run that has any: what the gate counts, and nothing else."""
    found: list[Flipped] = []
    start = 0
    for run in runs:
        by_image: dict[tuple[str, int], list[_Turn]] = {}
        for at, check in enumerate(run.checks, start):
            for flip in run.flips(check):
                turn = _Turn(at, check.check, flip)
                by_image.setdefault((flip.prompt, flip.place), []).append(turn)
        if run.pair is not None and by_image:
            found.append(_of_run(run.pair, by_image, shelf, number=2 * len(found)))
        start += len(run.checks)
    return found


@dataclass(frozen=True, slots=True)
class _Turn:
    """A flip by one of the checks."""

    check: int
    """Its place among all of them."""
    name: str
    flip: Flip


def _of_run(
    pair: Pair, by_image: Mapping[tuple[str, int], list[_Turn]], shelf: Shelf, *, number: int
) -> Flipped:
    """`number` is the place of the album of before; that of now comes next."""
    now, made = shelf.now(pair.new.identity["digest"]), Flipped(parts=[], sides=[])
    for (prompt, place), turns in sorted(by_image.items()):
        before, row = _before(pair, shelf, prompt, place), now.row(prompt, place)
        after = Side(album=now, row=row)
        part = FlipPart(
            run=pair.new.name,
            prompt=prompt,
            text=now.text(row, "prompt"),
            group=now.text(row, "group"),
            k=now.number(row, "k"),
            seed=str(now.number(row, "seed")),
            changes=[_change(turn, before, after) for turn in turns],
            before=number,
            now=number + 1,
            row=len(made.sides),
            same=_same(before, after),
        )
        made.parts.append(part)
        made.sides.append((before, after))
    return made


def _before(pair: Pair, shelf: Shelf, prompt: str, place: int) -> Side:
    found = shelf.before(pair.old, prompt)
    if isinstance(found, str):
        return Side(album=None, why=found)
    return Side(album=found, row=found.row(prompt, place))


def _change(turn: _Turn, before: Side, now: Side) -> Change:
    """What one rate says. A score of before that doesn't fit the baseline's verdict is another
    one; and where the picture of now is that of before, its scores are those of now.
    """
    album, after = before.album, now.album
    fits = album is not None and album.counts(before.row, turn.name) is (not turn.flip.counts)
    return Change(
        check=turn.check,
        counts=turn.flip.counts,
        before=album.score(before.row, turn.name)
        if album is not None and album is not after and fits
        else math.nan,
        now=after.score(now.row, turn.name) if after is not None else math.nan,
    )


def _same(before: Side, now: Side) -> bool:
    """Whether both are known to be one picture."""
    hashes = [side.album.text(side.row, "image_hash") for side in (before, now) if side.album]
    return len(hashes) == 2 and hashes[0] == hashes[1] != ""
