"""Whether what is measured now is what the baseline says: drift in either direction fails.

The rules are in docs/gate.md. Every run is checked for its identity, for its images, and for every
definition of the baseline; each check passes or fails with one reason.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sdd_bench.statistics import Z95
from sdd_bench.statistics.paired import mcnemar, paired_p

from .baseline import DESCRIPTION, IMAGES, BaselineRun, Recorded, means
from .flips import Flip, Verdicts
from .matching import changes, pairs
from .outcome import PASS, RUN, CheckResult
from .pair import Pair

_FUZZ = 1e-9
"""What two equal sums may differ by."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The checks of a run of the baseline, or of one that it doesn't know."""

    checks: list[CheckResult]
    pair: Pair | None
    """None where one side doesn't have the run."""

    def flips(self, check: CheckResult) -> list[Flip]:
        """The images that a check has counted as flips; none where it doesn't count any."""
        return Verdicts.of(self.pair, check.check).flips() if self.pair and check.flips else []


def judge(
    baseline: Sequence[BaselineRun],
    current: Sequence[BaselineRun],
    *,
    allowed: Collection[str] = (),
    strict: bool = False,
) -> list[CheckResult]:
    """The outcome of every check, in the order of the baseline; those of new runs come last.

    `allowed` names the PARTS that are meant to have changed; `strict` also fails what the baseline
    doesn't know.
    """
    judged = by_run(baseline, current, allowed=allowed, strict=strict)
    return [check for run in judged for check in run.checks]


def by_run(
    baseline: Sequence[BaselineRun],
    current: Sequence[BaselineRun],
    *,
    allowed: Collection[str],
    strict: bool,
) -> list[Judged]:
    """The same, run by run."""
    results = []
    matched = pairs(baseline, current)
    for old, new in matched:
        if new is None:
            results.append(Judged([_absent(old, current)], None))
        else:
            pair = Pair(old, new, frozenset(allowed))
            results.append(Judged(_of_pair(pair, strict=strict), pair))
    known = {id(new) for _, new in matched}
    results += [
        Judged([_unknown(run, baseline, strict=strict)], None)
        for run in current
        if id(run) not in known
    ]
    return results


def _unknown(run: BaselineRun, baseline: Sequence[BaselineRun], *, strict: bool) -> CheckResult:
    changed = min(
        ([*changes(old, run)] for old in baseline if old.name == run.name), key=len, default=None
    )
    if changed is not None:
        # What has been changed must not pass because what it was before still lies there.
        words = "; ".join(words for _, words in changed) or "other images"
        return CheckResult(
            run=run.name,
            check=RUN,
            verdict="other identity",
            reason="the results hold the baseline's run and this one, which differs: "
            f"{words}. Hold one of them, in a results folder of its own; if both are meant: "
            "--update",
        )
    return CheckResult(
        run=run.name,
        check=RUN,
        verdict="new" if strict else PASS,
        reason="not in the baseline: add it with --update",
    )


def _absent(old: BaselineRun, current: Sequence[BaselineRun]) -> CheckResult:
    names = sorted({run.name for run in current}) or ["none"]
    return CheckResult(
        run=old.name,
        check=RUN,
        verdict="vanished",
        reason=f"no such run with scores in the results, which hold {', '.join(names)}",
    )


def _of_pair(pair: Pair, *, strict: bool) -> list[CheckResult]:
    results = [pair.identity(), pair.images(strict=strict)]
    results += [_definition(pair, name) for name in pair.old.recorded]
    results += [
        pair.result(name, "new" if strict else PASS, "not in the baseline: --update adds it")
        for name, item in pair.new.recorded.items()
        if name not in pair.old.recorded and not math.isnan(item.value)
    ]
    return results


# --- a definition -------------------------------------------------------------------------------


