"""The command `train`: what it refuses."""

from __future__ import annotations

import pytest

from support.shell import Shell


def test_a_method_that_is_not_trained_cannot_be(shell: Shell) -> None:
    said = shell.fails(2, "train", "--method", "sld-max", "--results", shell.results)
    assert "'sld-max' is not trained" in said


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--recipe", "papr", "no recipe named 'papr'. Did you mean 'paper'?"),
        ("--trainable", "xatn", "no set of trainable tensors named 'xatn'. Did you mean 'xattn'?"),
        ("--log", "tensorbord", "no tracker named 'tensorbord'. Did you mean 'tensorboard'?"),
    ],
)
def test_slips_get_a_suggestion(shell: Shell, option: str, value: str, expected: str) -> None:
    said = shell.fails(
        2, "train", "--method", "sdd", option, value, "--device", "cpu", "--results", shell.results
    )
    assert expected in said


def test_a_checkpoint_that_is_absent_is_named(shell: Shell) -> None:
    assert "there is no checkpoint" in shell.run_fails(2, "--checkpoint", "no.pt", method="sdd")
