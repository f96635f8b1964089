"""Whether what is measured now is what the baseline says: drift in either direction fails.

The rules are in docs/gate.md. Every run is checked for its identity, for its images, and for every
definition of the baseline; each check passes or fails with one reason.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sdd_bench.statistics.paired import mcnemar, paired_p

from .baseline import (
    DESCRIPTION,
    IMAGES,
    NOISE,
    PICTURES,
    UNSCORED,
    BaselineRun,
    Recorded,
    means,
    verdicts,
)
from .matching import PARTS, changes, pairs
from .outcome import IDENTITY, PASS, PROMPTS, RUN, CheckResult

Z = 1.959964
"""Of a 95 % band."""


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
    found: list[CheckResult] = []
    matched = pairs(baseline, current)
    for old, new in matched:
        if new is None:
            found.append(_absent(old, current))
        else:
            found += Pair(old, new, frozenset(allowed)).findings(strict=strict)
    known = {id(new) for _, new in matched}
    found += [
        CheckResult(
            run=each.name,
            check=RUN,
            verdict="new" if strict else PASS,
            reason="not in the baseline: add it with --update",
        )
        for each in current
        if id(each) not in known
    ]
    return found


def _absent(old: BaselineRun, current: Sequence[BaselineRun]) -> CheckResult:
    names = sorted({each.name for each in current}) or ["none"]
    return CheckResult(
        run=old.name,
        check=RUN,
        verdict="vanished",
        reason=f"no such run in the results, which hold {', '.join(names)}",
    )


@dataclass(frozen=True)
class Pair:
    """A run of the baseline and the same run of now."""

    old: BaselineRun
    new: BaselineRun
    allowed: frozenset[str]

    def findings(self, *, strict: bool) -> list[CheckResult]:
        """Of all checks."""
        found = [self._identity(), self._images(strict=strict)]
        found += [self._definition(name) for name in self.old.recorded]
        found += [
            self._finding(name, "new" if strict else PASS, "not in the baseline: --update adds it")
            for name, item in self.new.recorded.items()
            if name not in self.old.recorded and not math.isnan(item.value)
        ]
        return found

    def _finding(self, check: str, verdict: str, reason: str = "", **more: Any) -> CheckResult:
        return CheckResult(run=self.old.name, check=check, verdict=verdict, reason=reason, **more)

    def _identity(self) -> CheckResult:
        changed = list(changes(self.old, self.new))
        forbidden = [words for part, words in changed if part not in self.allowed]
        if forbidden:
            parts = {part for part, _ in changed if part not in self.allowed}
            ways = " ".join(f"--allow {part}" for part in PARTS if part in parts)
            return self._finding(
                IDENTITY, "other identity", f"{'; '.join(forbidden)}. If that is meant: {ways}"
            )
        return self._finding(IDENTITY, PASS, "; ".join(words for _, words in changed))

    # --- its images ---

    @cached_property
    def common(self) -> list[str]:
        """The prompts that both have as many images of."""
        both = self.old.prompts.index.intersection(self.new.prompts.index)
        sizes = (each.prompts.loc[both, IMAGES].to_numpy() for each in (self.old, self.new))
        return [str(name) for name, same in zip(both, np.equal(*sizes), strict=True) if same]

    @cached_property
    def other_noise(self) -> list[str]:
        """Those of them whose images start from other noise, as far as it is known."""
        return self._differing(NOISE)

    @cached_property
    def paired(self) -> bool:
        """Whether every image that both have started from the same noise."""
        known = bool((self.old.prompts.loc[self.common, NOISE] != UNSCORED).all())
        return bool(self.common) and known and not self.other_noise

    def _differing(self, column: str) -> list[str]:
        ours = (each.prompts.loc[self.common, column].to_numpy() for each in (self.old, self.new))
        differ = np.not_equal(*ours)
        return [name for name, other in zip(self.common, differ, strict=True) if other]

    def _images(self, *, strict: bool) -> CheckResult:
        before, now = self.old.prompts.index, self.new.prompts.index
        missing, extra = before.difference(now), now.difference(before)
        resized = sorted(set(before.intersection(now)) - set(self.common))
        if len(missing) and "prompts" not in self.allowed:
            return self._finding(
                PROMPTS, "prompts vanished", f"{_some(missing)} of {len(before)} prompts missing"
            )
        if resized and "prompts" not in self.allowed:
            first = resized[0]
            counts = [each.prompts.loc[first, IMAGES] for each in (self.old, self.new)]
            return self._finding(
                PROMPTS,
                "other images",
                f"{_some(resized)} prompts with more or fewer images ({first}: {counts[0]} → "
                f"{counts[1]})",
            )
        if len(extra) and strict and "prompts" not in self.allowed:
            return self._finding(
                PROMPTS, "new", f"{_some(extra)} prompts that the baseline doesn't have"
            )
        if self.other_noise and "seeds" not in self.allowed:
            return self._finding(
                PROMPTS,
                "other seeds",
                f"the images of {_some(self.other_noise)} of {len(self.common)} prompts start from "
                "other noise. If that is meant: --allow seeds",
            )
        notes = [f"{len(extra)} prompts more than in the baseline"] if len(extra) else []
        return self._finding(PROMPTS, PASS, "; ".join([*notes, self._pictures()]))

    def _pictures(self) -> str:
        """How many of the pictures are the same: whether a drift is of the images or of a judge."""
        if not self.common:
            return "no prompt in common"
        differ = len(self._differing(PICTURES))
        if not differ:
            return "all pictures are those of the baseline, bit for bit"
        return f"pictures of {differ} of {len(self.common)} prompts differ from the baseline's"

    # --- a definition ---

    def _definition(self, name: str) -> CheckResult:
        old, new = self.old.recorded[name], self.new.recorded.get(name)
        if new is None:
            others = [n for n, item in self.new.recorded.items() if item.measure == old.measure]
            renamed = f"; {', '.join(others)} reads the same raw scores: renamed?" if others else ""
            return self._finding(name, "vanished", f"not scored, or no such definition{renamed}")
        differing = [key for key in DESCRIPTION if getattr(old, key) != getattr(new, key)]
        if differing:
            words = [f"{key} {getattr(old, key)} → {getattr(new, key)}" for key in differing]
            return self._finding(
                name,
                "defined differently",
                f"{', '.join(words)}. If that is meant: --update",
                unit=old.unit,
                baseline=old.value,
                value=new.value,
            )
        if math.isnan(new.value):
            return self._finding(
                name,
                "no value",
                f"NaN: {new.reason or 'no reason is known'}",
                unit=old.unit,
                baseline=old.value,
            )
        if old.of_a_set or not self.paired:
            return self._band(name, old, new)
        return self._rate(name, old) if old.threshold is not None else self._mean(name, old)

    def _rate(self, name: str, old: Recorded) -> CheckResult:
        first, second = (
            verdicts(each.prompts.loc[self.common, name].tolist()) for each in (self.old, self.new)
        )
        unknown = ord(UNSCORED)
        lost = int(((first != unknown) & (second == unknown)).sum())
        both = (first != unknown) & (second != unknown)
        if not both.any():
            return self._finding(name, "no value", "no image that both have a score of")
        first, second = first[both] == ord("1"), second[both] == ord("1")
        gone, come = int((first & ~second).sum()), int((~first & second).sum())
        moved = self._moved(
            name, old, 100 * float(first.mean()), 100 * float(second.mean()), lost=lost
        )
        flips = f"+{come} -{gone}"
        found = replace(moved, flips=flips, p=mcnemar(gone, come))
        if not found.passes:
            return found
        share = 100 * (gone + come) / len(first)
        if share > old.tolerance + _FUZZ and not list(changes(self.old, self.new)):
            return replace(
                found,
                verdict="flips",
                reason=f"{gone + come} of {len(first)} images flipped ({flips}) and nearly cancel, "
                "though identity and noise are the same",
            )
        return found

    def _mean(self, name: str, old: Recorded) -> CheckResult:
        parts = []
        for each in (self.old, self.new):
            rows = each.prompts.loc[self.common]
            parts.append(means(rows[name].tolist(), rows[IMAGES].tolist()))
        (first, n_first), (second, n_second) = parts
        lost = int(np.clip(n_first - n_second, 0, None).sum())
        same = (n_first == n_second) & (n_first > 0)
        if not same.any():
            return self._finding(name, "no value", "no prompt with the same images scored")
        first, second, n = first[same], second[same], n_first[same].astype(np.int64)
        sides = (float((each * n).sum() / n.sum()) for each in (first, second))
        moved = self._moved(name, old, *sides, lost=lost)
        prompts = np.repeat(np.arange(len(n)), n)
        return replace(moved, p=paired_p(first[prompts], second[prompts], prompts))

    def _band(self, name: str, old: Recorded, new: Recorded) -> CheckResult:
        """Without pairs, sampling noise of both sides widens what is allowed."""
        if old.of_a_set and (old.reference, old.n) != (new.reference, new.n):
            return self._finding(
                name,
                "not comparable",
                f"a set of {new.n} images against {new.reference}, in the baseline {old.n} against "
                f"{old.reference}",
                baseline=old.value,
                value=new.value,
            )
        noise = 0.0 if self.paired else Z * math.hypot(old.error or 0.0, new.error or 0.0)
        lost = max(0, old.n - new.n) if len(self.common) == len(self.old.prompts) else 0
        return self._moved(name, old, old.value, new.value, lost=lost, noise=noise)

    def _moved(
        self, name: str, old: Recorded, before: float, now: float, *, lost: int, noise: float = 0.0
    ) -> CheckResult:
        """The verdict on a value that was `before` and is `now`."""
        by, limit = now - before, old.tolerance + noise
        verdict, reason = PASS, ""
        if lost:
            verdict = "unscored"
            reason = f"{lost} images have no score that had one: {self.new.recorded[name].reason}"
        elif not abs(by) <= limit + _FUZZ:  # NaN fails too
            improved = (by < 0) == (old.better == "lower")
            verdict = "improved" if improved else "worse"
            reason = (
                f"{verdict} by {abs(by):.4g}{_points(old)}, allowed are {limit:.4g}"
                + ("" if self.paired else " (band: not the same noise)")
                + (". If that is meant, update the baseline: --update" if improved else "")
            )
        return self._finding(
            name, verdict, reason, unit=old.unit, baseline=before, value=now, allowed=limit
        )


_FUZZ = 1e-9
"""What two equal sums may differ by."""


def _points(item: Recorded) -> str:
    return " points" if item.unit else ""


def _some(names: Iterable[object]) -> str:
    """`3 (japan, china, ...)`."""
    found = [str(name) for name in names]
    return f"{len(found)} ({', '.join(found[:3])}{', ...' if len(found) > 3 else ''})"
