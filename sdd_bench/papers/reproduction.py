"""Whatever a table lacks: the requests for it, and making it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sdd_bench.benchmark import runner
from sdd_bench.benchmark.request import Request
from sdd_bench.errors import IncompleteError, MissingError, SDDBenchError
from sdd_bench.registry import Registry
from sdd_bench.runs.identity import BASELINE

from .needs import Need, NeedStatus, states_of


def reproduce(
    needs: Sequence[Need], results: Path, plugins: Registry, say: Callable[[str], None]
) -> list[NeedStatus]:
    """The status of each need in the results folder, after making what it lacked.

    `say` is told what is done next. Raises IncompleteError, which has the statuses, if metrics have
    failed, when all else is done.
    """
    before = states_of(needs, results, plugins)
    missing = requests(before)
    failed: list[SDDBenchError] = []
    for number, request in enumerate(missing, 1):
        names = ", ".join(request.methods)
        say(f"{number} of {len(missing)}: {names} on {request.suites[0]}")
        try:
            runner.run(request)
        except IncompleteError as error:
            failed.append(error)
    states = states_of(needs, results, plugins) if missing else before
    if failed:
        raise IncompleteError.of(failed, states)
    return states


def requests(states: Sequence[NeedStatus]) -> list[Request]:
    """Requests for everything that is not complete, the methods of one suite together: what they
    have in common is then computed once. Raises MissingError for prompts that are not here.
    """
    groups: dict[tuple[object, ...], list[Request]] = {}
    incomplete = [state.need for state in states if not state.complete]
    # Methods that remove nothing go with any others, so they come last.
    for need in sorted(incomplete, key=lambda need: not need.request.concepts):
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
    return sorted(merged, key=lambda request: BASELINE not in request.methods)


def _merged(group: Sequence[Request]) -> Request:
    """One request for the methods of all, those that remove nothing first."""
    ordered = sorted(group, key=lambda request: bool(request.concepts))
    removed = next((request.concepts for request in group if request.concepts), ())
    methods = dict.fromkeys(method for request in ordered for method in request.methods)
    return replace(group[0], methods=tuple(methods), concepts=removed)
