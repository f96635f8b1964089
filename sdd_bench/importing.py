"""Images that somebody else generated, as a run that can be scored like any other.

Which image is of which prompt is read off the file names, always as numbers and never by their
alphabetical order. What lacks, cannot be read or differs is named, and stays unscored.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from PIL import Image

from . import provenance, registry
from .errors import InputError, unknown
from .progress import progress
from .results import IMPORTED, Run, RunSpec
from .types import Pixels, Sample, Settings, Suite

log = logging.getLogger(__name__)

UNKNOWN_SEED = -1
"""What stands for the seed of an image that somebody else generated."""

_ENDINGS = {".bmp", ".jpeg", ".jpg", ".png", ".webp"}

_MODES = {"1", "CMYK", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr"}
"""Pillow's modes of eight bits and less, which RGB can show as they are."""

_SHOWN = 5
"""How many of several files are named."""

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
"""By the word on the command line."""


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


# --- which file is which image ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files of a folder, as images of a suite."""

    naming: str
    """A name of NAMINGS."""
    files: Mapping[Place, Path]
    strange: Sequence[Path]
    """Images that are named in another way."""


def find(folder: Path, suite: Suite, naming: str | None = None) -> Found:
    """Which image of the suite each file is; `naming` None: what most names fit.

    Raises InputError if no file fits, or one is of no prompt, or two are of the same image.
    """
    if naming is not None and naming not in NAMINGS:
        raise unknown("naming", naming, NAMINGS)
    paths = _images(folder)
    places = {
        name: _places(paths, each.reader(suite))
        for name, each in NAMINGS.items()
        if naming in {None, name}
    }
    chosen = max(places, key=lambda name: len(places[name]))
    if not places[chosen]:
        known = "; ".join(NAMINGS[name].description for name in places)
        raise InputError(
            f"{folder}: names like '{paths[0].name}' do not say which image is of which prompt of "
            f"suite '{suite.name}': known are {known}"
        )
    files: dict[Place, Path] = {}
    for path, (row, k) in places[chosen].items():
        if row >= len(suite.prompts) or k >= suite.images_per_prompt:
            raise InputError(
                f"{path} is of no image of suite '{suite.name}', which has {len(suite.prompts)} "
                f"prompts and {suite.images_per_prompt} images of each: give another --suite or "
                "--images-per-prompt"
            )
        first = files.setdefault((row, k), path)
        if first != path:
            raise InputError(f"{first} and {path} are the same image: take one of them away")
    strange = [path for path in paths if path not in places[chosen]]
    return Found(naming=chosen, files=files, strange=strange)


def _images(folder: Path) -> list[Path]:
    """The images in a folder; if it has none, those one level below."""
    for pattern in ("*", "*/*"):
        paths = sorted(path for path in folder.glob(pattern) if path.suffix.lower() in _ENDINGS)
        if paths:
            return paths
    endings = ", ".join(sorted(_ENDINGS))
    raise InputError(f"{folder} holds no images ({endings}), nor does a folder in it")


def _places(paths: Sequence[Path], reader: Reader) -> dict[Path, Place]:
    places = ((path, reader(path.stem)) for path in paths)
    return {path: place for path, place in places if place is not None}


def check_count(found: Found, suite: Suite, prompts: int) -> None:
    """Raise InputError if the files are not as many per prompt as the suite asks for.

    They may be of the whole suite or of its first `prompts` only. Running numbers would otherwise
    be read as those of other prompts.
    """
    per_prompt = suite.images_per_prompt
    if found.naming == "rows":
        row, k = max(found.files)
        last = row * per_prompt + k
        present, of_the_first = last // len(suite.prompts) + 1, last // prompts + 1
    else:
        present = of_the_first = max(k for _, k in found.files) + 1
    if per_prompt not in {present, of_the_first}:
        raise InputError(
            f"the names are those of {present} images per prompt and the suite asks for "
            f"{per_prompt}: give --images-per-prompt, {present} or whatever was generated"
        )


# --- the run ----------------------------------------------------------------------------------


