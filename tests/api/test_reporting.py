"""Stored runs as a page, from Python."""

from __future__ import annotations

import pytest

import sdd_bench as sb
from support.shell import Shell


def test_no_runs_is_said(shell: Shell) -> None:
    with pytest.raises(sb.InputError, match="no runs in"):
        sb.report(results=shell.results)
