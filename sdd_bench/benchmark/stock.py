"""The runs of a job as they are on the disk, and the images that they lack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sdd_bench import files, models
from sdd_bench.runs import changes, claims
from sdd_bench.runs.identity import RunSpec
from sdd_bench.runs.records import RUN
from sdd_bench.runs.run import Facts, Run, stems_of
from sdd_bench.types import Settings

from .generation import Lack
from .job import Job, SuiteJob
from .selection import SelectedMethod

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle
    from sdd_bench.diffusion.profile import Profile
    from sdd_bench.training.checkpoints import Checkpoint

    Model: TypeAlias = Bundle | Profile


def opened(
    job: Job, work: SuiteJob, model: Model, method: SelectedMethod, weights: Checkpoint | None
) -> Run:
    """The run of a method on a suite, a new one or the one already there."""
    return Run.create(job.request.results, _spec(job, work, model, method, weights))


def lack(run: Run, work: SuiteJob) -> Lack:
    """The images that a run lacks, after noting how many it is to have."""
    lacking = Lack.of(run, work.own)
    total = len({*stems_of(run.scores()), *(sample.stem for sample in work.samples)})
    # Who makes more of them has noted that: only what nobody is making any more is forgotten.
    shared = claims.others_in(run.folder / "images")

    def noted(known: Facts) -> Facts:
        images = max(total, known.images) if shared else total
        return replace(known, images=images, finished=None if lacking.files else known.finished)

    changes.facts(run, noted)
    return lacking


def without_model(job: Job, looked: dict[Path, Lack]) -> list[list[Lack]] | None:
    """The runs of each suite, in the order of the methods, if each is finished and lacks nothing:
    half a million pictures that are there need no model, nor, on the CPU, torch.

    None otherwise, and for methods on weights of their own, which only a loaded model can tell.
    Those that were `looked` at are noted by their folders.
    """
    model = _profile(job)
    if model is None:
        return None
    found: list[list[Lack]] = []
    for work in job.suites:
        found.append([])
        for method in job.methods:
            spec = _spec(job, work, model, method, None)
            if not files.exists(job.request.results / spec.folder / RUN):
                return None
            run = Run.create(job.request.results, spec)
            if run.facts().finished is None:
                return None
            known = looked[run.folder] = lack(run, work)
            if known.files:
                return None
            found[-1].append(known)
    return found


def _spec(
    job: Job, work: SuiteJob, model: Model, method: SelectedMethod, weights: Checkpoint | None
) -> RunSpec:
    settings = Settings(
        steps=job.request.steps,
        guidance_scale=job.request.guidance_scale,
        seed=job.request.seed,
        dtype=model.dtype_name,
    )
    return RunSpec(
        model=job.model.name,
        model_hash=model.hash,
        method=method.name,
        parameters=method.parameters,
        concepts=method.concepts,
        checkpoint=weights.hash if weights else None,
        suite=work.suite.name,
        suite_hash=work.suite.hash,
        settings=settings,
        numerics=model.numerics,
    )


def _profile(job: Job) -> Profile | None:
    """What the model would say of itself; None where only the loaded one can."""
    request = job.request
    own_weights = request.checkpoint or any(method.makes_weights for method in job.methods)
    if own_weights or not (request.results / "runs").is_dir():
        return None
    from sdd_bench.diffusion import profile

    where = profile.CPU
    if request.device != where:
        from sdd_bench.diffusion.bundle import name_of
        from sdd_bench.diffusion.loading import pick_device

        where = name_of(pick_device(request.device))
    folder = models.folder_of(job.model)
    return profile.of(folder, models.hash_of(folder), where, request.dtype, request.batch_size)
