"""All of a request read and checked before anything is computed: a slip must not cost an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdd_bench import models, registry
from sdd_bench.runs.identity import BASELINE
from sdd_bench.scoring.definitions import measurements
from sdd_bench.scoring.references import reference_of
from sdd_bench.suites import seeds
from sdd_bench.types import ModelSpec, PairMetric, SetMetric, Weighted
from sdd_bench.weights import store

from . import parameters
from .job import Job, SuiteJob
from .request import Options, Request, load_suite
from .selection import choose
from .shard import Shard

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle


def prepare(request: Request) -> Job:
    """Everything that the request names: found, read and checked, each once.

    Raises InputError, and MissingError for prompts and for weights of metrics that are not on this
    machine.
    """
    spec = models.find(request.model)
    models.check_reachable(spec)
    plugins = registry.scan()
    methods = tuple(choose(name, request, plugins) for name in request.methods)
    # Weights that are brought were made with whatever they were made with.
    parts = [part for each in methods for part in each.chain if part.parameters]
    parameters.check_known(request.parameters, [part.method for part in parts])
    suites = tuple(_suite(name, spec, request, plugins) for name in request.suites)
    for work in suites:
        _check_weights(work, paired=BASELINE in request.methods)
    return Job(request=request, model=spec, methods=methods, suites=suites, plugins=plugins)


def load(options: Options) -> Bundle:
    """The model asked for, on the device asked for. Raises InputError or MissingError."""
    from sdd_bench.diffusion import loading

    with loading.single_precision():
        return loading.load(
            models.find(options.model),
            device=options.device,
            dtype=options.dtype,
            batch_size=options.batch_size,
            numerics=options.numerics,
        )


def _suite(name: str, spec: ModelSpec, request: Request, plugins: registry.Registry) -> SuiteJob:
    suite = load_suite(name, spec, request)
    samples = tuple(seeds.samples(suite, request.seed))
    shard = Shard.parse(request.shard) if request.shard else None
    own = shard.of(samples) if shard else samples
    return SuiteJob(
        suite=suite,
        samples=samples,
        own=own,
        part=shard.name if shard and len(own) < len(samples) else "",
        measurements=measurements(request.metrics, spec, suite.families, plugins),
        reference=reference_of(suite.reference),
    )


def _check_weights(work: SuiteJob, *, paired: bool) -> None:
    """Raise MissingError for weights that scoring will ask for, as far as can be told.

    A set metric asks for none without real images to compare with, nor one of pairs without a
    baseline.
    """
    reference, count = work.reference, len(work.samples)
    for _, metric in work.measurements.values():
        idle = (
            isinstance(metric, SetMetric)
            and (reference is None or reference.lacks(metric, count) != "")
        ) or (isinstance(metric, PairMetric) and not paired)
        if isinstance(metric, Weighted) and not idle:
            for weight in metric.weights:
                store.find(weight)
