"""Seconds and memory of `sdd-bench table` on half a million rows of made-up scores.

    python benchmarks/scale.py [--rows 500000] [--runs 20]

The table is that of all runs, each of I2P's size and kind (five images of a prompt, two rates) or,
with `--runs 1`, one run of all rows.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from sdd_bench.runs.identity import RunSpec
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.types import Settings


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


def main() -> None:
    """Print what the command took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--runs", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.runs):
            make(Path(folder), f"made-up-{number}", given.rows // given.runs)
        start = time.perf_counter()
        command = [sys.executable, "-m", "sdd_bench", "table", "--results", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{given.rows} rows in {given.runs} runs: {wall:.1f} s, of which "
        f"{used.ru_utime + used.ru_stime:.1f} s of computing, {used.ru_maxrss / 1e6:.2f} GB"
    )


if __name__ == "__main__":
    main()
