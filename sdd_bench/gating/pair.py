"""A run of the baseline beside the same run of now: what they are, and their images."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .baseline import IMAGES, NOISE, PICTURES, UNSCORED, BaselineRun
from .matching import PARTS, changes
from .outcome import IDENTITY, PASS, PROMPTS, CheckResult


@dataclass(frozen=True)
class Pair:
    """A run of the baseline and the same run of now."""

    old: BaselineRun
    new: BaselineRun
    allowed: frozenset[str]
    """The PARTS of the identity that are meant to have changed."""

    def result(
        self,
        check: str,
        verdict: str,
        reason: str,
        *,
        unit: str = "",
        baseline: float = math.nan,
        value: float = math.nan,
        allowed: float = math.nan,
    ) -> CheckResult:
        """The outcome of one of its checks."""
        return CheckResult(
            run=self.old.name,
            check=check,
            verdict=verdict,
            reason=reason,
            unit=unit,
            baseline=baseline,
            value=value,
            allowed=allowed,
        )

    def identity(self) -> CheckResult:
        """The check of what the images were made with."""
        changed = list(changes(self.old, self.new))
        forbidden = [words for part, words in changed if part not in self.allowed]
        if forbidden:
            parts = {part for part, _ in changed if part not in self.allowed}
            ways = " ".join(f"--allow {part}" for part in PARTS if part in parts)
            return self.result(
                IDENTITY, "other identity", f"{'; '.join(forbidden)}. If that is meant: {ways}"
            )
        return self.result(IDENTITY, PASS, "; ".join(words for _, words in changed))

    @cached_property
    def common(self) -> list[str]:
        """The prompts that both have as many images of."""
        both = self.old.prompts.index.intersection(self.new.prompts.index)
        sizes = (run.prompts.loc[both, IMAGES].to_numpy() for run in (self.old, self.new))
        return [str(name) for name, same in zip(both, np.equal(*sizes), strict=True) if same]

    @cached_property
    def other_noise(self) -> list[str]:
        """The common prompts whose images start from other noise, as far as it is known."""
        return self._differing(NOISE)

    @cached_property
    def same_noise(self) -> bool:
        """Whether every image that both have started from the same noise."""
        known = bool((self.old.prompts.loc[self.common, NOISE] != UNSCORED).all())
        return bool(self.common) and known and not self.other_noise

    def _differing(self, column: str) -> list[str]:
        cells = (run.prompts.loc[self.common, column].to_numpy() for run in (self.old, self.new))
        differ = np.not_equal(*cells)
        return [name for name, other in zip(self.common, differ, strict=True) if other]

    def images(self, *, strict: bool) -> CheckResult:
        """The check of the prompts, and of the noise that their images start from."""
        before, now = self.old.prompts.index, self.new.prompts.index
        missing, extra = before.difference(now), now.difference(before)
        resized = sorted(set(before.intersection(now)) - set(self.common))
        if len(missing) and "prompts" not in self.allowed:
            return self.result(
                PROMPTS, "prompts vanished", f"{_some(missing)} of {len(before)} prompts missing"
            )
        if resized and "prompts" not in self.allowed:
            first = resized[0]
            counts = [run.prompts.loc[first, IMAGES] for run in (self.old, self.new)]
            return self.result(
                PROMPTS,
                "other images",
                f"{_some(resized)} prompts with more or fewer images ({first}: {counts[0]} → "
                f"{counts[1]})",
            )
        if len(extra) and strict and "prompts" not in self.allowed:
            return self.result(
                PROMPTS, "new", f"{_some(extra)} prompts that the baseline doesn't have"
            )
        if self.other_noise and "seeds" not in self.allowed:
            return self.result(
                PROMPTS,
                "other seeds",
                f"the images of {_some(self.other_noise)} of {len(self.common)} prompts start from "
                "other noise. If that is meant: --allow seeds",
            )
        notes = [f"{len(extra)} prompts more than in the baseline"] if len(extra) else []
        return self.result(PROMPTS, PASS, "; ".join([*notes, self._pictures()]))

    def _pictures(self) -> str:
        """How many of the pictures are the same: whether a drift is of the images or of a judge."""
        if not self.common:
            return "no prompt in common"
        differ = len(self._differing(PICTURES))
        if not differ:
            return "all pictures are those of the baseline, bit for bit"
        return f"pictures of {differ} of {len(self.common)} prompts differ from the baseline's"


def _some(names: Iterable[object]) -> str:
    """The number and the first of some names: `3 (japan, china, ...)`."""
    words = [str(name) for name in names]
    return f"{len(words)} ({', '.join(words[:3])}{', ...' if len(words) > 3 else ''})"
