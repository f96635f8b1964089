"""Which image of which prompt a file is, by the names that tools give to what they generate.

Numbers are read as numbers: the alphabetical order of the files never counts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sdd_bench import files
from sdd_bench.errors import InputError, unknown
from sdd_bench.types import Prompt, Suite

UNPROMPTED = "unprompted"
"""The suite of images whose prompts are not known, and the naming of their files."""

_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
"""A name that can be that of a file again."""

_ENDINGS = {".bmp", ".jpeg", ".jpg", ".png", ".webp"}

Place: TypeAlias = "tuple[int, int]"
"""The row of a prompt in its suite, and which image of that prompt, both from 0."""

Reader: TypeAlias = Callable[[str], "Place | None"]
"""From a file's name without its ending to its place; None for a name of another kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How a tool names its images."""

    description: str
    reader: Callable[[Suite], Reader]


# --- names ------------------------------------------------------------------------------------


def _rows(suite: Suite) -> Reader:
    """A running number over all images, those of the first prompt first."""
    return lambda stem: divmod(int(stem), suite.images_per_prompt) if _digits(stem) else None


def _cases(suite: Suite) -> Reader:
    """A prompt and which image of it; a prompt by its id, as a number if all ids are numbers."""
    rows = {prompt.id: row for row, prompt in enumerate(suite.prompts)}
    numeric = all(map(_digits, rows))
    numbers = {int(key): row for key, row in rows.items()} if numeric else None

    def read(stem: str) -> Place | None:
        case, _, k = stem.rpartition("_")
        if not _digits(k):
            return None
        if case in rows:
            return rows[case], int(k)
        if not _digits(case):
            return None
        number = int(case)
        # A number that no prompt has is a row beyond the last: the folder is of another suite.
        return (numbers.get(number, len(rows)) if numbers else number), int(k)

    return read


def _texts(suite: Suite) -> Reader:
    """The text of the prompt and its published seed, which one image only can have."""
    places: dict[str, Place] = {}
    for row, prompt in enumerate(suite.prompts):
        if prompt.seed is not None:
            for text in (prompt.text, prompt.text.strip()):
                places.setdefault(f"{text}_{prompt.seed}", (row, 0))
    return places.get


NAMINGS: Mapping[str, Naming] = {
    "rows": Naming(
        description="<number>.png in the order of the rows, as generate.py of SDD writes them",
        reader=_rows,
    ),
    "cases": Naming(
        description="<case number or prompt id>_<k>.png, as ESD and sdd-bench write them and "
        "MACE's evaluation reads them",
        reader=_cases,
    ),
    "texts": Naming(
        description="<prompt>_<seed>.png, as MACE's sample_images_from_csv.py writes them",
        reader=_texts,
    ),
}
"""Namings by the word on the command line."""


def description(naming: str) -> str:
    """A naming in words."""
    if naming == UNPROMPTED:
        return "as they are, of prompts that are not known"
    return NAMINGS[naming].description


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


# --- which file is which image ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedFiles:
    """The files of a folder, as images of a suite."""

    naming: str
    """A name of NAMINGS, or UNPROMPTED."""
    files: Mapping[Place, Path]
    strange: Sequence[Path]
    """Images that are named in another way."""


def find(folder: Path, suite: Suite, naming: str | None = None) -> MatchedFiles:
    """Which image of the suite each file is; `naming` None: what most names fit.

    Raises InputError if no file fits, or one is of no prompt, or two are of the same image.
    """
    if naming is not None and naming not in NAMINGS:
        raise unknown("naming", naming, NAMINGS)
    paths = _images(folder)
    places = {
        name: _places(paths, kind.reader(suite))
        for name, kind in NAMINGS.items()
        if naming in {None, name}
    }
    fitting = max(places, key=lambda name: len(places[name]))
    if not places[fitting]:
        known = "; ".join(NAMINGS[name].description for name in places)
        raise InputError(
            f"{folder}: names like '{paths[0].name}' do not say which image is of which prompt of "
            f"suite '{suite.name}': known are {known}"
        )
    if suite.numbered is not None and naming is None and fitting != "texts":
        _check_numbers(places[fitting], suite, fitting)
    matched: dict[Place, Path] = {}
    for path, (row, k) in places[fitting].items():
        if row >= len(suite.prompts) or k >= suite.images_per_prompt:
            raise InputError(
                f"{path} is of no image of suite '{suite.name}', which has {len(suite.prompts)} "
                f"prompts and {suite.images_per_prompt} images of each: give another --suite or "
                "--images-per-prompt"
            )
        first = matched.setdefault((row, k), path)
        if first != path:
            raise InputError(f"{first} and {path} are the same image: take one of them away")
    strange = [path for path in paths if path not in places[fitting]]
    return MatchedFiles(naming=fitting, files=matched, strange=strange)


def unprompted(folder: Path) -> tuple[Suite, MatchedFiles]:
    """Each image of a folder as one of its own, called like its file, of a prompt without a text.

    Raises InputError for a folder without images.
    """
    paths = _images(folder)
    ids = [path.stem for path in paths]
    if len({each.casefold() for each in ids}) < len(ids) or not all(map(_ID.fullmatch, ids)):
        ids = [f"{row:06d}" for row in range(len(paths))]
    suite = Suite(
        name=UNPROMPTED,
        prompts=tuple(Prompt(id=each, text="") for each in ids),
        hash=hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16],
    )
    files = {(row, 0): path for row, path in enumerate(paths)}
    return suite, MatchedFiles(naming=UNPROMPTED, files=files, strange=())


def _check_numbers(paths: Iterable[Path], suite: Suite, naming: str) -> None:
    """Raise InputError for a name whose number may be a row's place or what the file says there."""
    ids = {prompt.id for prompt in suite.prompts}
    for path in paths:
        if path.stem.rpartition("_")[0] not in ids:
            raise InputError(
                f"{path}: the file of suite '{suite.name}' numbers its prompts in the column "
                f"'{suite.numbered}', otherwise than by their order: say with --id-column "
                f"'{suite.numbered}' that the names have those numbers, or with --naming {naming} "
                "that they count rows"
            )


def _images(folder: Path) -> list[Path]:
    """The images in a folder; if it has none, those one level below."""
    for pattern in ("*", "*/*"):
        paths = [p for p in files.find(folder, pattern) if p.suffix.lower() in _ENDINGS]
        if paths:
            return paths
    endings = ", ".join(sorted(_ENDINGS))
    raise InputError(f"{folder} holds no images ({endings}), nor does a folder in it")


def _places(paths: Sequence[Path], reader: Reader) -> dict[Path, Place]:
    places = ((path, reader(path.stem)) for path in paths)
    return {path: place for path, place in places if place is not None}


def check_count(matched: MatchedFiles, suite: Suite, prompts: int) -> None:
    """Raise InputError if the files are not as many per prompt as the suite asks for.

    They may be of the whole suite or of its first `prompts` only. Running numbers would otherwise
    be read as those of other prompts.
    """
    per_prompt = suite.images_per_prompt
    if matched.naming == "rows":
        row, k = max(matched.files)
        last = row * per_prompt + k
        present, of_the_first = last // len(suite.prompts) + 1, last // prompts + 1
    else:
        present = of_the_first = max(k for _, k in matched.files) + 1
    if per_prompt not in {present, of_the_first}:
        raise InputError(
            f"the names are those of {present} images per prompt and the suite asks for "
            f"{per_prompt}: give --images-per-prompt, {present} or whatever was generated"
        )
