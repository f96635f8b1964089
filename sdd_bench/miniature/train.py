"""Rebuild the miniature from its renderer: ``python -m sdd_bench.miniature.train --out FOLDER``.

Every stage saves its state in the work folder and is skipped or continued when the command is
given again. The whole takes less than three hours on two CPU cores.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import CLIPModel, CLIPTokenizer

from sdd_bench.types import Pixels

from . import architecture, card, data, export, reference, stages, tokenizer, trial
from .loop import Network, Plan
from .renderer.kinds import Example

PLANS = {
    "clip": Plan(steps=1800, batch=128, rate=1e-3),
    "autoencoder": Plan(steps=3000, batch=16, rate=2e-3, ema=0.995),
    "classifier": Plan(steps=1500, batch=64, rate=2e-3),
    "features": Plan(steps=2500, batch=64, rate=2e-3),
    "unet": Plan(steps=7000, batch=64, rate=1.2e-3, ema=0.998),
    "refined": Plan(steps=5000, cycle=8000, batch=64, rate=1e-3, ema=0.999),
    "calibrated": Plan(steps=2500, batch=64, rate=6e-4, ema=0.998),
}


CYCLES = {
    "unet": stages.Cycle("train", boost=1),
    "refined": stages.Cycle("refine", boost=5),
    "calibrated": stages.Cycle("calibrate", boost=5, trust=0.45),
}
"""The U-Net's cycles, each from the weights of the one before."""

RECONSTRUCTED = 6000
"""Training renders whose reconstructions the judges see beside them."""


@dataclass(frozen=True, slots=True)
class Job:
    """One rebuild: where it works and how much of everything it does."""

    work: Path
    examples: int
    plans: dict[str, Plan]

    def path(self, stage: str) -> Path:
        """The finished weights of a stage."""
        return self.work / f"{stage}.safetensors"

    def finish(self, stage: str, model: nn.Module) -> None:
        """Record a stage as done, in half precision: later stages learn from what is shipped."""
        partial = self.work / f"{stage}.partial"
        state = model.half().state_dict()
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, partial)
        partial.rename(self.path(stage))


# --- stages as processes: each loads what it needs from the work folder ------------------------


def _tokenizer(job: Job) -> CLIPTokenizer:
    folder = job.work / "tokenizer"
    if not folder.exists():
        tokenizer.train((e.caption for e in data.examples("train", job.examples)), folder)
    loaded: CLIPTokenizer = CLIPTokenizer.from_pretrained(folder)
    return loaded


def _load(job: Job, stage: str, model: Network) -> Network:
    model.load_state_dict(load_file(job.path(stage)))
    return model.eval().requires_grad_(False)


def load_clip(job: Job) -> CLIPModel:
    """The trained CLIP."""
    tokens = _tokenizer(job)
    return _load(
        job, "clip", architecture.clip(len(tokens), tokens.bos_token_id, tokens.eos_token_id)
    )


def load_autoencoder(job: Job) -> AutoencoderKL:
    """The trained autoencoder with its scaling factor."""
    model = _load(job, "autoencoder", architecture.autoencoder())
    latents = stages.encode(model, data.render("train", job.examples, job.work)[:2000])
    model.register_to_config(scaling_factor=round(float(1 / latents.std()), 5))
    return model


def _train_clip(job: Job) -> None:
    pixels = data.render("train", job.examples, job.work)
    captions = [e.caption for e in data.examples("train", job.examples)]
    model = stages.train_clip(pixels, captions, _tokenizer(job), job.plans["clip"], job.work)
    job.finish("clip", model)


def _train_autoencoder(job: Job) -> None:
    pixels = data.render("train", job.examples, job.work)
    job.finish("autoencoder", stages.train_autoencoder(pixels, job.plans["autoencoder"], job.work))


def _judge_pixels(job: Job) -> tuple[Pixels, list[Example]]:
    """Renders and, after them, reconstructions of the first of them, with all their truths."""
    pixels = data.render("train", job.examples, job.work)
    count = min(RECONSTRUCTED, job.examples)
    path = job.work / "reconstructed.npy"
    if not path.exists():
        np.save(path, stages.reconstruct(load_autoencoder(job), pixels[:count]))
    truths = data.examples("train", job.examples)
    both = np.concatenate([pixels[: 2 * count], np.load(path)])
    return both, truths[: 2 * count] + truths[:count]


def _train_classifier(job: Job) -> None:
    pixels, truths = _judge_pixels(job)
    bare = np.array([bool(e.scene.figure and e.scene.figure.bare) for e in truths], dtype=np.int64)
    job.finish(
        "classifier", stages.train_classifier(pixels, bare, job.plans["classifier"], job.work)
    )


def _train_features(job: Job) -> None:
    pixels, truths = _judge_pixels(job)
    job.finish("features", stages.train_features(pixels, truths, job.plans["features"], job.work))


