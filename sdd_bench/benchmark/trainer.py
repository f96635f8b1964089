"""Weights for the methods of a request: trained or edited here once, or brought by the user."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench.errors import InputError
from sdd_bench.runs import claims
from sdd_bench.runs.identity import CHECKPOINT, TrainSpec
from sdd_bench.types import Edited, Method, Prepared, ReadsText, ReadsValues, Trained

from .preflight import load

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle
    from sdd_bench.training.checkpoints import Checkpoint
    from sdd_bench.training.packed import Origin
    from sdd_bench.training.trackers import Tracker

    from .job import Job
    from .request import Options
    from .selection import SelectedMethod

log = logging.getLogger(__name__)


def weights(
    bundle: Bundle, methods: Sequence[SelectedMethod], options: Options
) -> list[Checkpoint | None]:
    """The U-Net's weights that each method runs on, trained if need be; None: the model's own."""
    from sdd_bench.training import checkpoints

    _check_concepts(bundle, methods)
    if options.checkpoint is not None:
        checkpoint = checkpoints.read(
            options.checkpoint, bundle, strength=options.checkpoint_strength
        )
        log.info("%s is taken for %s", options.checkpoint, checkpoint.kind)
        for method in methods:
            _check_origin(options.checkpoint, checkpoint.origin, method)
        if checkpoints.is_own(checkpoint, bundle):
            log.warning(
                "%s holds the model's own weights: the images are those of the model as it is",
                options.checkpoint,
            )
            return [None] * len(methods)
        return [checkpoint] * len(methods)
    paths = [train(bundle, method, options) for method in methods]
    return [None if path is None else checkpoints.read(path, bundle) for path in paths]


def _check_concepts(bundle: Bundle, methods: Sequence[SelectedMethod]) -> None:
    """Raise InputError for concepts that the text encoder doesn't read, before anything is made.

    How a loss or an edit joins them is its own affair: what it reads is checked when it does.
    """
    for each in (part for method in methods for part in method.chain):
        bundle.check_read(_texts(each.method, each.concepts), each.concepts)


def _texts(method: Method, concepts: tuple[str, ...]) -> tuple[str, ...]:
    """The texts by which a method knows its concepts."""
    if isinstance(method, Prepared):
        return concepts
    branches = method.branches("", concepts)
    return (*branches, *concepts) if isinstance(method, (ReadsText, ReadsValues)) else branches


def _check_origin(path: Path, origin: Origin | None, method: SelectedMethod) -> None:
    """Raise InputError if weights would run under the name of a training that they are not of."""
    if origin is None or not isinstance(method.method, Prepared):
        return
    if len(origin.parts) > 1:
        raise InputError(
            f"{path} was made as {origin.method}, not as {method.name}: give --method sd for a row "
            f"of its own, or --method {origin.method} without a checkpoint"
        )
    if origin.method != method.name:
        raise InputError(
            f"{path} was trained as {origin.method}, not as {method.name}: give --method "
            f"{origin.method}, or --method sd for a row of its own"
        )
    if not origin.finished:
        raise InputError(
            f"{path} is of {origin.progress} of {method.name}: give {CHECKPOINT} beside "
            "it, or --method sd for a row of its own"
        )


def train_all(
    job: Job, *, save_every: int | None, log_to: str | None, gradient_checkpointing: bool
) -> list[tuple[SelectedMethod, Path]]:
    """Every method of the job with its checkpoint. Raises InputError if one isn't trained."""
    from sdd_bench.training.trackers import tracker

    for method in job.methods:
        if not isinstance(method.method, Prepared):
            on = f"the weights of '{method.before.name}'" if method.before else "the model as it is"
            raise InputError(
                f"'{method.name}' is not trained: it works on {on}; `sdd-bench run` takes it"
            )
        if job.suites and isinstance(method.method, Edited):
            raise InputError(
                f"'{method.name}' is edited in one go, so there is no way of which --curve could "
                "tell: `sdd-bench run` scores the result"
            )
    bundle = load(job.request)
    _check_concepts(bundle, job.methods)
    if gradient_checkpointing:
        bundle.unet.enable_gradient_checkpointing()
    trained = []
    for method in job.methods:
        with closing(tracker(log_to, job.request.results, method.name)) as log_of:
            path = train(bundle, method, job.request, save_every=save_every, tracker=log_of)
        if path is not None:
            trained.append((method, path))
    return trained


