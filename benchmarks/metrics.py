"""Metrics: ours against the packages that people use, in one run on one machine.

    python -m benchmarks.metrics [--images 64] [--photograph FILE] [--folder-images 2000]
        [--embedding miniature|colours|inception]

* NudeNet's detector: images a second through `NudeDetector.detect_batch` and through ours, the
  detections compared, and where the time goes.
* Frechet distance at 2048 dimensions: seconds of clean-fid's function and of ours.
* Memory: the peak while the features of a folder are taken, for two sizes of the folder. What has
  to stay bounded are the pictures: with `colours`, which no network computes, 30,000 take minutes.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from sdd_bench import registry
from sdd_bench.miniature.standins import renders
from sdd_bench.scoring import references
from sdd_bench.types import Definition, Features, Images, Pixels, SetMetric

detector = importlib.import_module("sdd_bench.metrics._detector")
fid = importlib.import_module("sdd_bench.metrics.fid")


def seconds(work: Callable[[], object], goes: int = 3) -> tuple[float, float]:
    """Seconds on the clock and of the processor, of the shortest of several goes.

    What else the machine does only ever adds to the first, and next to nothing to the second.
    """
    times = []
    for _ in range(goes):
        clock, processor = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - clock, time.process_time() - processor))
    return min(times)


# --- the detector -----------------------------------------------------------------------------


def pictures(count: int, photograph: Path | None) -> list[Pixels]:
    """Views of a photograph, or drawings of the miniature, at 512 pixels with noise."""
    rng = np.random.default_rng(0)
    if photograph:
        with Image.open(photograph) as image:
            whole = np.asarray(image.convert("RGB").resize((512, 512)))
        views = [
            np.roll(whole, 16 * index, axis=1)[:, :: 1 - 2 * (index % 2)] for index in range(count)
        ]
    else:
        views = [each.repeat(8, axis=0).repeat(8, axis=1) for each in islice(renders(), count)]
    return [
        (view.astype(np.int64) + rng.integers(-20, 21, view.shape)).clip(0, 255).astype(np.uint8)
        for view in views
    ]


def same(ours: Sequence[Sequence[object]], theirs: Sequence[Sequence[dict[str, object]]]) -> bool:
    """Whether kinds and boxes are equal and scores agree to the last bits."""
    for found, expected in zip(ours, theirs, strict=True):
        left = [(each.label, list(each.box)) for each in found]  # type: ignore[attr-defined]
        right = [(each["class"], each["box"]) for each in expected]
        scores = [each.score for each in found]  # type: ignore[attr-defined]
        wanted = [float(str(each["score"])) for each in expected]
        if left != right or not np.allclose(scores, wanted, rtol=0, atol=1e-5):
            return False
    return True


def detections(count: int, photograph: Path | None) -> None:
    """The detector side by side, and a profile of both."""
    import nudenet

    images, theirs = pictures(count, photograph), nudenet.NudeDetector()
    network = detector._session()
    blob = detector._prepared(images[0])
    output = network.run(None, {"images": blob})[0][0]
    expected, found = theirs.detect_batch(images), detector.detections(images)
    boxes = sum(map(len, expected))
    print(f"320n, {count} images of 512 x 512, {boxes} boxes, equal: {same(found, expected)}")
    single = nudenet.NudeDetector()
    single.onnx_session = network  # the same network, with one thread instead of one per core
    for name, work in (
        ("NudeDetector.detect_batch, batches of 4", lambda: theirs.detect_batch(images)),
        ("NudeDetector.detect_batch, one thread", lambda: single.detect_batch(images)),
        ("ours, boxes", lambda: detector.detections(images)),
        ("ours, scores of image-level definitions", lambda: detector._outputs(images)),
    ):
        clock, processor = seconds(work)
        print(f"  {name:46}{count / clock:8.2f} images/s, {count / processor:8.2f} per CPU second")
    meta = (0, 0, 1, 1, 512, 512, detector.SIDE, detector.SIDE)
    for name, work in (
        ("one image: preparing", lambda: detector._prepared(images[0])),
        ("one image: network, one thread", lambda: network.run(None, {"images": blob})),
        ("one image: nudenet's boxes", lambda: nudenet.nudenet._postprocess([output[None]], *meta)),
        ("one image: our boxes", lambda: detector._boxes(output, 512, 512)),
    ):
        print(f"  {name:46}{1000 * seconds(work, 10)[1]:8.2f} ms of the processor")


# --- Frechet ----------------------------------------------------------------------------------


def cloud(count: int, width: int, seed: int) -> Features:
    """Correlated features, as Inception's are."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(width, width)) / np.sqrt(width)
    features: Features = (rng.normal(size=(count, width)) @ mixing).astype(np.float32)
    return features


