"""`make audit`: what could not be looked up is never said to be safe."""

from __future__ import annotations

import importlib.util

from support.paths import ROOT

_SPEC = importlib.util.spec_from_file_location("audit", ROOT / "benchmarks" / "audit.py")
assert _SPEC is not None
assert _SPEC.loader is not None
audit = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(audit)

SAFE = {"name": "click", "version": "8.5.1", "vulns": []}
BAD = {"name": "old", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
UNKNOWN = {"name": "rich", "skip_reason": "Dependency not found on PyPI"}


def test_all_were_looked_up_and_none_is_known() -> None:
    assert audit.outcome([SAFE]) == (0, ["1 of 1 releases looked up, 0 advisories"])


def test_an_advisory_fails_with_the_release_that_repairs_it() -> None:
    code, lines = audit.outcome([SAFE, BAD, UNKNOWN])
    assert code == 1
    assert lines[:2] == [
        "old 1: CVE-1, repaired in 2",
        "2 of 3 releases looked up, 1 advisories",
    ]


def test_what_was_not_looked_up_is_not_safe() -> None:
    code, lines = audit.outcome([SAFE, UNKNOWN])
    assert (code, lines[-1]) == (3, "not looked up, so not checked: rich")
    assert audit.outcome([])[0] == 3
