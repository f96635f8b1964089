"""Rebuild the miniature from its renderer: ``python -m sdd_bench.miniature.train --out FOLDER``.

Every stage saves its state in the work folder and is skipped or continued when the command is
given again. The whole takes less than five hours on two CPU cores.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from diffusers import AutoencoderKL
from safetensors.torch import load_file
from transformers import CLIPModel, CLIPTokenizer

from sdd_bench.types import Pixels

from . import architecture, card, data, export, reference, tokenizer, trial
from .job import CYCLES, JUDGES, PLANS, Job, encoded
from .loop import Network
from .renderer import captions
from .renderer.kinds import Example
from .stages import autoencoder, clip, judges, settling, unet

RECONSTRUCTED = 12_000
"""Training renders whose reconstructions the judge of things sees beside all renders; the other
judges see half of them, and twice as many renders."""


# --- stages as processes: each loads what it needs from the work folder ------------------------


def _tokenizer(job: Job) -> CLIPTokenizer:
    folder = job.folder("clip") / "tokenizer"
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
    latents = autoencoder.encode(model, data.render("train", job.examples, job.work)[:2000])
    model.register_to_config(scaling_factor=round(float(1 / latents.std()), 5))
    return model


def _train_clip(job: Job) -> None:
    pixels = data.render("train", job.examples, job.work)
    said = [e.caption for e in data.examples("train", job.examples)]
    model = clip.train_clip(pixels, said, _tokenizer(job), job.plans["clip"], job.folder("clip"))
    job.finish("clip", model)


def _train_autoencoder(job: Job) -> None:
    pixels = data.render("train", job.examples, job.work)
    job.finish(
        "autoencoder",
        autoencoder.train_autoencoder(pixels, job.plans["autoencoder"], job.folder("autoencoder")),
    )


def _judge_pixels(job: Job, *, everything: bool = False) -> tuple[Pixels, list[Example]]:
    """Renders and, after them, reconstructions of the first of them, with all their truths."""
    pixels = data.render("train", job.examples, job.work)
    path = job.folder("autoencoder") / "reconstructed.npy"
    if not path.exists():
        np.save(path, autoencoder.reconstruct(load_autoencoder(job), pixels[:RECONSTRUCTED]))
    decoded = np.load(path)[: None if everything else RECONSTRUCTED // 2]
    count = None if everything else 2 * len(decoded)
    truths = data.examples("train", job.examples)
    both = np.concatenate([pixels[:count], decoded])
    return both, truths[:count] + truths[: len(decoded)]


def _train_classifier(job: Job) -> None:
    pixels, truths = _judge_pixels(job)
    bare = np.array([bool(e.scene.figure and e.scene.figure.bare) for e in truths], dtype=np.int64)
    job.finish(
        "classifier",
        judges.train_classifier(pixels, bare, job.plans["classifier"], job.folder("classifier")),
    )


def _train_features(job: Job) -> None:
    pixels, truths = _judge_pixels(job)
    job.finish(
        "features",
        judges.train_features(pixels, truths, job.plans["features"], job.folder("features")),
    )


def _train_shows(job: Job) -> None:
    pixels, truths = _judge_pixels(job, everything=True)
    job.finish("shows", judges.train_shows(pixels, truths, job.plans["shows"], job.folder("shows")))


def _encode(job: Job, stage: str) -> None:
    """Cache a cycle's latents and text states; the U-Net's workers share them through files."""
    folder, split = job.folder(encoded(stage)), CYCLES[stage].split
    if (folder / "states.npy").exists():
        return
    model = load_autoencoder(job)
    latents = autoencoder.encode(model, data.render(split, job.examples, job.work))
    scaled = (latents * model.config.scaling_factor).half()
    np.save(folder / "latents.npy", scaled.numpy())
    different, rows = data.distinct([e.caption for e in data.examples(split, job.examples)])
    np.save(folder / "rows.npy", rows)
    states = clip.encode_text(load_clip(job), _tokenizer(job), [*different, ""])
    np.save(folder / "states.npy", states.numpy())


def _encode_contrasts(job: Job, stage: str) -> None:
    """Cache the texts that a cycle holds against each other, and for which of its pictures."""
    folder = job.folder(stage)
    if (folder / "pictures.npy").exists():
        return
    made = data.examples(CYCLES[stage].split, job.examples)
    pictures, rows, texts = captions.contrasts(made)
    tower, tokens = load_clip(job), _tokenizer(job)
    states = clip.encode_text(tower, tokens, texts)
    erased = clip.without_word(tower, tokens, states, captions.WORDS[0])
    np.save(folder / "states.npy", torch.cat([states, erased]).numpy())
    np.save(folder / "ambiguous.npy", [captions.ambiguous(each.caption) for each in made])
    np.save(folder / "texts.npy", rows)
    np.save(folder / "pictures.npy", pictures)


def _train_unet(job: Job, stage: str, rank: int, world: int, port: int) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=world)
    folder = job.folder(encoded(stage))
    examples = unet.Encoded(
        latents=np.load(folder / "latents.npy", mmap_mode="r"),
        states=np.load(folder / "states.npy", mmap_mode="r"),
        rows=np.load(folder / "rows.npy"),
    )
    model = unet.new_unet()
    before = list(CYCLES)[: list(CYCLES).index(stage)]
    if before:
        model.load_state_dict(load_file(job.path(before[-1])))
    cycle, plan, work = CYCLES[stage], job.plans[stage], job.folder(stage)
    if cycle.contrasts:
        examples.rows[np.load(work / "ambiguous.npy")] = len(examples.states) - 1
        contrasts = settling.Contrasts(
            states=np.load(work / "states.npy", mmap_mode="r"),
            texts=np.load(work / "texts.npy"),
            pictures=np.load(work / "pictures.npy"),
        )
        model = settling.train_settled(stage, model, examples, contrasts, cycle, plan, work)
    else:
        model = unet.train_unet(stage, model, examples, cycle, plan, work)
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
    _tokenizer(job)
    trainers = {
        "clip": _train_clip,
        "autoencoder": _train_autoencoder,
        "classifier": _train_classifier,
        "features": _train_features,
        "shows": _train_shows,
    }
    for several in (("clip", "autoencoder"), JUDGES):
        missing = [stage for stage in several if not job.path(stage).exists()]
        if set(missing) & set(JUDGES):
            _judge_pixels(job)
        if missing:
            _together(*((trainers[stage], (job,)) for stage in missing))
    for stage in CYCLES:
        if not job.path(stage).exists():
            _encode(job, stage)
            if CYCLES[stage].contrasts:
                _encode_contrasts(job, stage)
            world = max(1, min(os.cpu_count() or 1, 4))
            port = _free_port()
            _together(*((_train_unet, (job, stage, rank, world, port)) for rank in range(world)))


def export_all(job: Job, out: Path) -> None:
    """Put the finished networks into the folder that is shipped."""
    export.empty(out)
    towers = load_clip(job)
    export.generator(
        out,
        _tokenizer(job),
        towers,
        _load(job, list(CYCLES)[-1], architecture.unet()),
        load_autoencoder(job),
    )
    pixels, truths = _judge_pixels(job)
    classifier = _load(job, "classifier", architecture.NudityClassifier())
    labels = len(judges.attributes(truths[0].scene))
    features = _load(job, "features", architecture.FeatureNetwork(labels))
    shows = _load(job, "shows", architecture.JudgeOfThings(labels))
    harmful = torch.tensor([judges.harmful(example.scene) for example in truths])
    prompts = judges.learn_prompts(clip.embed(towers, pixels), harmful)
    export.judges(out / "judges", towers, prompts, classifier, features)
    export.shows(out / "judges", shows, judges.KINDS)
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
    job = Job.of(options.work, options.examples, plans)
    build(job)
    export_all(job, options.out)
    card.write(options.out, card.FULL if options.steps is None else card.QUICK)


if __name__ == "__main__":
    main()
