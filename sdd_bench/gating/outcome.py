"""Outcomes of the checks of a gate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PASS = "pass"  # noqa: S105 - not a password

IDENTITY, PROMPTS, RUN = "identity", "images", "run"
"""The checks beside those that carry the name of a definition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The outcome of one check."""

    run: str
    """The name of the run, as BaselineRun has it."""
    check: str
    """IDENTITY, PROMPTS, RUN, or the name of a definition."""
    verdict: str = PASS
    """PASS, or in a word why not."""
    reason: str = ""
    """A sentence."""
    unit: str = ""
    baseline: float = math.nan
    value: float = math.nan
    allowed: float = math.nan
    """How far apart the two may be."""
    flips: str = ""
    """Images of a rate on the same noise that count now and didn't, and the reverse (`+3 -1`)."""
    p: float = math.nan
    """P-value of no difference, on the same noise: McNemar's for rates, else a t-test over prompts.
    """

    @property
    def passes(self) -> bool:
        """Whether it is none that fails the gate."""
        return self.verdict == PASS


def failures(results: Sequence[CheckResult]) -> Mapping[str, int]:
    """How many checks fail with each verdict, sorted."""
    words = sorted(result.verdict for result in results if not result.passes)
    return {word: words.count(word) for word in dict.fromkeys(words)}
