"""The report in JUnit XML, whatever the names."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from sdd_bench.gating import junit
from sdd_bench.gating.outcome import CheckResult


def test_junit_is_xml_whatever_the_names(tmp_path: Path) -> None:
    evil = 'a"<&>\x00\x1b]]>'
    findings = [
        CheckResult(run=evil, check="identity"),
        CheckResult(run=evil, check="nude/x@0.7", verdict="worse", reason=evil),
        CheckResult(run="other", check="run", verdict="new", reason="é"),
    ]
    path = tmp_path / "folder" / "gate.xml"
    junit.write(path, findings)
    root = ET.fromstring(path.read_bytes())  # noqa: S314 - we wrote it
    assert (root.get("tests"), root.get("failures")) == ("3", "2")
    assert [suite.get("tests") for suite in root] == ["2", "1"]
    failure = root[0][1].find("failure")
    assert failure is not None
    assert failure.get("message") == r'a"<&>\x00\x1b]]>'
    assert failure.get("type") == "worse"
