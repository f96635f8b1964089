"""Bits that flip, and files that are cut: noticed or harmless, in every kind of file."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .trials import Trial, Verdict
from .world import RESULTS, Scene

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle

Reading = Callable[[Path], object]
"""From a file to all that a reader of it goes on with, in a form that compares."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of file."""

    scene: str
    """The command that leaves one."""
    pattern: str
    reading: Reading
    make: Callable[[Path], None] | None = None
    """Writes one into a folder, where no command of the drill leaves one."""


def trials(count: int) -> Iterator[Trial]:
    """`count` flips of each kind of file, a hundred to a trial; every tenth cuts the file short."""
    for name in KINDS:
        for start in range(0, count, 100):
            numbers = range(start, min(count, start + 100))
            yield Trial(
                part="flips", name=f"{name}-{start:05d}", play=partial(_play, name=name, of=numbers)
            )


def _play(scenes: Mapping[str, Scene], place: Path, *, name: str, of: range) -> Verdict:
    kind = KINDS[name]
    shutil.copytree(scenes[kind.scene].after, place, dirs_exist_ok=True)
    if kind.make is not None:
        kind.make(place)
    path = min(place.glob(kind.pattern))
    relative = path.relative_to(place)
    data = path.read_bytes()
    expected = _read(kind, path)
    assert expected.value is not None, f"{name}: cannot be read even when nothing is wrong"
    noticed = 0
    for number in of:
        path.write_bytes(_damaged(data, np.random.default_rng([number, len(data)]), number))
        found = _read(kind, path)
        if found.foreign:
            return Verdict(failure=f"flip {number} of {relative}: {found.foreign}")
        if not found.noticed and found.value != expected.value:
            return Verdict(failure=f"flip {number} of {relative} changes what is read, unnoticed")
        noticed += found.noticed
    return Verdict(note=f"{noticed} noticed of {len(of)}")


def _damaged(data: bytes, generator: np.random.Generator, number: int) -> bytes:
    if number % 10 == 9:
        return data[: int(generator.integers(len(data)))]
    place, bit = int(generator.integers(len(data))), int(generator.integers(8))
    flipped = bytearray(data)
    flipped[place] ^= 1 << bit
    return bytes(flipped)


@dataclass
class _Found:
    value: object = None
    noticed: bool = False
    foreign: str = ""


