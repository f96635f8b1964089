"""Which stored runs are the one that a request asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench import models
from sdd_bench.runs.run import Run
from sdd_bench.types import ModelSpec, Settings, Suite

from .request import Request
from .selection import Chosen, choose

if TYPE_CHECKING:
    from sdd_bench.papers.needs import Need


def local_hash(spec: ModelSpec) -> str | None:
    """The hash of a model whose weights lie in a folder; None for one of the hub, which has a
    pinned revision or none, and may not be on this machine.
    """
    if spec.source != "miniature" and not Path(spec.source).is_dir():
        return None
    return models.hash_of(models.folder_of(spec))


def fitting_runs(need: Need, runs: Sequence[Run], model_hash: str | None) -> list[Run]:
    """The runs that are the one needed, whatever the user left open (device, precision)."""
    suite = need.prompts
    if suite is None:
        return []
    place = models.find(need.request.model).name, suite.name
    beside = [run for run in runs if (run.spec.model, run.spec.suite) == place]
    if not beside:
        return []
    chosen = choose(need.request.methods[0], need.request)
    return [run for run in beside if _fits(need.request, suite, chosen, run, model_hash)]


def _fits(request: Request, suite: Suite, chosen: Chosen, run: Run, model_hash: str | None) -> bool:
    if run.spec.method != chosen.name:
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
        parameters=chosen.parameters,
        concepts=chosen.concepts,
        suite_hash=suite.hash,
        settings=settings,
    )
    return same.digest == run.spec.digest


def _on_cpu(run: Run) -> bool:
    return run.spec.numerics.startswith("cpu")
