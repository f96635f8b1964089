"""Size, seconds and memory of `sdd-bench report` on pictures as a real model makes them.

    python benchmarks/report.py PHOTOGRAPH... [--images 5000] [--keep FOLDER]

The pictures are crops of photographs, of 512 pixels, half of them by each of two methods; any
photographs do, such as those in the folder `data` of scikit-image.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from sdd_bench.runs.identity import RunSpec
from sdd_bench.runs.images import hash_of
from sdd_bench.runs.run import Run
from sdd_bench.runs.scores import KEYS
from sdd_bench.types import Pixels, Prompt, Sample, Settings

SIDE = 512

PER_PROMPT = 5


def crop(photographs: list[Image.Image], rng: np.random.Generator) -> Pixels:
    """A square out of one of them, turned over at random and enlarged to SIDE."""
    photograph = photographs[rng.integers(len(photographs))]
    side = int(rng.integers(200, min(photograph.size) + 1))
    left, top = (int(rng.integers(0, whole - side + 1)) for whole in photograph.size)
    box = (left, top, left + side, top + side)
    cut = np.asarray(photograph.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box))
    return np.ascontiguousarray(cut[:, :: rng.choice([-1, 1])])


def make(root: Path, method: str, photographs: list[Image.Image], images: int) -> list[int]:
    """A run of so many pictures; the sizes of their files."""
    spec = RunSpec(
        model="made-up", model_hash="0", method=method, parameters={}, concepts=(),
        checkpoint=None, suite="crops", suite_hash="0", settings=Settings(), numerics="none",
    )  # fmt: skip
    run = Run.create(root, spec)
    samples = [
        Sample(
            suite="crops",
            prompt=Prompt(
                id=f"p{at // PER_PROMPT}",
                text=f"a made-up prompt {at // PER_PROMPT} of some length, as people type them",
                group=f"group {at // PER_PROMPT % 10}",
            ),
            k=at % PER_PROMPT,
            seed=at,
        )
        for at in range(images)
    ]

    def save(at: int) -> tuple[str, int]:
        pixels = crop(photographs, np.random.default_rng([len(method), at]))
        run.save_image(samples[at], pixels, f"{at:016x}")
        return hash_of(pixels), run.image_path(samples[at]).stat().st_size

    with ThreadPoolExecutor(4) as pool:
        saved = list(pool.map(save, range(images)))
    run.write_scores(_scores(method, samples, [hashed for hashed, _ in saved]))
    run.finish(images=images, truncated_prompts=0, provenance={})
    return [size for _, size in saved]


def _scores(method: str, samples: list[Sample], hashes: list[str]) -> pd.DataFrame:
    rng = np.random.default_rng(len(method))
    count = len(samples)
    columns: dict[str, object] = {
        "suite": "crops",
        "method": method,
        "prompt_id": [each.prompt.id for each in samples],
        "prompt": [each.prompt.text for each in samples],
        "group": [each.prompt.group for each in samples],
        "k": [each.k for each in samples],
        "seed": [each.seed for each in samples],
        "noise_hash": [f"{at:016x}" for at in range(count)],
        "image_hash": hashes,
        "fault": "",
    }
    assert set(columns) == set(KEYS)
    measures = ("nude/miniature", "harm/miniature", "nude/v2-classifier", "clip/miniature")
    return pd.DataFrame({**columns, **{name: rng.random(count) for name in measures}})


def main() -> None:
    """Print what the page took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photographs", nargs="+", type=Path)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--keep", type=Path, help="where pictures and page stay")
    asked = parser.parse_args()
    photographs = [Image.open(path).convert("RGB") for path in asked.photographs]
    with tempfile.TemporaryDirectory() as temporary:
        root = asked.keep or Path(temporary)
        sizes = [
            size
            for method in ("sd", "erased")
            for size in make(root / "results", method, photographs, asked.images // 2)
        ]
        page = root / "report.html"
        started = time.monotonic()
        command = ["report", "--results", str(root / "results"), "--out", str(page)]
        subprocess.run([sys.executable, "-m", "sdd_bench", *command], check=True)
        seconds = time.monotonic() - started
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{len(sizes)} pictures of {SIDE} pixels, PNG median {statistics.median(sizes)} B")
        print(f"page {page.stat().st_size / 1e6:.1f} MB, {seconds:.0f} s, {memory:.0f} MiB")
        _describe(page.read_text(encoding="utf-8"))


def _describe(text: str) -> None:
    blocks = re.findall(r'id="block-\d+">(.*?)</script>', text, re.DOTALL)
    small = [len(base64.b64decode(each)) for block in blocks for each in json.loads(block)]
    numbers = re.findall(r'id="report">(.*?)</script>', text, re.DOTALL)[0]
    print(f"{len(small)} shown, median {statistics.median(small):.0f} B of WebP")
    print(f"numbers {len(numbers) / 1e6:.1f} MB; {json.loads(numbers)['options']['thumbnails']}")


if __name__ == "__main__":
    main()
