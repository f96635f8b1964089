"""All of a request read and checked before anything is computed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sdd_bench import models
from sdd_bench.diffusion import loading
from sdd_bench.errors import InputError
from sdd_bench.runs.identity import BASELINE
from sdd_bench.scoring.definitions import Measurements, measurements
from sdd_bench.scoring.references import reference_of
from sdd_bench.suites import seeds
from sdd_bench.types import PairMetric, SetMetric, Suite, Weighted
from sdd_bench.weights import store

from .request import Request, load_suite
from .selection import SelectedMethod, choose

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle


def read(request: Request) -> list[SelectedMethod]:
    """The methods asked for, and a look at all the rest of the request.

    Raises InputError, and MissingError for weights of metrics that are not on this machine.
    """
    if not math.isfinite(request.guidance_scale):
        raise InputError(f"the guidance scale must be a number, not {request.guidance_scale}")
    spec = models.find(request.model)
    chosen = [choose(name, request) for name in request.methods]
    for name in request.suites:
        suite = load_suite(name, spec, request)
        _check_weights(measurements(request.metrics, spec, suite), suite, request)
    return chosen


def _check_weights(chosen: Measurements, suite: Suite, request: Request) -> None:
    """Raise MissingError for weights that scoring will ask for, as far as can be told.

    A set metric asks for none without real images to compare with, nor one of pairs without a
    baseline.
    """
    reference, count = reference_of(suite), len(seeds.samples(suite, request.seed))
    for _, metric in chosen.values():
        idle = (
            isinstance(metric, SetMetric)
            and (reference is None or reference.lacks(metric, count) != "")
        ) or (isinstance(metric, PairMetric) and BASELINE not in request.methods)
        if isinstance(metric, Weighted) and not idle:
            for weight in metric.weights:
                store.find(weight)


def load(request: Request) -> Bundle:
    """The model asked for."""
    return loading.load(
        models.find(request.model),
        device=request.device,
        dtype=request.dtype,
        batch_size=request.batch_size,
    )