def train(
    bundle: Bundle,
    method: SelectedMethod,
    options: Options,
    *,
    save_every: int | None = None,
    tracker: Tracker | None = None,
) -> Path | None:
    """The checkpoint that a method runs on, with those before it made if it isn't there; None for
    one that runs on the model's own weights.
    """
    before = None if method.before is None else train(bundle, method.before, options)
    if not isinstance(method.method, Prepared):
        return before
    spec = _spec(bundle, method, options)
    work = "training" if isinstance(method.method, Trained) else "editing"
    with claims.held(options.results / spec.folder / CHECKPOINT, f"{work} {method.name}"):
        return _train(bundle, method, spec, options, save_every, tracker)


def ready(
    bundle: Bundle, methods: Sequence[SelectedMethod], options: Options
) -> list[SelectedMethod]:
    """The methods whose weights are there, after training those that no other process trains."""
    _check_concepts(bundle, methods)
    return [
        method for method in methods if options.checkpoint or _is_ready(bundle, method, options)
    ]


def _is_ready(bundle: Bundle, method: SelectedMethod, options: Options) -> bool:
    if method.before is not None and not _is_ready(bundle, method.before, options):
        return False
    if not isinstance(method.method, Prepared):
        return True
    spec = _spec(bundle, method, options)
    claim = claims.take(options.results / spec.folder / CHECKPOINT)
    if claim is None:
        return False
    try:
        _train(bundle, method, spec, options, None, None)
    finally:
        claim.release()
    return True


def _spec(bundle: Bundle, method: SelectedMethod, options: Options) -> TrainSpec:
    """What the weights of a method depend on."""
    return TrainSpec(
        model=bundle.spec.name,
        model_hash=bundle.hash,
        method=method.part,
        parameters=method.parameters,
        concepts=method.concepts,
        seed=options.seed,
        numerics=f"{bundle.device.type}-{bundle.dtype_name}",
    )


def _train(
    bundle: Bundle,
    method: SelectedMethod,
    spec: TrainSpec,
    options: Options,
    save_every: int | None,
    tracker: Tracker | None,
) -> Path:
    """The checkpoint of a training or an edit that this process has the claim on."""
    from sdd_bench.diffusion import compilation
    from sdd_bench.diffusion.loading import single_precision
    from sdd_bench.training import checkpoints, edits, loop

    own, base = method.method, base_of(bundle, method, options)
    with single_precision(), compilation.left_out(), checkpoints.applied(bundle, base):
        if isinstance(own, Edited):
            return edits.edit(bundle, own, spec, options.results, base)
        assert isinstance(own, Trained)  # there is no third kind that makes weights
        return loop.train(
            bundle, own, spec, options.results, base, save_every=save_every, tracker=tracker
        )


def base_of(bundle: Bundle, method: SelectedMethod, options: Options) -> Checkpoint | None:
    """The weights that a method starts from, which are there; None: the model's own."""
    from sdd_bench.training import checkpoints

    if method.before is None:
        return None
    made = _spec(bundle, method.before, options)
    return checkpoints.read(options.results / made.folder / CHECKPOINT, bundle)


def by_weights(
    weights: Sequence[Checkpoint | None],
) -> list[tuple[Checkpoint | None, list[int]]]:
    """Different weights, each with the indices of the methods that have them."""
    groups: dict[str | None, tuple[Checkpoint | None, list[int]]] = {}
    for index, own in enumerate(weights):
        groups.setdefault(own.hash if own else None, (own, []))[1].append(index)
    return list(groups.values())