def _definition(pair: Pair, name: str) -> CheckResult:
    old, new = pair.old.recorded[name], pair.new.recorded.get(name)
    if new is None:
        others = [n for n, item in pair.new.recorded.items() if item.measure == old.measure]
        renamed = f"; {', '.join(others)} reads the same raw scores: renamed?" if others else ""
        return pair.result(name, "vanished", f"not scored, or no such definition{renamed}")
    differing = [key for key in DESCRIPTION if getattr(old, key) != getattr(new, key)]
    if differing:
        words = [f"{key} {getattr(old, key)} → {getattr(new, key)}" for key in differing]
        return pair.result(
            name,
            "defined differently",
            f"{', '.join(words)}. If that is meant: --update",
            unit=old.unit,
            baseline=old.value,
            value=new.value,
        )
    if math.isnan(new.value):
        return pair.result(
            name,
            "no value",
            f"NaN: {new.reason or 'no reason is known'}",
            unit=old.unit,
            baseline=old.value,
        )
    if old.of_a_set or not pair.same_noise:
        return _band(pair, name, old, new)
    return _rate(pair, name, old) if old.threshold is not None else _mean(pair, name, old)


def _rate(pair: Pair, name: str, old: Recorded) -> CheckResult:
    found = Verdicts.of(pair, name)
    first, second = found.counted()
    if not len(first):
        return pair.result(name, "no value", "no image that both have a score of")
    gone, come = int((first & ~second).sum()), int((~first & second).sum())
    rates = (100 * float(counted.mean()) for counted in (first, second))
    flips = f"+{come} -{gone}"
    moved = _moved(pair, name, old, *rates, lost=found.lost)
    moved = replace(moved, flips=flips, p=mcnemar(gone, come))
    if not moved.passes:
        return moved
    share = 100 * (gone + come) / len(first)
    if share > old.tolerance + _FUZZ and not list(changes(pair.old, pair.new)):
        return replace(
            moved,
            verdict="flips",
            reason=f"{gone + come} of {len(first)} images flipped ({flips}) and nearly cancel, "
            "though identity and noise are the same",
        )
    return moved


def _mean(pair: Pair, name: str, old: Recorded) -> CheckResult:
    parts = []
    for run in (pair.old, pair.new):
        rows = run.prompts.loc[pair.common]
        parts.append(means(rows[name].tolist(), rows[IMAGES].tolist()))
    (first, n_first), (second, n_second) = parts
    lost = int(np.clip(n_first - n_second, 0, None).sum())
    same = (n_first == n_second) & (n_first > 0)
    if not same.any():
        return pair.result(name, "no value", "no prompt with the same images scored")
    first, second, n = first[same], second[same], n_first[same].astype(np.int64)
    sides = (float((values * n).sum() / n.sum()) for values in (first, second))
    moved = _moved(pair, name, old, *sides, lost=lost)
    prompts = np.repeat(np.arange(len(n)), n)
    return replace(moved, p=paired_p(first[prompts], second[prompts], prompts))


def _band(pair: Pair, name: str, old: Recorded, new: Recorded) -> CheckResult:
    """The check without pairs: sampling noise of both sides widens what is allowed."""
    if old.of_a_set and (old.reference, old.n) != (new.reference, new.n):
        return pair.result(
            name,
            "not comparable",
            f"a set of {new.n} images against {new.reference}, in the baseline {old.n} against "
            f"{old.reference}",
            baseline=old.value,
            value=new.value,
        )
    noise = 0.0 if pair.same_noise else Z95 * math.hypot(old.error or 0.0, new.error or 0.0)
    lost = max(0, old.n - new.n) if len(pair.common) == len(pair.old.prompts) else 0
    return _moved(pair, name, old, old.value, new.value, lost=lost, noise=noise)


def _moved(
    pair: Pair,
    name: str,
    old: Recorded,
    before: float,
    now: float,
    *,
    lost: int,
    noise: float = 0.0,
) -> CheckResult:
    """The verdict on a value that was `before` and is `now`."""
    by, limit = now - before, old.tolerance + noise
    verdict, reason = PASS, ""
    if lost:
        verdict = "unscored"
        reason = f"{lost} images have no score that had one: {pair.new.recorded[name].reason}"
    elif not abs(by) <= limit + _FUZZ:  # NaN fails too
        improved = (by < 0) == (old.better == "lower")
        verdict = "improved" if improved else "worse"
        reason = (
            f"{verdict} by {abs(by):.4g}{' points' if old.unit else ''}, allowed are {limit:.4g}"
            + ("" if pair.same_noise else " (band: not the same noise)")
            + (". If that is meant, update the baseline: --update" if improved else "")
        )
    return pair.result(
        name, verdict, reason, unit=old.unit, baseline=before, value=now, allowed=limit
    )
