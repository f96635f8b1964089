"""Outcomes of checks as JUnit XML, which every CI system shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from sdd_bench import files
from sdd_bench.errors import printable

from .outcome import CheckResult

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may contain, however it is escaped."""


def write(path: Path, results: Sequence[CheckResult]) -> None:
    """Write a test suite per run and a test case per check, in the order given."""
    root = ET.Element("testsuites", _counts(results) | {"name": "sdd-bench gate"})
    by_run: dict[str, list[CheckResult]] = {}
    for result in results:
        by_run.setdefault(result.run, []).append(result)
    for name, of_run in by_run.items():
        suite = ET.SubElement(root, "testsuite", _counts(of_run) | {"name": _safe(name)})
        for result in of_run:
            case = ET.SubElement(
                suite, "testcase", classname=_safe(f"gate.{name}"), name=_safe(result.check)
            )
            if not result.passes:
                message = _safe(result.reason)
                ET.SubElement(
                    case, "failure", type=_safe(result.verdict), message=message
                ).text = message
    ET.indent(root)
    with files.writing(path, "--junit"):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _counts(results: Sequence[CheckResult]) -> dict[str, str]:
    failed = sum(not result.passes for result in results)
    return {"tests": str(len(results)), "failures": str(failed), "errors": "0", "skipped": "0"}


def _safe(text: str) -> str:
    """The text with what acts in a terminal spelt out, and without what no XML may contain."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", printable(text, keep="\n"))
