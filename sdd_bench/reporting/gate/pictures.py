"""The pictures of flipped images, small, and why one is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sdd_bench.reporting.pictures import NO_ROOM, Kept, Thumbnails, columns, shrink
from sdd_bench.reporting.sampling import MOST, Place

from .flips import Flipped, Side
from .payload import Pictured

LEFT_OUT = "left out on request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """All that there is room for; those that flipped first come first."""

    places: Mapping[tuple[int, int], Place]
    """Of a picture, by its album and row."""
    shown: Thumbnails

    @classmethod
    def of(cls, flipped: Sequence[Flipped], budget: int) -> Small:
        """Those on both sides, in as many characters of base64 as `budget` says."""
        sides = [side for each in flipped for pair in each.sides for side in pair if side.album]
        albums = {id(side.album): side.album for side in sides}
        numbers = {key: at for at, key in enumerate(albums)}
        places = {(id(side.album), side.row): (numbers[id(side.album)], side.row) for side in sides}
        galleries = [album.gallery for album in albums.values() if album]
        there = [at for at in places.values() if not galleries[at[0]].absent[at[1]]]
        return cls(places=places, shown=shrink(galleries, there[:MOST], budget))

    @property
    def sentence(self) -> str:
        """How large and how good they are; empty where there are none."""
        return f"Pictures are {self.shown.scale}." if self.shown.places else ""

    def find(self, side: Side) -> Kept | str:
        """A picture, or why there is none."""
        if side.album is None:
            return side.why
        place = self.places[id(side.album), side.row]
        found = self.shown.places.get(place)
        return (
            found or self.shown.failed.get(place) or side.album.gallery.absent[side.row] or NO_ROOM
        )


def albums(flipped: Flipped, small: Small | None) -> Iterator[Pictured]:
    """The album of before and that of now; without `small`, pictures were not asked for."""
    for label, sides in zip(("before", "now"), zip(*flipped.sides, strict=True), strict=True):
        found = [small.find(side) if small else LEFT_OUT for side in sides]
        yield Pictured(
            label=label,
            pictures=columns(found),
            files=[""] * len(found),
        )
