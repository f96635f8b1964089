"""The command `compare`: its formats, and what it refuses."""

from __future__ import annotations

import io
import json

import pandas as pd

from support.shell import Shell


def test_the_command(used: Shell) -> None:
    done = used("compare", "sd-neg", "sd", "--results", used.results)
    assert done.code == 0, done.err
    assert done.out.startswith("sd-neg (first) against sd (second), model 'miniature'")
    assert "toy, lpips/miniature: no verdict (is the baseline)" in done.out
    for format_name in ("markdown", "csv", "json"):
        shown = used("compare", "sd-neg", "sd", "--results", used.results, "--format", format_name)
        assert shown.code == 0, shown.err
        if format_name == "json":
            assert {row["verdict"] for row in json.loads(shown.out)} >= {"is the baseline"}
        if format_name == "csv":
            assert len(pd.read_csv(io.StringIO(shown.out))) == 2
    lines = used("compare", "sd", "--definitions", "--results", used.results, "--format", "json")
    assert {row["kind"] for row in json.loads(lines.out)} == {"curve"}


def test_what_the_command_refuses(used: Shell) -> None:
    assert "takes two methods, not 1: sd" in used.fails(
        2, "compare", "sd", "--results", used.results
    )
    assert "no runs on i2p" in used.fails(
        2, "compare", "sd", "sd-neg", "--suite", "i2p", "--results", used.results
    )
    assert "no target and neighbour are scored" in used.fails(
        2, "compare", "sd", "sd-neg", "--contrast", "--results", used.results
    )
    assert "no run of sdd: there are sd, sd-neg" in used.fails(
        2, "compare", "sd", "sdd", "--results", used.results
    )
