"""Images that somebody else generated, as a run that can be scored like any other.

What lacks, cannot be read or differs is named, and stays unscored.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from sdd_bench import provenance
from sdd_bench.errors import InputError
from sdd_bench.files import ContentError, sha256
from sdd_bench.progress import progress
from sdd_bench.types import Pixels, Sample, Settings, Suite

from . import changes, filenames, pictures
from .filenames import MatchedFiles, Place
from .identity import IMPORTED, RunSpec
from .run import Run

log = logging.getLogger(__name__)

UNKNOWN_SEED = -1
"""What stands for the seed of an image that somebody else generated."""

_SHOWN = 5
"""How many of several files are named."""


def import_images(
    folder: Path,
    suite: Suite | None,
    *,
    name: str,
    model: str,
    results: Path,
    taken: Collection[str] = (),
    limit: int | None = None,
    naming: str | None = None,
    counted: bool = False,
) -> tuple[Run, MatchedFiles]:
    """The images in `folder` as a run of the method called `name`, and which file is which.

    `suite` is all of it, None where the prompts are not known; `limit` keeps its first prompts,
    `taken` are the names of methods, and `counted` says that its images per prompt are what was
    generated. The model's name decides which metrics fit. Raises InputError.
    """
    if name.strip().casefold() in {method.casefold() for method in taken}:
        raise InputError(
            f"'{name}' is a method of sdd-bench: give imported images a name of their own, such "
            f"as --as {name.strip()}-published"
        )
    if suite is None:
        suite, matched = filenames.unprompted(folder)
    else:
        matched = filenames.find(folder, suite, naming)
    prompts = suite.prompts[:limit]
    if not counted and matched.naming != filenames.UNPROMPTED:
        filenames.check_count(matched, suite, len(prompts))
    samples = {
        (row, k): Sample(suite=suite.name, prompt=prompt, k=k, seed=UNKNOWN_SEED)
        for row, prompt in enumerate(prompts)
        for k in range(suite.images_per_prompt)
    }
    files = {place: matched.files[place] for place in samples if place in matched.files}
    run = Run.create(results, _spec(suite, name, model, samples, files))
    faults = _copy(run, samples, files)
    _warn("named otherwise and left out", [path.name for path in matched.strange])
    _warn("missing", [sample.stem for place, sample in samples.items() if place not in files])
    for fault, names in faults.items():
        _warn(fault, names)
    _list(run, list(samples.values()))
    facts = {"imported_from": str(folder.resolve()), "naming": matched.naming}
    run.finish(images=len(samples), truncated_prompts=0, provenance=provenance.collect() | facts)
    return run, replace(matched, files=files)


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
        total.update(f"{samples[place].stem} {_identity(path)}\n".encode())
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


def _identity(path: Path) -> str:
    """What is known of a file: its hash, and whether it is turned; the reason if it can't be had.

    Earlier versions took a picture as it lies in the file: their runs of such are others.
    """
    try:
        known = sha256(path)
        return known + " turned" * pictures.is_turned(path)
    except OSError as error:
        return f"unread {error.errno}"
    except ContentError:
        return known


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
        return np.asarray(pictures.read(path))
    except ContentError as error:
        return str(error)


def _other_sizes(sizes: Mapping[str, tuple[int, int]]) -> Iterator[tuple[str, list[str]]]:
    """The files of each size but the usual one, which nothing can be scored together with."""
    (usual, _), *others = Counter(sizes.values()).most_common() or [((0, 0), 0)]
    for size, _ in others:
        names = [name for name, other in sizes.items() if other == size]
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
            "fault": "",
        }
        changes.scores(run, pd.DataFrame(rows))


def _warn(fault: str, names: Sequence[str]) -> None:
    """`3 images missing: a, b, c`."""
    if names:
        count = "1 image" if len(names) == 1 else f"{len(names)} images"
        more = ", ..." if len(names) > _SHOWN else ""
        log.warning("%s %s: %s%s", count, fault, ", ".join(names[:_SHOWN]), more)
