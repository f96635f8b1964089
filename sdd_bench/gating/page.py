"""The outcome of a gate as people read it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, fields

import pandas as pd

from sdd_bench.formats.page import Page

from .baseline import BaselineRun
from .matching import pairs
from .outcome import CheckResult, failures

HEADER = ("run", "check", "baseline", "now", "difference", "allowed", "flips", "p", "verdict")


def page(
    findings: Sequence[CheckResult], before: Sequence[BaselineRun], now: Sequence[BaselineRun]
) -> Page:
    """A row per check. The failures come first among the notes, each with its reason."""
    failed = [each for each in findings if not each.passes]
    notes = [f"FAIL {each.run}, {each.check}: {each.verdict}: {each.reason}" for each in failed]
    notes += [
        f"note: {each.run}, {each.check}: {each.reason}"
        for each in findings
        if each.passes and each.reason
    ]
    if failed:
        notes += _versions(before, now)
    return Page(
        title=_title(findings),
        header=HEADER,
        rows=[_row(each) for each in findings],
        tidy=pd.DataFrame(
            [asdict(each) for each in findings], columns=[each.name for each in fields(CheckResult)]
        ),
        notes=notes,
    )


def _title(findings: Sequence[CheckResult]) -> str:
    failed = failures(findings)
    if not failed:
        return f"Gate passed: {len(findings)} checks"
    named = ", ".join(f"{count} {verdict}" for verdict, count in failed.items())
    return f"Gate failed: {sum(failed.values())} of {len(findings)} checks ({named})"


def _row(each: CheckResult) -> list[str]:
    return [
        each.run,
        each.check,
        _number(each.baseline, each.unit),
        _number(each.value, each.unit),
        _number(each.value - each.baseline, "", "+"),
        _number(each.allowed, ""),
        each.flips,
        _number(each.p, ""),
        each.verdict,
    ]


def _number(value: float, unit: str, sign: str = "") -> str:
    return "" if math.isnan(value) else f"{value:{sign}.4g}{' ' if unit else ''}{unit}"


def _versions(before: Sequence[BaselineRun], now: Sequence[BaselineRun]) -> list[str]:
    """Packages that are not of the version that the baseline was made with."""
    changed = {
        f"{package} {version} → {new.made_with[package]}"
        for old, new in pairs(before, now)
        if new is not None
        for package, version in old.made_with.items()
        if new.made_with.get(package, version) != version
    }
    return [f"note: made with other versions: {', '.join(sorted(changed))}"] if changed else []
