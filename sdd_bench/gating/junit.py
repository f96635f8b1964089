"""Outcomes of checks as JUnit XML, which every CI system shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from sdd_bench import files

from .outcome import CheckResult

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may contain, however it is escaped."""


def write(path: Path, findings: Sequence[CheckResult]) -> None:
    """A test suite per run and a test case per check, in the order given."""
    root = ET.Element("testsuites", _counts(findings) | {"name": "sdd-bench gate"})
    suites: dict[str, list[CheckResult]] = {}
    for each in findings:
        suites.setdefault(each.run, []).append(each)
    for name, several in suites.items():
        suite = ET.SubElement(root, "testsuite", _counts(several) | {"name": _safe(name)})
        for each in several:
            case = ET.SubElement(
                suite, "testcase", classname=_safe(f"gate.{name}"), name=_safe(each.check)
            )
            if not each.passes:
                message = _safe(each.reason)
                ET.SubElement(
                    case, "failure", type=_safe(each.verdict), message=message
                ).text = message
    ET.indent(root)
    with files.writing(path, "--junit"):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _counts(findings: Sequence[CheckResult]) -> dict[str, str]:
    failed = sum(not each.passes for each in findings)
    return {"tests": str(len(findings)), "failures": str(failed), "errors": "0", "skipped": "0"}


def _safe(text: str) -> str:
    """The text without what no XML may contain."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
