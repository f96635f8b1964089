"""Real images that set metrics compare with, as files of their features.

A file holds the features of a folder of images, and says of how many, which, and how they were
cropped. It is a safetensors file, so that reading it runs no code:

    features   (N, d) float32, in the order of the images' paths
    metadata   instrument, count, images (a SHA-256 of all names and contents), crop, compare_with
               (how many images a run must have, or `any`)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from sdd_bench import files
from sdd_bench.errors import InputError, SDDBenchError
from sdd_bench.files import ContentError, sha256
from sdd_bench.runs import pictures
from sdd_bench.types import Features, Pixels, SetMetric
from sdd_bench.weights import catalog, content, store

from . import batches, border
from .batches import TILE

Crop: TypeAlias = Literal["centre", "none"]
"""What is kept of an image: the biggest square at its centre, or all, which a metric may squash."""

ENDINGS = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""Endings of the files that count as images."""

FORMATS = (*pictures.FORMATS, "PPM", "TIFF")
"""Pillow's names of their formats; a file in another one is no image, whatever its ending."""

_FORMAT = "sdd-bench reference 1"

_SEAL = "sha256"
"""The entry of the metadata that holds the hash of the file; files of before have none."""


ANY: Literal["any"] = "any"
"""What a file says that any number of images may be compared with."""


@dataclass(frozen=True, slots=True)
class RealImages:
    """The real images of a suite by their features, in a file for each instrument."""

    key: str
    """The suite's `reference`: `name` of a file that `sdd-bench reference` wrote into the weights
    folder, `weight/name` of one that comes with those weights."""
    _loaded: dict[str, tuple[Features, dict[str, str]]] = field(default_factory=dict)

    def label(self, metric: SetMetric) -> str:
        """The key, and what tells these images and their crop from others.

        For images that come with weights the key is enough: their file is always the same one.
        """
        taker = instrument(metric)
        if self._shipped(taker) is not None:
            return self.key
        about = _metadata(self.path(taker))
        return f"{self.key} n={about['count']} crop={about['crop']} {about['images'][:10]}"

    def path(self, instrument: str) -> Path:
        """Where the features of an instrument are looked for."""
        made = catalog.folder() / "references" / f"{self.key}-{instrument}.safetensors"
        return self._shipped(instrument) or made

    def _shipped(self, instrument: str) -> Path | None:
        """The file that comes with the weights, verified like them. Raises MissingError."""
        weight, _, name = self.key.rpartition("/")
        if not weight:
            return None
        path = store.find(weight) / "references" / f"{name}-{instrument}.safetensors"
        return path if path.exists() else None

    def lacks(self, metric: SetMetric, count: int) -> str:
        """Why a metric can't compare `count` images with these; empty if it can.

        The distance of few images is bigger than that of many from the same model, so only
        values of the same number of images compare, and none of another number is given.
        """
        path = self.path(instrument(metric))
        if not path.exists():
            return (
                f"no reference {path}: make it of the real images with `sdd-bench reference "
                f"--images FOLDER --out {path}`"
            )
        allowed = _metadata(path)["compare_with"]
        if allowed not in {ANY, str(count)}:
            return f"{count} images don't compare with the {allowed} that the reference is for"
        return ""

    def features(self, metric: SetMetric) -> Features:
        """Features of all of them. Raises InputError if the file is damaged."""
        taker = instrument(metric)
        if taker not in self._loaded:
            self._loaded[taker] = read(self.path(taker))
        return self._loaded[taker][0]


def reference_of(key: str | None) -> RealImages | None:
    """The real images of a suite's `reference`, if it has one."""
    return RealImages(key) if key else None


def instrument(metric: SetMetric) -> str:
    """What takes the features: metrics whose names agree after the family share them."""
    return metric.definitions[0].measure.partition("/")[2]


# --- files ------------------------------------------------------------------------------------


