"""A table of one's own, and made-up runs that a published one asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdd_bench import models, registry
from sdd_bench.benchmark import stored
from sdd_bench.benchmark.request import Request
from sdd_bench.benchmark.selection import choose
from sdd_bench.papers import needs as paper_needs
from sdd_bench.papers.needs import Need, NeedStatus
from sdd_bench.papers.published import Table
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.suites import seeds
from sdd_bench.types import Settings
from support.runs import made_up, run_spec, score_rows

OWN_TABLE = """
title = "Mine"
source = "me"
published = "mine.csv"
models = ["miniature"]
steps = 2
guidance_scale = 7.5

[[rows]]
label = "SD"
method = "sd"

[[rows]]
label = "NEG"
method = "sd-neg"

[[columns]]
key = "nude"
label = "% nude"
suite = "country_body"
decimals = 1
definitions = { miniature = "nude/miniature@0.7" }

[[columns]]
key = "lpips"
label = "LPIPS"
suite = "coco30k"
decimals = 3
definitions = { miniature = "lpips/miniature" }
"""


def own_table(folder: Path, toml: str = OWN_TABLE, cells: str = "SD,nude,50,1,2,\n") -> str:
    """The path of a table that is not shipped, with its published numbers beside it."""
    (folder / "mine.csv").write_text("row,column,value,count,n,suspect\n" + cells)
    (folder / "mine.toml").write_text(toml)
    return str(folder / "mine.toml")


SMALL = {"limit": 2, "images_per_prompt": 2}


def base(results: Path, **changes: object) -> Request:
    """A request of few images, as the option `--limit` makes it."""
    fields: dict[str, object] = {"methods": (), "suites": (), "results": results, **SMALL}
    return Request(**fields | changes)  # type: ignore[arg-type]


def needed(need: Need, **changes: object) -> Run:
    """A run that the need asks for, with made-up images and scores."""
    request, suite = need.request, need.prompts
    assert suite is not None
    chosen = choose(request.methods[0], request, registry.scan())
    fields: dict[str, object] = {
        "model_hash": stored.local_hash(models.find("miniature")) or "",
        "method": chosen.name,
        "parameters": chosen.parameters,
        "concepts": chosen.concepts,
        "suite": suite.name,
        "suite_hash": suite.hash,
        "settings": Settings(steps=request.steps),
        "numerics": "cpu-float32-rows32",
    }
    samples = seeds.samples(suite, request.seed)
    scores = {
        "nude/miniature": [float(sample.k) for sample in samples],
        "clip/miniature": 0.5,
        "lpips/miniature": 0.1,
        "image_hash": "seen",
    }
    n = len(samples)
    return made_up(
        request.results,
        run_spec(**fields | changes),
        pictures=[(s, np.full((8, 8, 3), s.k, dtype=np.uint8), "noise") for s in samples],
        finished=n,
        scores=score_rows(chosen.name, samples, **scores),
        sets={"fid/miniature": SetValue(value=20.0, low=19.0, high=21.0, n=n)},
    )


def states(table: Table, results: Path, **changes: object) -> list[NeedStatus]:
    """What is there of each run that a table needs."""
    needs = paper_needs.needs_of(table, base(results, **changes))
    return paper_needs.states_of(needs, results, registry.scan())