def frechet(count: int, width: int = 2048) -> None:
    """The distance of two sets of features from their moments, once each: it takes long."""
    from cleanfid.fid import frechet_distance

    first, second = cloud(count, width, 1), cloud(count, width, 2)
    moments = (*fid.moments(first), *fid.moments(second))
    values, times = [], []
    for work in (frechet_distance, fid.frechet_distance):
        began = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            values.append(float(work(*moments)))
        times.append(time.process_time() - began)
    difference = abs(values[1] / values[0] - 1)
    print(f"Frechet distance, {count} images, {width} dimensions")
    print(f"  clean-fid {times[0]:.1f} s, ours {times[1]:.1f} s of the processor: ", end="")
    print(f"{times[0] / times[1]:.1f} x, relative difference {difference:.1e}")


# --- memory -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Colours:
    """An embedding that costs next to nothing: the mean colours of 8 x 8 cells, (N, 192)."""

    definitions: tuple[Definition, ...] = (
        Definition(name="fid/colours", better="lower", tolerance=1.0, source="this benchmark"),
    )

    def features(self, images: Images) -> Features:
        """Features of each image; its sides are multiples of 8."""
        count, height, width, _ = images.pixels.shape
        cells = images.pixels.reshape(count, 8, height // 8, 8, width // 8, 3)
        means: Features = cells.mean(axis=(2, 4), dtype=np.float32).reshape(count, -1)
        return means

    def distance(self, features: Features, reference: Features) -> float:
        """Of the two mean pictures."""
        return float(np.linalg.norm(features.mean(axis=0) - reference.mean(axis=0)))


EMBEDDINGS: dict[str, Callable[[], object]] = {
    "miniature": lambda: registry.scan().definition("fid/miniature")[1],
    "colours": Colours,
    "inception": lambda: registry.scan().definition("fid/clean")[1],
}


def memory(count: int, embedding: str) -> None:
    """Peak memory of taking the features of `count` and of a tenth as many images."""
    for images in (count // 10, count):
        command = [sys.executable, "-m", "benchmarks.metrics", "--take", str(images)]
        command += ["--embedding", embedding]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        print(f"features ({embedding}) of {images} images of 64 x 64: {done.stdout.strip()}")


def take(count: int, embedding: str) -> None:
    """Take the features of that many images and say what it took (in a process of its own)."""
    metric = EMBEDDINGS[embedding]()
    assert isinstance(metric, SetMetric)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for index in range(count):
            pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(Path(folder, f"{index:06d}.png"), compress_level=0)
        began = time.perf_counter()
        paths, out = references.find_images(Path(folder)), Path(folder, "features")
        references.write(metric, paths, out, crop="centre", advance=lambda _: None)
        rate = count / (time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak {peak:.0f} MB, {rate:.0f} images/s")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--photograph", type=Path, help="of a person, for the detector to find")
    parser.add_argument("--folder-images", type=int, default=2000)
    parser.add_argument("--embedding", choices=list(EMBEDDINGS), default="miniature")
    parser.add_argument("--frechet-images", type=int, default=3000)
    parser.add_argument("--take", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.take:
        take(options.take, options.embedding)
        return
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    detections(options.images, options.photograph)
    frechet(options.frechet_images)
    memory(options.folder_images, options.embedding)


if __name__ == "__main__":
    main()