def _encode(job: Job, split: str) -> None:
    """Cache a split's latents and text states; the U-Net's workers share them through files."""
    if (job.work / f"{split}-states.npy").exists():
        return
    autoencoder = load_autoencoder(job)
    scale = autoencoder.config.scaling_factor
    latents = stages.encode(autoencoder, data.render(split, job.examples, job.work)) * scale
    np.save(job.work / f"{split}-latents.npy", latents.half().numpy())
    captions = [e.caption for e in data.examples(split, job.examples)]
    different, rows = data.distinct(captions)
    np.save(job.work / f"{split}-rows.npy", rows)
    states = stages.encode_text(load_clip(job), _tokenizer(job), [*different, ""])
    np.save(job.work / f"{split}-states.npy", states.numpy())


def _train_unet(job: Job, stage: str, rank: int, world: int, port: int) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=world)
    split = CYCLES[stage].split
    encoded = stages.Encoded(
        latents=np.load(job.work / f"{split}-latents.npy", mmap_mode="r"),
        states=np.load(job.work / f"{split}-states.npy", mmap_mode="r"),
        rows=np.load(job.work / f"{split}-rows.npy"),
    )
    model = stages.new_unet()
    before = list(CYCLES)[: list(CYCLES).index(stage)]
    if before:
        model.load_state_dict(load_file(job.path(before[-1])))
    model = stages.train_unet(stage, model, encoded, CYCLES[stage], job.plans[stage], job.work)
    if rank == 0:
        job.finish(stage, model)
    dist.destroy_process_group()


# --- orchestration ----------------------------------------------------------------------------


def _one_thread() -> None:
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", force=True)


def _together(*tasks: tuple[Callable[..., None], tuple[object, ...]]) -> None:
    """Run each task in a process of one thread: networks this small leave more threads idle."""
    with ProcessPoolExecutor(
        max_workers=len(tasks), mp_context=get_context("spawn"), initializer=_one_thread
    ) as pool:
        futures: list[Future[None]] = [pool.submit(task, *args) for task, args in tasks]
        for future in futures:
            future.result()


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def build(job: Job) -> None:
    """Train whatever is not finished in the work folder."""
    job.work.mkdir(parents=True, exist_ok=True)
    data.render("train", job.examples, job.work)
    _tokenizer(job)
    trainers = {
        "clip": _train_clip,
        "autoencoder": _train_autoencoder,
        "classifier": _train_classifier,
        "features": _train_features,
    }
    for pair in (("clip", "autoencoder"), ("classifier", "features")):
        missing = [stage for stage in pair if not job.path(stage).exists()]
        if "classifier" in missing or "features" in missing:
            _judge_pixels(job)
        if missing:
            _together(*((trainers[stage], (job,)) for stage in missing))
    for stage, cycle in CYCLES.items():
        if not job.path(stage).exists():
            _encode(job, cycle.split)
            world = max(1, min(os.cpu_count() or 1, 4))
            port = _free_port()
            _together(*((_train_unet, (job, stage, rank, world, port)) for rank in range(world)))


def export_all(job: Job, out: Path) -> None:
    """Put the finished networks into the folder that is shipped."""
    export.empty(out)
    clip = load_clip(job)
    export.generator(
        out,
        _tokenizer(job),
        clip,
        _load(job, list(CYCLES)[-1], architecture.unet()),
        load_autoencoder(job),
    )
    pixels, truths = _judge_pixels(job)
    classifier = _load(job, "classifier", architecture.NudityClassifier())
    labels = len(stages.attributes(truths[0].scene))
    features = _load(job, "features", architecture.FeatureNetwork(labels))
    harmful = torch.tensor([stages.harmful(example.scene) for example in truths])
    prompts = stages.learn_prompts(stages.embed(clip, pixels), harmful)
    export.judges(out / "judges", clip, prompts, classifier, features)
    export.manifest(out)
    reference.write(out)
    trial.write(out)


def main(arguments: list[str] | None = None) -> None:
    """Train, export and describe the miniature."""
    parser = argparse.ArgumentParser(
        prog="python -m sdd_bench.miniature.train", description=__doc__
    )
    parser.add_argument("--work", type=Path, default=Path(".cache/miniature"), help="work folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the finished weights")
    parser.add_argument("--examples", type=int, default=48_000, help="renders to learn from")
    parser.add_argument("--steps", type=int, help="at most this many steps per network (for tests)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    plans = PLANS
    if options.steps:
        plans = {k: replace(p, steps=min(p.steps, options.steps)) for k, p in PLANS.items()}
    job = Job(options.work, options.examples, plans)
    build(job)
    export_all(job, options.out)
    card.write(options.out, card.FULL if options.steps is None else card.QUICK)


if __name__ == "__main__":
    main()
