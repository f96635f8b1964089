"""Which files of a folder are its weights, as diffusers, transformers and PEFT name them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sdd_bench import files
from sdd_bench.files import ContentError

from . import content

T = TypeVar("T")

INDEX_BYTES = 64 << 20
"""What an index or a configuration may have at most; those of the largest models have two."""

ENDINGS = ("safetensors", "bin")
"""In the order of preference: no code hides in the first."""

_PART = re.compile(r".+-(\d{5})-of-(\d{5})\.(?:safetensors|bin)")


@dataclass(frozen=True, slots=True)
class Found:
    """The files that hold one set of weights."""

    paths: tuple[Path, ...]
    """One, or all the parts of an index."""
    part_of: Mapping[str, Path] | None = None
    """In which part each tensor is, where an index says so."""
    variant: str | None = None
    """What stands between name and ending, such as `fp16`, where the folder has nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """What is read of an index: the rest is for people."""

    weight_map: dict[str, str]


def find(folder: Path, stem: str, endings: Sequence[str] = ENDINGS) -> Found | None:
    """The weights called `stem` in a folder, None if there are none. Raises ContentError.

    One file before parts, safetensors before pickles, and a variant only where it is alone.
    """
    for ending in endings:
        path, index = folder / f"{stem}.{ending}", folder / f"{stem}.{ending}.index.json"
        if _there(path):
            return Found((path,))
        if _there(index):
            return of_index(index)
    names = [path.name for path in files.find(folder, "*")]
    for ending in endings:
        variants = [
            found[1]
            for name in names
            if (found := re.fullmatch(rf"{re.escape(stem)}\.([\w-]+)\.{ending}", name))
        ]
        if len(variants) > 1:
            raise ContentError(
                f"{folder} holds the variants {', '.join(variants)} of {stem}.{ending} and not "
                "that itself: give the file that is meant, or rename it"
            )
        if variants and not is_part(folder / f"{stem}.{variants[0]}.{ending}"):
            path = folder / f"{stem}.{variants[0]}.{ending}"
            return Found((path,), variant=variants[0])
    scattered = [name for name in names if name.startswith(stem) and _PART.fullmatch(name)]
    if scattered:
        raise ContentError(
            f"{folder} holds parts ({scattered[0]}) without their index {stem}.*.index.json: "
            "copy that too"
        )
    return None


def is_part(path: Path) -> bool:
    """Whether the name of a file says that it is one part of several."""
    return _PART.fullmatch(path.name) is not None


def of_index(path: Path) -> Found:
    """All parts that an index names, which have to be there. Raises ContentError."""
    index = described(path, _Index)
    if not index.weight_map:
        raise ContentError(f"{path} names no tensor")
    for part in set(index.weight_map.values()):
        if Path(part).name != part or part in {"", ".", ".."} or "\\" in part:
            raise ContentError(f"{path} names a part outside of its folder: {content.shown(part)}")
    part_of = {name: path.parent / part for name, part in index.weight_map.items()}
    paths = tuple(sorted(set(part_of.values())))
    missing = [each.name for each in paths if not each.exists()]
    if missing:
        raise ContentError(
            f"{path.parent} lacks {len(missing)} of the {len(paths)} parts that its index names, "
            f"{content.shown(missing[0])} first: copy them too"
        )
    return Found(paths, part_of)


def described(path: Path, kind: type[T]) -> T:
    """The JSON beside weights, as a `kind`; other fields are none of ours. Raises ContentError."""
    try:
        length = content.size(path)
    except ContentError as error:
        raise ContentError(f"{path} {error}") from error
    if length > INDEX_BYTES:
        raise ContentError(f"{path} has {length:,} bytes, which no index or configuration has")
    try:
        found = files.read_json(path, kind, extra="ignore")
    except ContentError as error:
        raise ContentError(f"{path} cannot be used: {error}") from error
    if found is None:  # it was there a moment ago
        raise ContentError(f"{path} is missing")
    return found


def _there(path: Path) -> bool:
    return path.exists() or path.is_symlink()  # a link to nothing is named, and not passed over
