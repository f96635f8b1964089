"""Stored runs as a page, from Python."""

from __future__ import annotations

import pytest

import sdd_bench as sb
from support.shell import Shell


def test_no_runs_is_said(shell: Shell) -> None:
    with pytest.raises(sb.InputError, match="no runs in"):
        sb.report(results=shell.results)


def test_no_page_is_put_into_the_folder_of_a_run(used: Shell) -> None:
    folder = used.stored().folder
    with pytest.raises(sb.InputError, match="whose files are results: give --out another folder"):
        sb.report(out=folder / "run.json", results=used.results)
    with pytest.raises(sb.InputError, match="whose files are results: give --bundle another"):
        sb.report(bundle=folder / "images", results=used.results)