def bring(
    folder: Path,
    suite: Suite,
    *,
    name: str,
    model: str,
    results: Path,
    limit: int | None = None,
    naming: str | None = None,
    counted: bool = False,
) -> tuple[Run, Found]:
    """The images in `folder` as a run of the method called `name`, and which file is which.

    `suite` is all of it, `limit` keeps its first prompts, and `counted` says that its images per
    prompt are what was generated. The model's name decides which metrics fit. Raises InputError.
    """
    if name in registry.methods():
        raise InputError(
            f"'{name}' is a method of sdd-bench: give imported images a name of their own, such "
            f"as --as {name}-published"
        )
    found = find(folder, suite, naming)
    prompts = suite.prompts[:limit]
    if not counted:
        check_count(found, suite, len(prompts))
    samples = {
        (row, k): Sample(suite=suite.name, prompt=prompt, k=k, seed=UNKNOWN_SEED)
        for row, prompt in enumerate(prompts)
        for k in range(suite.images_per_prompt)
    }
    files = {place: found.files[place] for place in samples if place in found.files}
    run = Run.create(results, _spec(suite, name, model, samples, files))
    faults = _copy(run, samples, files)
    _warn("named otherwise and left out", [path.name for path in found.strange])
    _warn("missing", [sample.stem for place, sample in samples.items() if place not in files])
    for fault, names in faults.items():
        _warn(fault, names)
    _list(run, list(samples.values()))
    facts = {"imported_from": str(folder.resolve()), "naming": found.naming}
    run.finish(images=len(samples), truncated_prompts=0, provenance=provenance.collect() | facts)
    return run, replace(found, files=files)


def _spec(
    suite: Suite,
    name: str,
    model: str,
    samples: Mapping[Place, Sample],
    files: Mapping[Place, Path],
) -> RunSpec:
    """An identity that hangs on the files, so that no generated run ever has the same."""
    total = hashlib.sha256()
    for place, path in files.items():
        total.update(f"{samples[place].stem} {provenance.sha256_file(path)}\n".encode())
    return RunSpec(
        model=model,
        model_hash="",
        method=name,
        parameters={IMPORTED: total.hexdigest()},
        concepts=(),
        checkpoint=None,
        suite=suite.name,
        suite_hash=suite.hash,
        settings=Settings(),
        numerics=IMPORTED,
    )


def _copy(
    run: Run, samples: Mapping[Place, Sample], files: Mapping[Place, Path]
) -> dict[str, list[str]]:
    """Write the images into the run as RGB. Returns what is wrong with which files."""
    faults: dict[str, list[str]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    lacking = {sample.stem for sample in run.missing(list(samples.values()))}
    with progress(f"importing {run.spec.method}", len(files)) as advance:
        for place, path in files.items():
            pixels = _pixels(path)
            if isinstance(pixels, str):
                faults.setdefault(pixels, []).append(path.name)
            else:
                sizes[path.name] = (pixels.shape[1], pixels.shape[0])
                if samples[place].stem in lacking:
                    run.save_image(samples[place], pixels)
            advance(1)
    return faults | dict(_other_sizes(sizes))


def _pixels(path: Path) -> Pixels | str:
    """An image as uint8 (height, width, 3), or why it cannot be had."""
    try:
        with Image.open(path) as image:
            if image.mode not in _MODES:
                return f"of mode {image.mode}, which RGB cannot show"
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return "not readable"


def _other_sizes(sizes: Mapping[str, tuple[int, int]]) -> Iterator[tuple[str, list[str]]]:
    """The files of each size but the usual one, which nothing can be scored together with."""
    (usual, _), *others = Counter(sizes.values()).most_common() or [((0, 0), 0)]
    for size, _ in others:
        names = [name for name, each in sizes.items() if each == size]
        yield f"{size[0]}x{size[1]} instead of {usual[0]}x{usual[1]}", names


def _list(run: Run, samples: Sequence[Sample]) -> None:
    """A row for each image that is to be, so that scoring counts those that lack."""
    if not len(run.scores()):
        rows = {
            "suite": [sample.suite for sample in samples],
            "method": run.spec.method,
            "prompt_id": [sample.prompt.id for sample in samples],
            "prompt": [sample.prompt.text for sample in samples],
            "group": [sample.prompt.group for sample in samples],
            "k": [sample.k for sample in samples],
            "seed": [sample.seed for sample in samples],
            "noise_hash": "",
            "image_hash": "",
        }
        run.write_scores(pd.DataFrame(rows))


def _warn(what: str, names: Sequence[str]) -> None:
    """`3 images missing: a, b, c`."""
    if names:
        count = "1 image" if len(names) == 1 else f"{len(names)} images"
        more = ", ..." if len(names) > _SHOWN else ""
        log.warning("%s %s: %s%s", count, what, ", ".join(names[:_SHOWN]), more)
