"""Weights for the methods of a request: trained here once, or brought by the user."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench.errors import InputError
from sdd_bench.runs import identity
from sdd_bench.training import checkpoints, loop
from sdd_bench.training.checkpoints import Checkpoint
from sdd_bench.types import Trained

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle
    from sdd_bench.training.trackers import Tracker

    from .request import Request
    from .selection import SelectedMethod

log = logging.getLogger(__name__)


def weights(
    bundle: Bundle, several: Sequence[SelectedMethod], request: Request
) -> list[Checkpoint | None]:
    """The U-Net's weights that each method runs on, trained if need be; None: the model's own."""
    if request.checkpoint is not None:
        found = checkpoints.read(request.checkpoint, bundle)
        log.info("%s is taken for %s", request.checkpoint, found.kind)
        return [found] * len(several)
    paths = [train(bundle, chosen, request) for chosen in several]
    return [None if path is None else checkpoints.read(path, bundle) for path in paths]


def train_all(
    request: Request, *, save_every: int | None, log_to: str | None, gradient_checkpointing: bool
) -> list[tuple[SelectedMethod, Path]]:
    """Every method of the request with its checkpoint. Raises InputError if one isn't trained."""
    from sdd_bench.training.trackers import tracker

    from . import preflight

    chosen = preflight.read(request)
    for each in chosen:
        if not isinstance(each.method, Trained):
            raise InputError(
                f"'{each.name}' is not trained: it works on the model as it is; "
                "`sdd-bench run` takes it"
            )
    bundle = preflight.load(request)
    if gradient_checkpointing:
        bundle.unet.enable_gradient_checkpointing()
    made = []
    for each in chosen:
        with closing(tracker(log_to, request.results, each.name)) as log_of:
            path = train(bundle, each, request, save_every=save_every, tracker=log_of)
        if path is not None:
            made.append((each, path))
    return made


def train(
    bundle: Bundle,
    chosen: SelectedMethod,
    request: Request,
    *,
    save_every: int | None = None,
    tracker: Tracker | None = None,
) -> Path | None:
    """The checkpoint of a trained method, made if it isn't there; None for other methods."""
    if not isinstance(chosen.method, Trained):
        return None
    spec = identity.TrainSpec(
        model=bundle.spec.name,
        model_hash=bundle.hash,
        method=chosen.name,
        parameters=chosen.parameters,
        concepts=chosen.concepts,
        seed=request.seed,
        numerics=f"{bundle.device.type}-{bundle.dtype_name}",
    )
    return loop.train(
        bundle, chosen.method, spec, request.results, save_every=save_every, tracker=tracker
    )


def by_weights(
    several: Sequence[Checkpoint | None],
) -> list[tuple[Checkpoint | None, list[int]]]:
    """Different weights, each with the indices of the methods that have them."""
    groups: dict[str | None, tuple[Checkpoint | None, list[int]]] = {}
    for index, own in enumerate(several):
        groups.setdefault(own.hash if own else None, (own, []))[1].append(index)
    return list(groups.values())
