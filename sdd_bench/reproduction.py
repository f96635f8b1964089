"""What a paper's table needs, which stored runs have it, and the requests for the rest.

Nothing here needs torch: a table that is complete is shown at once, and on any machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from . import concepts, registry, results, suites, worlds
from .errors import MissingError
from .papers import Row, Table
from .request import Chosen, Request, choose, load_suite
from .results import Run
from .tables import Scored
from .types import ModelSpec, Settings, Suite

IS_BASELINE = "is the baseline"
"""Why a run of the undefended model has no values of pair metrics."""

PREVIEW = 10
"""A preview makes one in so many images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One row of a table on one of its suites: at most one run."""

    row: Row
    suite: str
    """As the table calls it."""
    request: Request
    """That asks for just this run."""
    prompts: Suite | None
    """None if they are not on this machine."""
    absent: str = ""
    """Why not."""

    def stems(self) -> set[str]:
        """The images that are wanted."""
        return set() if self.prompts is None else set(_stems(self.prompts, self.request.seed))


@lru_cache(maxsize=8)
def _stems(suite: Suite, seed: int) -> frozenset[str]:
    """Every row of a table asks for the same few suites."""
    return frozenset(sample.stem for sample in suites.samples(suite, seed))


@dataclass(frozen=True, slots=True)
class State:
    """A need, and what the results folder has of it."""

    need: Need
    run: Run | None
    missing: int
    """Images that are not there."""
    scored: Scored | None = None
    """What it has been scored with."""
    unscored: bool = False
    """Whether any of its images lacks a score that the table shows."""

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do."""
        return self.run is not None and not self.missing and not self.unscored


def needs(
    table: Table,
    base: Request,
    *,
    brought: Mapping[str, str] = {},
    preview: bool = False,
) -> list[Need]:
    """All runs of a table, row by row, with the settings of `base`.

    `brought` says where the prompts of suites are that are not shipped. Raises InputError.
    """
    spec = worlds.find(base.model)
    world = worlds.world(spec.name).name
    loaded: dict[str, tuple[Request, Suite | None, str]] = {}
    for name in table.suites:
        definitions = tuple(
            column.definitions[world]
            for column in table.columns
            if column.suite == name and world in column.definitions
        )
        per_prompt = table.images_per_prompt.get(world, {}).get(name)
        request = replace(
            base,
            suites=(f"{name}={brought[name]}" if name in brought else name,),
            metrics=definitions,
            images_per_prompt=base.images_per_prompt or per_prompt,
        )
        loaded[name] = _loaded(request, spec, preview=preview)
    return [
        Need(
            row=row,
            suite=name,
            request=replace(
                request,
                methods=(row.method,),
                concepts=concepts.find(row.concepts) if row.concepts else (),
                recipe=base.recipe or row.recipe,
            ),
            prompts=prompts,
            absent=absent,
        )
        for row in table.rows
        if row.method is not None
        for name, (request, prompts, absent) in loaded.items()
    ]


def _loaded(
    request: Request, spec: ModelSpec, *, preview: bool
) -> tuple[Request, Suite | None, str]:
    """The request with a preview's share of images, and its suite, or why there is none."""
    try:
        suite = load_suite(request.suites[0], spec, request)
    except MissingError as error:
        return request, None, str(error)
    if not preview:
        return request, suite, ""
    # Rather fewer images of every prompt than fewer prompts: the prompts are what varies most.
    if suite.images_per_prompt >= PREVIEW:
        request = replace(request, images_per_prompt=suite.images_per_prompt // PREVIEW)
    else:
        request = replace(request, limit=math.ceil(len(suite.prompts) / PREVIEW))
    return request, load_suite(request.suites[0], spec, request), ""


# --- what is there ------------------------------------------------------------------------------


def states(wanted: Iterable[Need], results_dir: Path) -> list[State]:
    """What the results folder has of each need, in the same order."""
    runs = results.find(results_dir)
    measures = {name: item.measure for name, (item, _) in registry.definitions().items()}
    hashes: dict[str, str | None] = {}
    found = []
    for need in wanted:
        model = need.request.model
        if model not in hashes:
            hashes[model] = local_hash(worlds.find(model))
        fitting = _fitting(need, runs, hashes[model])
        found.append(_state(need, fitting, measures))
    return found


def local_hash(spec: ModelSpec) -> str | None:
    """The hash of a model whose weights lie in a folder; None for one of the hub, which has a
    pinned revision or none, and may not be on this machine.
    """
    if spec.source != "miniature" and not Path(spec.source).is_dir():
        return None
    return worlds.hash_of(worlds.folder_of(spec))


def _state(need: Need, fitting: Sequence[Run], measures: Mapping[str, str]) -> State:
    wanted = need.stems()
    if not fitting:
        return State(need, None, len(wanted))
    # Several differ in what the user left open, such as the device: take the fullest.
    run = max(fitting, key=lambda each: (each.facts().images, each.facts().started))
    scored = Scored.of(run)
    unscored = not _speaks_of(scored, wanted, need.request.metrics, measures)
    return State(need, run, len(wanted - run.stored()), scored, unscored)


def _fitting(need: Need, runs: Sequence[Run], model_hash: str | None) -> list[Run]:
    """The runs that are the one needed, whatever the user left open (device, precision)."""
    suite = need.prompts
    if suite is None:
        return []
    place = worlds.find(need.request.model).name, suite.name
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


def _speaks_of(
    scored: Scored, stems: set[str], definitions: Sequence[str], measures: Mapping[str, str]
) -> bool:
    """Whether there are scores of all images by all definitions, whose measures are given."""
    scores, sets = scored.scores, scored.sets
    wanted = [name for name in definitions if name not in sets or sets[name].reason != IS_BASELINE]
    if not wanted:
        return True
    return stems <= set(results.stems(scores)) and all(
        (name in sets and sets[name].n == len(scores)) or measures.get(name) in scores.columns
        for name in wanted
    )


# --- what is left to do -------------------------------------------------------------------------


def requests(found: Sequence[State]) -> list[Request]:
    """Requests for everything that is not complete, the methods of one suite together: what they
    have in common is then computed once. Raises MissingError for prompts that are not here.
    """
    groups: dict[tuple[object, ...], list[Request]] = {}
    todo = [state.need for state in found if not state.complete]
    # Methods that remove nothing go with any others, so they come last.
    for need in sorted(todo, key=lambda each: not each.request.concepts):
        if need.prompts is None:
            raise MissingError(f"{need.absent}; or `--suite {need.suite}=FILE`")
        request = need.request
        fitting = [
            key
            for key in groups
            if key[:2] == (need.suite, request.recipe)
            and (not request.concepts or key[2] == request.concepts)
        ]
        key = fitting[0] if fitting else (need.suite, request.recipe, request.concepts)
        groups.setdefault(key, []).append(request)
    merged = [_merged(group) for group in groups.values()]
    # Whoever is compared with the undefended model comes after it.
    return sorted(merged, key=lambda each: "sd" not in each.methods)


def _merged(group: Sequence[Request]) -> Request:
    """One request for the methods of all, those that remove nothing first."""
    ordered = sorted(group, key=lambda each: bool(each.concepts))
    removed = next((each.concepts for each in group if each.concepts), ())
    methods = dict.fromkeys(method for each in ordered for method in each.methods)
    return replace(group[0], methods=tuple(methods), concepts=removed)