def read(path: Path) -> tuple[Features, dict[str, str]]:
    """Features (N, d) and metadata. Raises InputError unless it is such a file and whole."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    metadata = _metadata(path)
    try:
        files.check_seal(path)
        features: Features = load_file(path)["features"]
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise _damaged(path, content.fault(error)) from error
    if features.ndim != 2 or str(len(features)) != metadata["count"]:
        raise _damaged(path, f"{features.shape} for {metadata['count']} images")
    return features, metadata


def _damaged(path: Path, reason: object) -> InputError:
    return InputError(f"the reference {path} is damaged ({reason}): make it again")


def write(
    metric: SetMetric,
    images: Sequence[Path],
    out: Path,
    *,
    crop: Crop,
    compare_with: int | Literal["any"] | None = None,
    advance: Callable[[int], None],
) -> dict[str, str]:
    """Write the features of the images and return the file's metadata.

    Only up to TILE images are in memory at a time. `compare_with` is how many images a run must
    have for a distance to be given, or ANY number; without it, as many as these. Raises InputError
    for a file that is no image.
    """
    from safetensors.numpy import save

    parts = []
    for group in _of_one_size(images, crop):
        parts.append(border.features(metric, batches.batch(group, [""] * len(group), filled=False)))
        advance(len(group))
    metadata = {
        "format": _FORMAT,
        "instrument": instrument(metric),
        "count": str(len(images)),
        "images": hash_of(images),
        "crop": crop,
        "compare_with": str(compare_with or len(images)),
    }
    with files.writing(out, "--out"):
        out.parent.mkdir(parents=True, exist_ok=True)
        held = metadata | {_SEAL: files.BLANK}
        files.write_sealed(
            out, files.in_order(save({"features": np.concatenate(parts)}, metadata=held))
        )
    return metadata


def _of_one_size(images: Sequence[Path], crop: Crop) -> Iterator[list[Pixels]]:
    """Runs of up to TILE images of one size, in the order given."""
    pictures = (_read_image(path, crop) for path in images)
    for _, same in groupby(pictures, key=lambda picture: picture.shape):
        batch: list[Pixels] = []
        for picture in same:
            batch.append(picture)
            if len(batch) == TILE:
                yield batch
                batch = []
        if batch:
            yield batch


def _read_image(path: Path, crop: Crop) -> Pixels:
    try:
        picture = pictures.read(path, FORMATS)
    except ContentError as error:
        reason = f"{error}: {error.__cause__}" if error.__cause__ else str(error)
        raise InputError(
            f"{path} is no image that can be read ({reason}): take it away, or save it as RGB of "
            "eight bits"
        ) from error
    if crop == "centre":
        side = min(picture.size)
        left, top = ((length - side) // 2 for length in picture.size)
        picture = picture.crop((left, top, left + side, top + side))
    return np.asarray(picture)


@dataclass(frozen=True, slots=True)
class _ImageId:
    """A row of a list of images."""

    image_id: int


def find_images(folder: Path, ids: Path | None = None) -> list[Path]:
    """The images in a folder and those below, sorted by path.

    With `ids`, a CSV with a column `image_id`, only those whose name ends in one of its numbers,
    as COCO's do. Raises InputError if there are none, or an id has no image.
    """
    below = files.find(folder, "**/*")
    found = [path for path in below if path.suffix.lower() in ENDINGS and not path.is_dir()]
    _check_links(found)
    if ids is not None:
        found = _with_ids(found, ids)
    if len(found) < 2:
        raise InputError(
            f"{folder} holds {len(found)} images ({', '.join(sorted(ENDINGS))}): a reference "
            "needs two or more"
        )
    return found


def _check_links(images: Sequence[Path]) -> None:
    """Raise InputError for a link to nothing, and for one to an image that is here anyway."""
    real = {path for path in images if not path.is_symlink()}
    for path in images:
        if not path.exists():
            raise InputError(f"{path} is a link that leads nowhere: restore the image or remove it")
        if path.is_symlink() and path.resolve() in real:
            raise InputError(f"{path} is {path.resolve()} once more: an image counts once")


def _with_ids(images: Sequence[Path], ids: Path) -> list[Path]:
    try:
        rows = files.read_csv(ids, _ImageId)
    except (SDDBenchError, ValueError) as error:
        raise InputError(f"{ids} has no column 'image_id' of numbers: {error}") from error
    if rows is None:
        raise InputError(f"there is no file {ids}")
    numbers = [row.image_id for row in rows]
    by_id: dict[int, Path] = {}
    for path in images:
        number = _trailing_number(path)
        if number is not None and by_id.setdefault(number, path) != path:
            raise InputError(f"{by_id[number]} and {path} are both number {number}: remove one")
    absent = [number for number in numbers if number not in by_id]
    if absent:
        raise InputError(
            f"{len(absent)} of the {len(numbers)} images of {ids} are not there; the first is "
            f"number {absent[0]}"
        )
    return sorted({by_id[number] for number in numbers})


def _trailing_number(path: Path) -> int | None:
    digits = path.stem[len(path.stem.rstrip("0123456789")) :]
    return int(digits) if digits else None


def hash_of(images: Sequence[Path]) -> str:
    """SHA-256 of the names and contents of image files, in their order, and of what is turned."""
    total = hashlib.sha256()
    for path in images:
        turned = "\0turned" * pictures.is_turned(path, FORMATS)
        total.update(f"{path.name}\0{sha256(path)}{turned}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def _metadata(path: Path) -> dict[str, str]:
    """What a file says about itself, without reading the features."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata: dict[str, str] = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        with suppress(files.ContentError):
            files.check_seal(path)  # raises where the disk or its rights are at fault
        raise _damaged(path, content.fault(error)) from error
    if metadata.get("format") != _FORMAT:
        raise InputError(f"{path} was not written by `sdd-bench reference`: make it again")
    metadata.pop(_SEAL, None)
    lacking = {"count", "crop", "images", "compare_with"} - metadata.keys()
    if lacking:
        raise _damaged(path, f"it doesn't say its {min(lacking)}")
    return metadata