@dataclass
class _Ears(logging.Handler):
    """Whether anything was said."""

    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        logging.Handler.__init__(self, logging.WARNING)

    def __hash__(self) -> int:
        return id(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


def _read(kind: Kind, path: Path) -> _Found:
    from sdd_bench.errors import SDDBenchError
    from sdd_bench.files import ContentError

    ears, log = _Ears(), logging.getLogger("sdd_bench")
    log.addHandler(ears)
    try:
        value = kind.reading(path)
    except (SDDBenchError, ContentError):
        return _Found(noticed=True)
    except Exception as error:  # noqa: BLE001 - any other exception is what is looked for
        return _Found(foreign=f"{type(error).__name__}: {error}")
    finally:
        log.removeHandler(ears)
    return _Found(value=value, noticed=bool(ears.heard))


# --- what readers go on with ------------------------------------------------------------------


def _run(path: Path) -> object:
    from sdd_bench.runs.run import Run

    run = Run.open(path.parent)
    scores, sets = run.scores(), run.sets()
    cells = scores.astype(object).where(scores.notna(), None)
    return run.spec, run.facts(), cells.to_dict("list"), repr(sets)


def _picture(path: Path) -> object:
    from sdd_bench.runs.run import Run

    run = Run.open(path.parents[1])
    missing = [sample for sample in run.samples() if run.missing([sample])]
    if missing:
        logging.getLogger("sdd_bench").warning("made again: %s", len(missing))
        return None
    return {sample.stem: run.load_image(sample)[0].tobytes() for sample in run.samples()}


def _baseline(path: Path) -> object:
    from sdd_bench.gating import baseline

    return repr(baseline.read(path))


def _history(path: Path) -> object:
    from sdd_bench.gating import history

    return repr(history.read(path))


def _checkpoint(path: Path) -> object:
    from sdd_bench.training import checkpoints

    return checkpoints.read(path, _bundle()).hash


def _state(path: Path) -> object:
    """Where a training goes on from."""
    from sdd_bench.training import states

    return _plain(states.read(path, path.parent.name.rpartition("-")[2], [], []))


def _plain(held: object) -> object:
    """What a state holds, in a form that compares."""
    import torch

    if isinstance(held, torch.Tensor):
        return str(held.dtype), tuple(held.shape), held.numpy().tobytes()
    if isinstance(held, Mapping):
        return {str(key): _plain(item) for key, item in held.items()}
    return [_plain(item) for item in held] if isinstance(held, (list, tuple)) else repr(held)


def _log(path: Path) -> object:
    from sdd_bench import files

    frame = files.read_parquet(path)
    return None if frame is None else frame.astype(str).to_dict("list")


def _reference(path: Path) -> object:
    from sdd_bench.scoring import references

    features, metadata = references.read(path)
    return features.tobytes(), metadata


def _failures(path: Path) -> object:
    from sdd_bench.runs import failures

    return failures.read(path.parent)


def _boxes(path: Path) -> object:
    from sdd_bench.runs import boxes

    return boxes.read(path.parent, "digest")


def _write_boxes(after: Path) -> None:
    from sdd_bench.runs import boxes
    from sdd_bench.runs.boxes import Seen
    from sdd_bench.types import Box

    box = Box(label="FEET_EXPOSED", score=0.5, x=1.5, y=2, width=3, height=4)
    found = {"japan-0000": Seen("0123456789abcdef", (box, box)), "japan-0001": Seen("f" * 16, ())}
    boxes.write(after, {"nude/theirs": found}, "digest")


def _write_reference(after: Path) -> None:
    from sdd_bench import registry
    from sdd_bench.scoring import references
    from sdd_bench.types import SetMetric

    metric = registry.scan().definition("fid/miniature")[1]
    assert isinstance(metric, SetMetric)
    pictures = sorted(after.glob(f"{_OF_SD}/images/*.png"))
    out = after / "reference.safetensors"
    references.write(
        metric, pictures, out, crop="none", compare_with=references.ANY, advance=lambda _: None
    )


def _write_failures(after: Path) -> None:
    from sdd_bench.runs import failures
    from sdd_bench.runs.failures import Failures

    failed = Failures(images={"japan-0000": "it raised ValueError"}, stopped="ten in a row")
    failures.change(after, (), {"nude/theirs": failed, "clip/theirs": Failures(stopped="no")})


@cache
def _bundle() -> Bundle:
    from support.models import load

    return load("miniature")


_OF_RUN = f"{RESULTS}/runs/*/*/sd-neg-*"
_OF_SD = f"{RESULTS}/runs/*/*/sd-??????????"
_OF_TRAINING = f"{RESULTS}/trained/*/*"

KINDS: Mapping[str, Kind] = {
    "run.json": Kind(scene="run", pattern=f"{_OF_RUN}/run.json", reading=_run),
    "scores.parquet": Kind(scene="run", pattern=f"{_OF_RUN}/scores.parquet", reading=_run),
    "sets.json": Kind(scene="run", pattern=f"{_OF_SD}/sets.json", reading=_run),
    "picture": Kind(scene="run", pattern=f"{_OF_RUN}/images/*.png", reading=_picture),
    "imported picture": Kind(
        scene="import", pattern=f"{RESULTS}/runs/*/*/*/images/*.png", reading=_picture
    ),
    "baseline": Kind(scene="gate", pattern="baseline.json", reading=_baseline),
    "history": Kind(scene="gate", pattern="baseline.history.jsonl", reading=_history),
    "checkpoint": Kind(
        scene="train", pattern=f"{_OF_TRAINING}/checkpoint.safetensors", reading=_checkpoint
    ),
    "step": Kind(scene="train", pattern=f"{_OF_TRAINING}/step-*.safetensors", reading=_checkpoint),
    "state": Kind(scene="train", pattern=f"{_OF_TRAINING}/state.pt", reading=_state),
    "log": Kind(scene="train", pattern=f"{_OF_TRAINING}/log.parquet", reading=_log),
    "reference": Kind(
        scene="run", pattern="reference.safetensors", reading=_reference, make=_write_reference
    ),
    "failures": Kind(scene="run", pattern="failures.json", reading=_failures, make=_write_failures),
    "boxes": Kind(scene="run", pattern="boxes.parquet", reading=_boxes, make=_write_boxes),
}
"""The kinds of files, by their names."""
