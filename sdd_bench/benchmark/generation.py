"""Images that runs lack, made: by this process, or by others that are at the same.

Batches are filled from as many blocks as they need, so that sharing costs no speed. While one batch
is computed, the one before is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench.files.states import State, state
from sdd_bench.progress import progress
from sdd_bench.runs import claims
from sdd_bench.runs.blocks import blocks
from sdd_bench.runs.run import Run
from sdd_bench.types import Sample

from .job import SuiteJob, Unit
from .selection import SelectedMethod

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle
    from sdd_bench.diffusion.generator import Picture


@dataclass(slots=True, eq=False)
class Lack:
    """The images that a run lacks."""

    run: Run
    files: dict[str, State | None]
    """By the stem of the image, what was there when it was looked at."""
    pixels: Mapping[str, str]
    """The hashes of the pixels of pictures that were there, by stem, as far as they are known."""

    @classmethod
    def of(cls, run: Run, samples: Sequence[Sample]) -> Lack:
        """Those of the samples that have no valid image."""
        look = run.look(samples)
        lacking = {each.stem: look.states.get(each.stem) for each in look.missing}
        return cls(run, lacking, look.pixels)

    def look_again(self, samples: Sequence[Sample]) -> None:
        """Drop those that another process has made since, and may have discarded again."""
        for name in self.run.discarded([each for each in samples if each.stem in self.files]):
            del self.files[name]
        changed = [
            each
            for each in samples
            if each.stem in self.files and self.files[each.stem] != state(self.run.image_path(each))
        ]
        if changed:
            still = {each.stem for each in self.run.missing(changed)}
            for each in changed:
                if each.stem not in still:
                    del self.files[each.stem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """Methods that share weights, and what their runs on a suite lack."""

    bundle: Bundle
    methods: Sequence[SelectedMethod]
    lacks: Sequence[Lack]
    """In the order of the methods."""
    work: SuiteJob

    def make(self) -> None:
        """Generate what is missing. What others are making is waited for."""
        if not any(lack.files for lack in self.lacks):
            return
        places, waited = blocks(self.work.samples), False
        while units := list(self.work.units([lack.files.keys() for lack in self.lacks])):
            made = [self._made(unit, places) for unit in units]
            if not any(made):
                name = f"{self._names(units[0])} on {self.work.suite.name}"
                claims.until_free(self._paths(units, places), name, said=waited)
                waited = True

    def _made(self, unit: Unit, places: Mapping[str, str]) -> bool:
        """Make what nobody else is at, methods that lack the same images together.

        Returns whether anything was left to do, or has been done by others.
        """
        from sdd_bench.diffusion import generator

        plans = [self.methods[place].plan for place in unit.methods]
        before = [len(self.lacks[place].files) for place in unit.methods]
        settings = self.lacks[0].run.spec.settings
        with ExitStack() as held, _saving() as save, ExitStack() as shown:
            advance = None
            for batch, claimed in self._batches(unit, places):
                held.callback(claimed.close)  # whatever happens, and when nothing is written more
                if advance is None:
                    generator.try_out(self.bundle, plans, unit.samples, settings)
                    name = f"{self._names(unit)} on {self.work.suite.name}"
                    advance = shown.enter_context(progress(name, unit.images))
                made = list(generator.pictures(self.bundle, plans, batch, settings))
                save(partial(self._save, unit, made, advance, claimed))
            save(None)
        return before != [len(self.lacks[place].files) for place in unit.methods]

    def _save(
        self,
        unit: Unit,
        made: Sequence[Picture],
        advance: Callable[[int], None],
        claimed: ExitStack,
    ) -> None:
        """Write pictures, and let others have the blocks that have all of theirs then."""
        with claimed:
            for picture in made:
                lack = self.lacks[unit.methods[picture.plan]]
                lack.run.save_image(picture.sample, picture.pixels, picture.noise_hash)
                lack.files.pop(picture.sample.stem)
                advance(1)

    def _batches(
        self, unit: Unit, places: Mapping[str, str]
    ) -> Iterator[tuple[list[Sample], ExitStack]]:
        """Full batches of samples that nobody else is at; the last one may be smaller.

        With each come the claims on the blocks of which it is the last one.
        """
        of_block: dict[str, list[Sample]] = {}
        for sample in unit.samples:
            of_block.setdefault(places[sample.stem], []).append(sample)
        held: dict[str, ExitStack] = {}
        pool: list[Sample] = []
        try:
            for block, samples in of_block.items():
                with ExitStack() as taken:
                    if all(self._take(place, block, taken) for place in self._ordered(unit)):
                        pool += self._still(unit, samples)
                        held[block] = taken.pop_all()
                while len(pool) >= self.bundle.batch:
                    batch, pool = pool[: self.bundle.batch], pool[self.bundle.batch :]
                    yield batch, _claims(held, {places[sample.stem] for sample in pool})
            if pool:
                yield pool, _claims(held, set())
        finally:
            for taken in held.values():
                taken.close()

    def _ordered(self, unit: Unit) -> list[int]:
        """The methods by their folders, as every process orders them: one gets all."""
        return sorted(unit.methods, key=lambda place: self.lacks[place].run.folder)

    def _take(self, place: int, block: str, taken: ExitStack) -> bool:
        """Claim a block of a run's images, if nobody else has it."""
        claim = claims.take(self._path(place, block))
        if claim is None:
            return False
        taken.callback(claim.release)
        return True

    def _still(self, unit: Unit, samples: Sequence[Sample]) -> list[Sample]:
        """Those that all methods still lack, now that nobody else can be at them."""
        lacks = [self.lacks[place] for place in unit.methods]
        for lack in lacks:
            lack.look_again(samples)
        return [each for each in samples if all(each.stem in lack.files for lack in lacks)]

    def _paths(self, units: Sequence[Unit], places: Mapping[str, str]) -> list[Path]:
        """What the claims are on."""
        wanted = [
            (place, places[sample.stem])
            for unit in units
            for place in unit.methods
            for sample in unit.samples
        ]
        return [self._path(place, block) for place, block in dict.fromkeys(wanted)]

    def _path(self, place: int, block: str) -> Path:
        return self.lacks[place].run.folder / "images" / block

    def _names(self, unit: Unit) -> str:
        return " + ".join(self.lacks[place].run.spec.method for place in unit.methods)


def _claims(held: dict[str, ExitStack], unmade: set[str]) -> ExitStack:
    """The claims on blocks that have nothing unmade, taken out of those held."""
    taken = ExitStack()
    for block in held.keys() - unmade:
        taken.enter_context(held.pop(block))
    return taken


@contextmanager
def _saving() -> Iterator[Callable[[Callable[[], None] | None], None]]:
    """A function that has work done beside what follows, when what it got before is done; without
    work it waits. What went wrong is raised by the next call.
    """
    pending: Future[None] | None = None

    def save(work: Callable[[], None] | None) -> None:
        nonlocal pending
        if pending is not None:
            before, pending = pending, None
            before.result()
        pending = pool.submit(work) if work else None

    with ThreadPoolExecutor(1, "saving") as pool:
        yield save
