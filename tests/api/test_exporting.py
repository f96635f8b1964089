"""Stored results for other programs, from Python."""

from __future__ import annotations

import pytest

import sdd_bench as sb
from support.shell import Shell


def test_no_runs_is_said(shell: Shell) -> None:
    for call in (lambda: sb.dataset(results=shell.results), lambda: _card(shell)):
        with pytest.raises(sb.InputError, match="no runs in"):
            call()


def _card(shell: Shell) -> object:
    return sb.export("model-card", results=shell.results, out=shell.folder / "card.md")


def test_a_form_that_is_none_gets_a_suggestion(shell: Shell) -> None:
    with pytest.raises(sb.InputError, match=r"no form named 'lm_eval'\. Did you mean 'lm-eval'"):
        sb.export("lm_eval", results=shell.results)


def test_the_data_set_has_the_columns_of_load(used: Shell) -> None:
    made = sb.dataset("sd", results=used.results)
    assert made.column_names == list(sb.load(used.results).columns)
    assert set(made["method"]) == {"sd"}
