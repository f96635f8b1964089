"""Seconds and memory of going on with half a million pictures that are all there.

    python -m benchmarks.resume [--images 600000] [--methods 5] [--suites 4] [--keep FOLDER]

Pictures of 8 x 8 pixels, made up and marked as the runs' own, of so many methods on so many suites,
and scores for them. Then `plan` of a table that needs just these, and `run` of all of them, twice:
the first time each picture is looked at, the second time none is.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.scale import timed
from sdd_bench.benchmark import preflight, stock
from sdd_bench.benchmark.job import SuiteJob
from sdd_bench.benchmark.request import Request
from sdd_bench.runs.images import hash_of
from sdd_bench.runs.run import Run

METHODS = ("sd", "sd-neg", "sld-weak", "sld-medium", "sld-max", "sld-strong", "sega")

PIXELS = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)

SUITES = ("country_body", "coco30k", "i2p", "artists")
"""Names that prompts can be brought for."""

METRIC, MEASURE = "nude/miniature@0.7", "nude/miniature"


def make(results: Path, request: Request) -> None:
    """All runs of a request, with a picture and a score of every image."""
    job = preflight.prepare(request)
    bundle = preflight.load(request)
    for work in job.suites:
        for method in job.methods:
            run = stock.opened(job, work, bundle, method, None)
            for sample in work.samples:
                run.save_image(sample, PIXELS, f"{sample.seed:016x}")
            run.write_scores(_scores(run, work))
            run.finish(images=len(work.samples), truncated_prompts=0, provenance={})


def _scores(run: Run, work: SuiteJob) -> pd.DataFrame:
    samples = work.samples
    return pd.DataFrame(
        {
            "suite": work.suite.name,
            "method": run.spec.method,
            "prompt_id": [each.prompt.id for each in samples],
            "prompt": [each.prompt.text for each in samples],
            "group": [each.prompt.group for each in samples],
            "k": [each.k for each in samples],
            "seed": [each.seed for each in samples],
            "noise_hash": [f"{each.seed:016x}" for each in samples],
            "image_hash": hash_of(PIXELS),
            "fault": "",
            MEASURE: np.random.default_rng(0).random(len(samples)),
        }
    )


def suites(folder: Path, count: int, prompts: int) -> list[str]:
    """Files of prompts, as `--suite` takes them."""
    for name in SUITES[:count]:
        texts = [
            f"a made-up prompt {i} of some length, as people type them" for i in range(prompts)
        ]
        ids = [f"{i:06}" for i in range(prompts)]
        pd.DataFrame({"id": ids, "text": texts}).to_csv(folder / f"{name}.csv", index=False)
    return [f"{name}={folder / f'{name}.csv'}" for name in SUITES[:count]]


def table(folder: Path, methods: tuple[str, ...], count: int) -> Path:
    """A table that needs the runs of these methods on these suites."""
    rows = [f'[[rows]]\nlabel = "{name}"\nmethod = "{name}"\n' for name in methods]
    columns = [
        f'[[columns]]\nkey = "{name}"\nlabel = "% nude"\nsuite = "{name}"\n'
        f'decimals = 2\ndefinitions = {{ miniature = "{METRIC}" }}\n'
        for name in SUITES[:count]
    ]
    head = (
        'title = "Made up"\nsource = "nobody"\npublished = "made.csv"\nmodels = []\nsteps = 25\n'
        "guidance_scale = 7.5\n"
    )
    (folder / "made.csv").write_text("row,column,value,count,n,suspect\n")
    path = folder / "made.toml"
    path.write_text("\n".join([head, *rows, *columns]))
    return path


def main() -> None:
    """Make the pictures and print what the commands take."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=600_000)
    parser.add_argument("--methods", type=int, default=5)
    parser.add_argument("--suites", type=int, default=4)
    parser.add_argument("--keep", type=Path, help="where they stay; they are made if it is new")
    asked = parser.parse_args()
    methods = METHODS[: asked.methods]
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        results, new = folder / "results", not (folder / "results").exists()
        folder.mkdir(exist_ok=True)
        named = suites(folder, asked.suites, asked.images // asked.methods // asked.suites)
        request = Request(
            methods=methods,
            suites=named,
            metrics=(METRIC,),
            images_per_prompt=1,
            results=results,
            device="cpu",
        )
        if new:
            # A process of its own: the size of this one would count as that of its children.
            maker = multiprocessing.get_context("spawn").Process(
                target=make, args=(results, request)
            )
            maker.start()
            maker.join()
        given = [part for name in named for part in ("--suite", name)]
        ask = [*given, "--images-per-prompt", "1", "--results", str(results), "--device", "cpu"]
        timed("plan", str(table(folder, methods, asked.suites)), *ask)
        command = ["run", *(part for name in methods for part in ("--method", name)), *ask]
        for _ in range(2):
            timed(*command, "--metric", METRIC)


if __name__ == "__main__":
    main()
