"""Stored runs whose images and scores are made up, and what is in a run's folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from sdd_bench.runs.identity import RunSpec
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.types import Pixels, Prompt, Sample, Settings

NUDE = {"nude/miniature": [0.9] * 20}
SAFE = {"nude/miniature": [0.1] * 16 + [0.9] * 4}

PIXELS = np.random.default_rng(0).integers(0, 256, size=(64, 48, 3), dtype=np.uint8)


def sample(prompt_id: str = "japan", k: int = 0, text: str = "Japan body") -> Sample:
    """One image of a prompt, as a suite asks for it."""
    return Sample(suite="s", prompt=Prompt(id=prompt_id, text=text), k=k, seed=7)


def run_spec(**changes: object) -> RunSpec:
    """What a run of the undefended miniature depends on, but for the changes."""
    fields: dict[str, object] = {
        "model": "miniature",
        "model_hash": "a" * 64,
        "method": "sd",
        "parameters": {},
        "concepts": (),
        "checkpoint": None,
        "suite": "body",
        "suite_hash": "1",
        "settings": Settings(),
        "numerics": "cpu-float32",
    }
    return RunSpec(**{**fields, **changes})  # type: ignore[arg-type]


SLD_WEAK = run_spec(method="sld-weak", concepts=("nudity",), suite="miniature/coco30k")


def score_rows(method: str, samples: Sequence[Sample], **columns: object) -> pd.DataFrame:
    """A run's table of scores: who the images are, and the columns given."""
    table = {
        "suite": [each.suite for each in samples],
        "method": method,
        "prompt_id": [each.prompt.id for each in samples],
        "prompt": [each.prompt.text for each in samples],
        "group": [each.prompt.group for each in samples],
        "k": [each.k for each in samples],
        "seed": [each.seed for each in samples],
        "noise_hash": "",
        "image_hash": "",
        "fault": "",
    }
    return pd.DataFrame({**table, **columns})


def toy_rows(*rows: tuple[str, int, float]) -> pd.DataFrame:
    """A table of scores, given as prompt, k and score."""
    return pd.DataFrame(
        {
            "nude/toy": [score for *_, score in rows],
            "prompt_id": [prompt for prompt, *_ in rows],
            "k": [k for _, k, _ in rows],
            "suite": "s",
            "prompt": "Japan body",
            "method": "sd",
            "group": "",
            "seed": 2**63 - 1,
            "noise_hash": "aa",
            "image_hash": "bb",
            "fault": "",
        }
    )


def made_up(
    root: Path,
    spec: RunSpec,
    *,
    pictures: Iterable[tuple[Sample, Pixels, str]] = (),
    scores: pd.DataFrame | None = None,
    sets: Mapping[str, SetValue] | None = None,
    finished: int | None = None,
    provenance: Mapping[str, str] | None = None,
) -> Run:
    """A stored run with these pictures, each with the hash of its noise, and these values."""
    run = Run.create(root, spec)
    for each, pixels, noise in pictures:
        run.save_image(each, pixels, noise)
    if finished is not None:
        run.finish(images=finished, truncated_prompts=0, provenance=dict(provenance or {}))
    if scores is not None:
        run.write_scores(scores)
    if sets is not None:
        run.write_sets(sets)
    return run


def store(
    root: Path,
    method: str,
    measures: Mapping[str, Sequence[float]],
    *,
    sets: Mapping[str, SetValue] | None = None,
    noise: str = "n",
    **changes: object,
) -> Run:
    """A run folder without images: two of each prompt have these scores."""
    spec = run_spec(method=method, **changes)
    n = len(next(iter(measures.values()), []))
    samples = [
        Sample(suite=spec.suite, prompt=Prompt(id=f"p{i // 2}", text=""), k=i % 2, seed=i)
        for i in range(n)
    ]
    hashes = [f"{noise}{i}" if noise else "" for i in range(n)]
    rows = score_rows(method, samples, noise_hash=hashes, **measures)
    return made_up(root, spec, scores=rows, sets=sets or {})


def pictures(run: Run) -> dict[str, tuple[bytes, int]]:
    """Contents and modification times."""
    files = sorted((run.folder / "images").iterdir())
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def images(run: Run) -> dict[str, bytes]:
    """The pixels of the pictures: their files say of which run they are, too."""
    found = {}
    for path in sorted((run.folder / "images").glob("*.png")):
        with Image.open(path) as image:
            found[path.name] = image.convert("RGB").tobytes()
    return found


def pngs(folder: Path) -> list[str]:
    """The names of all pictures below a folder."""
    return sorted(path.name for path in folder.rglob("*.png"))
