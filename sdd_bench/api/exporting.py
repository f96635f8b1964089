"""Stored results for other programs. Nothing is generated."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sdd_bench.errors import InputError, unknown

from .arguments import Names, place, several
from .reading import load

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from sdd_bench.runs.run import Run

log = logging.getLogger(__name__)

FORMS = {"dataset": "dataset", "lm-eval": "lm-eval", "model-card": "model-card.md"}
"""What results can be exported as, and where to unless somebody says otherwise."""

WEIGHTS = {"diffusers": "diffusers"}
"""The same of weights."""


def export(
    form: str,
    runs: Names = (),
    *,
    out: str | Path | None = None,
    suites: Names = (),
    results: str | Path = "results",
) -> Path:
    """Results of the runs of these methods (or run folders), without any of all, in another form:
    `model-card`, the evaluation results of a card on the hub, as a file, whose text and other
    metadata are kept if it is there; `lm-eval`, the layout of
    lm-evaluation-harness, or `dataset`, a `datasets.Dataset` with pictures, as a folder.

    Returns where it lies. Raises InputError, also for a folder that holds something already.
    """
    from sdd_bench.exports import lm_eval
    from sdd_bench.runs import places

    if form in WEIGHTS:
        raise InputError(f"'{form}' is a form of weights: `export_weights` writes it")
    if form not in FORMS:
        raise unknown("form", form, FORMS)
    path = place(FORMS[form] if out is None else out, "out")
    if form == "model-card":
        if path.is_dir():
            raise InputError(f"{path} is a folder: give --out a file for a model card")
        places.check(path, "--out")
        _add_to_card(path, _tidy(runs, suites, results))
        return path
    _check_new(path)
    places.check(path / "results", "--out")
    if form == "dataset":
        _save(dataset(runs, suites=suites, results=results), path)
        return path
    made = lm_eval.render(_tidy(runs, suites, results))
    with _whole(path) as folder:
        for name, text in made.items():
            _write(folder / name, text)
    return path


def export_weights(
    checkpoint: str | Path,
    *,
    model: str = "miniature",
    strength: float | None = None,
    out: str | Path | None = None,
) -> Path:
    """A model with the weights of a checkpoint, trained here or by any other tool, as a folder of
    diffusers: `StableDiffusionPipeline.from_pretrained` and `--model` take it, and its pictures are
    those of the checkpoint to the bit.

    `strength` says how much of an adapter is added. Returns where it lies. Raises InputError, also
    for a folder that holds something already.
    """
    from sdd_bench import models
    from sdd_bench.benchmark import preflight
    from sdd_bench.benchmark.request import Options
    from sdd_bench.exports import diffusers_folder
    from sdd_bench.runs import places
    from sdd_bench.training import checkpoints

    path = place(WEIGHTS["diffusers"] if out is None else out, "out")
    _check_new(path)
    places.check(path / "model_index.json", "--out")
    options = Options(
        model=model,
        checkpoint=place(checkpoint, "checkpoint"),
        checkpoint_strength=strength,
        device="cpu",
        dtype="float32",
    )
    bundle = preflight.load(options)
    held = checkpoints.read(place(checkpoint, "checkpoint"), bundle, strength=strength)
    log.info("%s is taken for %s", checkpoint, held.kind)
    with _whole(path) as folder:
        diffusers_folder.write(models.folder_of(bundle.spec), held.tensors, folder)
    return path


def dataset(runs: Names = (), *, suites: Names = (), results: str | Path = "results") -> Dataset:
    """Every stored image with all of its raw scores and its picture, as a `datasets.Dataset`.

    The columns are those of `load`, and `image`, decoded when it is asked for; None where the
    picture was discarded, is missing or damaged, or is another than was scored. Its `save_to_disk`
    and `push_to_hub` take the pictures along, as they are; `to_parquet` only says where they lie.
    Raises InputError for a folder without runs.
    """
    from sdd_bench.exports import dataset as form

    images = load(results, suites)
    if several(runs, "run"):
        wanted = {run.spec.digest for run in _runs(runs, suites, results)}
        images = images[images["digest"].isin(wanted)]
    return form.build(images)


def _add_to_card(path: Path, tidy: pd.DataFrame) -> None:
    """Write the entries of a model card; others that write to it at once lose none of theirs."""
    from sdd_bench import files
    from sdd_bench.exports import model_card
    from sdd_bench.runs import claims

    with files.writing(path, "--out"):
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
    with claims.held(path.resolve(), f"the model card {path}"):
        try:
            _write(path, model_card.render(tidy, files.read_text(path) or ""))
        except (InputError, files.ContentError) as error:
            raise InputError(f"{path}: {error}: repair it, or name another file") from error


def _check_new(path: Path) -> None:
    from sdd_bench import files

    if path.exists() and (not path.is_dir() or files.find(path, "*")):
        raise InputError(f"{path} holds something already: give --out a new folder")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A folder to fill that gets its name when it is whole. Raises InputError if somebody else was
    faster.
    """
    from sdd_bench import files

    place_of = path.resolve()  # a link to an empty folder stays one
    with files.writing(path, "--out"):
        place_of.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{place_of.name:.100}.", dir=place_of.parent) as folder:
            made = Path(folder) / "whole"
            made.mkdir()
            yield made
            _check_new(path)
            made.rename(place_of)


def _save(data: Dataset, path: Path) -> None:
    """Write a data set as a folder, whole or not at all, without the library's own bars."""
    import datasets

    silent = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        with _whole(path) as folder:
            data.save_to_disk(str(folder))
    finally:
        if not silent:
            datasets.enable_progress_bars()


def _tidy(runs: Names, suites: Names, results: str | Path) -> pd.DataFrame:
    """The tidy table of the runs; what has no value is said, since no form has room for it."""
    from sdd_bench import registry
    from sdd_bench.analysis import table

    tidy = table.of_runs(_runs(runs, suites, results), registry.scan()).tidy
    for row in tidy[tidy["value"].isna()].to_dict("records"):
        log.warning(
            "left out: %s of %s on %s (%s)",
            row["definition"],
            row["method"],
            row["suite"],
            row["reason"],
        )
    return tidy


def _runs(runs: Names, suites: Names, results: str | Path) -> list[Run]:
    from sdd_bench.benchmark import stored
    from sdd_bench.runs import lookup

    known = stored.runs_in(place(results, "results"), several(suites, "suite"))
    return lookup.chosen(known, several(runs, "run"))


def _write(path: Path, text: str) -> None:
    from sdd_bench import files

    with files.writing(path, "--out"):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text.encode())
