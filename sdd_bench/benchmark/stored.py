"""Which stored run, and which stored training, is the one that a request asks for.

Nothing here needs torch: what the user left open (device, precision) fits whatever is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sdd_bench import models
from sdd_bench.runs.run import Run
from sdd_bench.types import ModelSpec, Settings, Suite

from .request import Request
from .selection import SelectedMethod, choose


def find(request: Request, suite: Suite, runs: Sequence[Run]) -> Run | None:
    """The fullest of `runs` that is the request's one method on the suite; None if there is none.

    Raises InputError for a method that there isn't.
    """
    spec = models.find(request.model)
    beside = [run for run in runs if (run.spec.model, run.spec.suite) == (spec.name, suite.name)]
    if not beside:
        return None
    method = choose(request.methods[0], request)
    model_hash = local_hash(spec)
    fitting = [run for run in beside if _fits(request, suite, method, run, model_hash)]
    return max(fitting, key=lambda run: (run.facts().images, run.facts().started), default=None)


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
    dtype = run.spec.settings.dtype if request.dtype == "auto" else request.dtype
    if request.device != "auto" and (request.device == "cpu") != _on_cpu(run):
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
