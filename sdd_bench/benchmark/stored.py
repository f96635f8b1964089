"""Which stored run, and which stored training, is the one that a request asks for.

Nothing here needs torch: what the user left open (device, precision) fits whatever is there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import get_args

from sdd_bench import models
from sdd_bench.errors import InputError
from sdd_bench.registry import Registry
from sdd_bench.runs import lookup
from sdd_bench.runs.identity import CHECKPOINT, COMPILED, TrainSpec
from sdd_bench.runs.run import Run
from sdd_bench.types import Dtype, ModelSpec, Settings, Suite

from .request import Options, Request
from .selection import SelectedMethod, choose


def find(request: Request, suite: Suite, runs: Sequence[Run], plugins: Registry) -> Run | None:
    """The fullest of `runs` that is the request's one method on the suite; None if there is none.

    Raises InputError for a method that there isn't.
    """
    spec = models.find(request.model)
    beside = [run for run in runs if (run.spec.model, run.spec.suite) == (spec.name, suite.name)]
    if not beside:
        return None
    method = choose(request.methods[0], request, plugins)
    model_hash = local_hash(spec)
    fitting = [run for run in beside if _fits(request, suite, method, run, model_hash)]
    return max(fitting, key=lambda run: (run.facts().images, run.facts().started), default=None)


def runs_in(results: Path, suites: Collection[str] = (), *, whole: bool = False) -> list[Run]:
    """The stored runs, or those on `suites`, as `lookup.find`. Raises InputError for none."""
    stored = lookup.find(results, whole=whole)
    runs = [
        run
        for run in stored
        if not suites or models.matches_suite(run.spec.suite, run.spec.model, suites)
    ]
    if stored and not runs:
        raise InputError(f"no runs on {', '.join(suites)} in {results}")
    if not runs:
        raise InputError(
            f"no runs in {results}: start with `sdd-bench run`, or name another --results"
        )
    return runs


def is_trained(method: SelectedMethod, options: Options) -> bool:
    """Whether the finished training that the options ask for is there, on whatever device."""
    spec = models.find(options.model)
    own = local_hash(spec)
    # What lies on the hub is known by the runs that were made with it.
    runs = lookup.find(options.results) if own is None else []
    hashes = [own] if own else [run.spec.model_hash for run in runs if run.spec.model == spec.name]
    for model_hash, device, dtype in product(sorted(set(hashes)), ("cpu", "cuda"), get_args(Dtype)):
        identity = TrainSpec(
            model=spec.name,
            model_hash=model_hash,
            method=method.part,
            parameters=method.parameters,
            concepts=method.concepts,
            seed=options.seed,
            numerics=f"{device}-{dtype}",
        )
        if (options.results / identity.folder / CHECKPOINT).exists():
            return True
    return False


def local_hash(spec: ModelSpec) -> str | None:
    """The hash of a model whose weights lie in a folder; None for one of the hub, which has a
    pinned revision or none, and may not be on this machine.
    """
    if spec.source != "miniature" and not Path(spec.source).is_dir():
        return None
    return models.hash_of(models.folder_of(spec))


def _fits(
    request: Request, suite: Suite, method: SelectedMethod, run: Run, model_hash: str | None
) -> bool:
    if run.spec.method != method.name:
        return False
    if run.spec.checkpoint is not None and not method.makes_weights:
        return False  # weights that somebody brought are not the model as it came
    dtype = run.spec.settings.dtype if request.dtype == "auto" else request.dtype
    if request.device != "auto" and (request.device == "cpu") != _on_cpu(run):
        return False
    if (request.numerics == "compiled") != run.spec.numerics.endswith(COMPILED):
        return False
    settings = Settings(
        steps=request.steps,
        guidance_scale=request.guidance_scale,
        seed=request.seed,
        dtype=dtype,  # type: ignore[arg-type]  # an unknown name fits no run
    )
    same = replace(
        run.spec,
        model_hash=model_hash or run.spec.model_hash,
        parameters=method.parameters,
        concepts=method.concepts,
        suite_hash=suite.hash,
        settings=settings,
    )
    return same.digest == run.spec.digest


def _on_cpu(run: Run) -> bool:
    return run.spec.numerics.startswith("cpu")
