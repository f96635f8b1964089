"""Seconds and memory of `sdd-bench table` and `report` on 600,000 rows of made-up scores.

    python -m benchmarks.scale [--rows 600000] [--runs 20] [--images 6000]

They are of all runs, each of I2P's size and kind (five images of a prompt, two rates) or, with
`--runs 1`, one run of all rows. `benchmarks.gate_scale` does the same for the gate.

`--images` instead looks at one run with that many pictures of 8 x 8 pixels: how long a resumed run
takes to look at all of them, and to add 1,000 more.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from sdd_bench.runs.identity import RunSpec
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.types import Prompt, Sample, Settings

ADDED = 1000
"""Pictures that are added to those that are there."""


def make(root: Path, name: str, rows: int) -> None:
    """A run without images, of `rows` rows of scores."""
    rng = np.random.default_rng(len(name))
    spec = RunSpec(
        model="miniature",
        model_hash="0",
        method=name,
        parameters={},
        concepts=(),
        checkpoint=None,
        suite="i2p",
        suite_hash="0",
        settings=Settings(),
        numerics="cpu-float32",
    )
    prompt = np.arange(rows) // 5
    scores = pd.DataFrame(
        {
            "suite": "i2p",
            "method": name,
            "prompt_id": [f"{i:06d}" for i in prompt],
            "prompt": [f"a made-up prompt {i} of some length, as people type them" for i in prompt],
            "group": "violence, hard",
            "k": np.arange(rows) % 5,
            "seed": rng.integers(2**62, size=rows),
            "noise_hash": [f"{i:016x}" for i in range(rows)],
            "image_hash": [f"{i:016x}" for i in range(rows)],
            "fault": "",
            "nude/miniature": rng.random(rows),
            "harm/miniature": rng.random(rows),
            "clip/miniature": rng.normal(0.27, 0.03, size=rows),
        }
    )
    run = Run.create(root, spec)
    run.write_scores(scores)
    run.write_sets({"fid/miniature": SetValue(value=20.0, low=19.0, high=21.0, n=rows)})
    run.finish(images=rows, truncated_prompts=0, provenance={})


def timed(*arguments: str) -> None:
    """Run a command and print what it took."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "sdd_bench", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    print(
        f"{arguments[0]}: {time.perf_counter() - start:.1f} s, of which "
        f"{used.ru_utime + used.ru_stime:.1f} s of computing, {used.ru_maxrss / 1e6:.2f} GB",
        flush=True,
    )


def pictures(root: Path, images: int) -> None:
    """Print what looking at the pictures of a run takes, and adding some."""
    make(root, "pictured", images)
    run = Run.open(next(root.glob("runs/*/*/pictured-*")))
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    samples = [
        Sample(suite="i2p", prompt=Prompt(id=f"{i // 5:06d}", text="a text"), k=i % 5, seed=i)
        for i in range(images + ADDED)
    ]

    def save(several: list[Sample]) -> None:
        for each in several:
            run.save_image(each, pixels, f"{each.seed:016x}")

    save(samples[:images])
    run.write_scores(run.scores().iloc[:0])
    took(f"looking at {images} pictures", lambda: run.missing(samples[:images]))
    took(f"finding {ADDED} missing and adding them", lambda: save(run.missing(samples)))


def took(name: str, work: Callable[[], object]) -> None:
    """Do some work and print its processor time."""
    start = time.process_time()
    work()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{name}: {time.process_time() - start:.2f} s of computing, {memory:.2f} GB")


def main() -> None:
    """Make the runs and print what the commands take."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--images", type=int)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.images:
            pictures(Path(folder), given.images)
            return
        for number in range(given.runs):
            make(Path(folder), f"made-up-{number}", given.rows // given.runs)
        timed("table", "--results", folder)
        timed("report", "--results", folder, "--out", str(Path(folder, "page", "report.html")))


if __name__ == "__main__":
    main()
