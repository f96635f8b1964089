"""The outcome of a gate as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

import pandas as pd

from sdd_bench.formats import cells
from sdd_bench.formats.page import Page

from .baseline import BaselineRun
from .matching import pairs
from .outcome import CheckResult, failures

HEADER = ("run", "check", "baseline", "now", "difference", "allowed", "flips", "p", "verdict")


def page(
    results: Sequence[CheckResult], before: Sequence[BaselineRun], now: Sequence[BaselineRun]
) -> Page:
    """A row per check. The failures come first among the notes, each with its reason."""
    failed = [result for result in results if not result.passes]
    notes = [
        f"FAIL {result.run}, {result.check}: {result.verdict}: {result.reason}" for result in failed
    ]
    notes += [
        f"note: {result.run}, {result.check}: {result.reason}"
        for result in results
        if result.passes and result.reason
    ]
    if failed:
        notes += _versions(before, now)
    return Page(
        title=_title(results),
        header=HEADER,
        rows=[row(result) for result in results],
        tidy=frame(results),
        notes=notes,
    )


def frame(results: Sequence[CheckResult]) -> pd.DataFrame:
    """The tidy table: a row per check, a column per field of its result."""
    columns = [field.name for field in fields(CheckResult)]
    return pd.DataFrame([asdict(result) for result in results], columns=columns)


def _title(results: Sequence[CheckResult]) -> str:
    failed = failures(results)
    if not failed:
        return f"Gate passed: {len(results)} checks"
    counts = ", ".join(f"{count} {verdict}" for verdict, count in failed.items())
    return f"Gate failed: {sum(failed.values())} of {len(results)} checks ({counts})"


def row(result: CheckResult) -> list[str]:
    """The cells below HEADER."""
    return [
        result.run,
        result.check,
        _number(result.baseline, result.unit),
        _number(result.value, result.unit),
        cells.number(result.value - result.baseline, "+.4g", absent=""),
        _number(result.allowed, ""),
        result.flips,
        _number(result.p, ""),
        result.verdict,
    ]


def _number(value: float, unit: str) -> str:
    text = cells.number(value, ".4g", absent="")
    return f"{text} {unit}" if text and unit else text


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
