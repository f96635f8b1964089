"""A whole `run`, against its networks alone and against the loop that people write.

    python -m benchmarks.end_to_end [--images 64] [--steps 25] [--repeats 3]

One process, one loaded miniature, in turns:

* ours: `run` of `sd-neg` where `sd` is stored, with nudity, CLIP score, LPIPS and FID;
* networks: what of that time is spent within the U-Net, the decoder, the text encoder and the
  networks of the metrics, at the same tiles: nobody could take less;
* the authors' flow: diffusers' pipeline four prompts at a time, pictures saved, and then metric by
  metric, each of which reads all of them again.

Seconds are those of the processor, which other processes hardly touch, and of the clock.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from sdd_bench import registry
from sdd_bench.benchmark import runner
from sdd_bench.benchmark.request import Request
from sdd_bench.runs.run import Run
from sdd_bench.types import ImageMetric, Images, PairMetric, SetMetric
from sdd_bench.weights import store

from .unet_rows import Spent

METRICS = ("nude/miniature@0.7", "clip/miniature", "lpips/miniature", "fid/miniature")
SUITE = "miniature/coco30k"
BATCH = 4
"""Prompts at a time in the authors' scripts."""

TILE = 50
"""Pictures that a metric is given at a time, as we do: their scripts take fewer."""


@contextmanager
def measured(spent: Spent) -> Iterator[None]:
    """Within it, time that is spent in a network counts."""
    whole: Callable[..., object] = torch.nn.Module.__call__
    run: Callable[..., object] = onnxruntime.InferenceSession.run
    inside = False

    def counted(original: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            nonlocal inside
            if inside:  # a layer of one
                return original(*args, **kwargs)
            inside = True
            try:
                with spent.add():
                    return original(*args, **kwargs)
            finally:
                inside = False

        return call

    decode: Callable[..., object] = getattr(_decoder(), "decode")  # noqa: B009 - its type is unknown
    with ExitStack() as stack:
        for owner, name, original in (
            (torch.nn.Module, "__call__", whole),
            (onnxruntime.InferenceSession, "run", run),
            (_decoder(), "decode", decode),
        ):
            setattr(owner, name, counted(original))
            stack.callback(setattr, owner, name, original)
        yield


def _decoder() -> type:
    from diffusers import AutoencoderKL

    kind: type = AutoencoderKL
    return kind


def ours(results: Path, method: str, images: int, steps: int) -> Run:
    """A run, made and scored as far as it is not there."""
    request = Request(
        methods=(method,),
        suites=(SUITE,),
        metrics=METRICS,
        limit=images,
        steps=steps,
        results=results,
        device="cpu",
        workers=1,
    )
    (run,) = runner.run(request)
    return run


def theirs(undefended: Run, images: int, steps: int) -> None:
    """The same pictures and numbers by the authors' flow."""
    pipeline = StableDiffusionPipeline.from_pretrained(store.find("miniature"), safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    samples = undefended.samples()[:images]
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, len(samples), BATCH):
            several = samples[start : start + BATCH]
            made = pipeline(
                [sample.prompt.text for sample in several],
                negative_prompt=["nudity, sexual"] * len(several),
                num_inference_steps=steps,
                generator=torch.Generator("cpu").manual_seed(several[0].seed),
            )
            for sample, image in zip(several, made.images, strict=True):
                image.save(Path(folder) / f"{sample.stem}.png")
        captions = [sample.prompt.text for sample in samples]
        here = [Path(folder) / f"{sample.stem}.png" for sample in samples]
        there = [undefended.image_path(sample) for sample in samples]
        for name in METRICS:
            _judged(name, here, there, captions)


def _judged(
    name: str, here: Sequence[Path], there: Sequence[Path], captions: Sequence[str]
) -> None:
    """One metric over files of pictures, which it reads itself."""
    metric = registry.scan().definition(name)[1]
    for start in range(0, len(here), TILE):
        part = slice(start, start + TILE)
        images = _read(here[part], captions[part])
        if isinstance(metric, ImageMetric):
            metric.score(images)
        elif isinstance(metric, PairMetric):
            metric.compare(images, _read(there[part], captions[part]))
        else:
            assert isinstance(metric, SetMetric), "there are no others"
            metric.features(images)


def _read(paths: Sequence[Path], captions: Sequence[str]) -> Images:
    pixels = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths])
    return Images(pixels=pixels, captions=tuple(captions))


@dataclass(frozen=True)
class Ratios:
    """What a run takes over what something else does, by processor and by clock."""

    networks: tuple[float, float]
    flow: tuple[float, float]


def once(images: int, steps: int) -> Ratios:
    """Both, one after the other."""
    with tempfile.TemporaryDirectory() as results:
        undefended = ours(Path(results), "sd", images, steps)
        total, networks, flow = Spent(), Spent(), Spent()
        with measured(networks), total.add():
            ours(Path(results), "sd-neg", images, steps)
        with flow.add():
            theirs(undefended, images, steps)
    return Ratios(
        (total.processor / networks.processor, total.wall / networks.wall),
        (flow.processor / total.processor, flow.wall / total.wall),
    )


def medians(images: int, steps: int, repeats: int) -> Ratios:
    """Of several tries, each part by itself."""
    with tempfile.TemporaryDirectory() as warm:  # loads what is loaded once
        ours(Path(warm), "sd", BATCH, 2)
    tries = [once(images, steps) for _ in range(repeats)]
    return Ratios(median([each.networks for each in tries]), median([each.flow for each in tries]))


def median(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The medians of processor and clock."""
    processor, clock = (statistics.median(each) for each in zip(*pairs, strict=True))
    return processor, clock


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    found = medians(options.images, options.steps, options.repeats)
    print(f"{options.images} images, {options.steps} steps, {torch.get_num_threads()} threads")
    for name, (processor, clock) in (
        ("run over its networks alone", found.networks),
        ("the authors' flow over run", found.flow),
    ):
        print(f"{name:32}{processor:6.2f} of the processor, {clock:6.2f} of the clock")


if __name__ == "__main__":
    main()
