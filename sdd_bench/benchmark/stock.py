"""The runs of a job as they are on the disk, and the images that they lack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    return Run.create(job.request.results, _spec(job, work, model, method, weights), work.part)


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


@dataclass(frozen=True, slots=True)
class Stock:
    """What the disk tells of a job's runs before a model is loaded."""

    lacks: Sequence[Sequence[Lack | None]]
    """Of each suite, in the order of the methods, what their runs lack; None of a run that has not
    begun.
    """
    images: int
    """How many are to be made."""

    @property
    def known(self) -> dict[Path, Lack]:
        """What is known of runs, by their folders."""
        return {lack.run.folder: lack for lacks in self.lacks for lack in lacks if lack}

    @property
    def complete(self) -> list[list[Lack]] | None:
        """The runs of each suite, if each is finished and lacks nothing: half a million pictures
        that are there need no model, nor, on the CPU, torch.
        """
        found = [[lack for lack in lacks if lack] for lacks in self.lacks]
        begun = all(map(all, self.lacks))
        finished = all(lack.run.facts().finished for lacks in found for lack in lacks)
        return found if begun and finished and not self.images else None


def without_model(job: Job) -> Stock | None:
    """What is known of the runs of a job without its model; None where there are methods on weights
    of their own, which only a loaded model can tell.
    """
    if job.request.checkpoint or any(method.makes_weights for method in job.methods):
        return None
    model = _profile(job)
    found = [
        [_begun(job, work, model, method) if model else None for method in job.methods]
        for work in job.suites
    ]
    return _stock(job, found)


def with_model(job: Job, bundle: Bundle, weights: Sequence[Checkpoint | None]) -> Stock:
    """The same with a loaded model and the weights of each method."""
    found = [
        [
            lack(opened(job, work, bundle, method, held), work)
            for method, held in zip(job.methods, weights, strict=True)
        ]
        for work in job.suites
    ]
    return _stock(job, found)


def _stock(job: Job, found: Sequence[Sequence[Lack | None]]) -> Stock:
    images = sum(
        len(work.own if lack is None else lack.files)
        for work, lacks in zip(job.suites, found, strict=True)
        for lack in lacks
    )
    return Stock(found, images)


def _begun(job: Job, work: SuiteJob, model: Profile, method: SelectedMethod) -> Lack | None:
    """What a run lacks that has begun."""
    spec = _spec(job, work, model, method, None)
    if not files.exists(job.request.results / spec.folder / RUN):
        return None
    return lack(Run.create(job.request.results, spec, work.part), work)


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
    """What the model would say of itself; None where there is no run yet, or where only the loaded
    one can.
    """
    request = job.request
    if not (request.results / "runs").is_dir():
        return None
    from sdd_bench.diffusion import profile

    where = profile.CPU
    if request.device != where:
        from sdd_bench.diffusion.bundle import name_of
        from sdd_bench.diffusion.loading import pick_device

        where = name_of(pick_device(request.device))
    folder = models.folder_of(job.model)
    return profile.of(
        folder,
        models.hash_of(folder),
        where,
        request.dtype,
        request.batch_size,
        compiled=request.numerics == "compiled",
    )
