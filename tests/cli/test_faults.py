"""A sentence and an exit code for whatever goes wrong."""

from __future__ import annotations

import errno

import pytest

from sdd_bench.cli.main import cli
from sdd_bench.errors import InputError
from support.shell import Shell


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (MemoryError(), 4, "not enough memory: give a smaller --batch-size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you"), 4, "not enough memory"),
        (
            OSError(errno.ENOSPC, "No space left on device", "a.png"),
            4,
            "cannot use a.png: No space",
        ),
        (RecursionError("maximum"), 4, "something is nested too deeply to be followed"),
        (
            ModuleNotFoundError("No module", name="peft.x"),
            3,
            "the Python package 'peft' is missing",
        ),
        (KeyError("\x1b[2J"), 4, "a fault that nobody foresaw"),
        (GeneratorExit("a plugin's"), 4, "a fault that nobody foresaw"),
        (InputError("x" * 100_000), 2, "x ... x"),
    ],
)
def test_a_fault_is_one_sentence(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, fault: BaseException, code: int, message: str
) -> None:
    def fails(**_: object) -> None:
        raise fault

    monkeypatch.setattr(cli.commands["doctor"], "callback", fails)
    line = shell.fails(code, "doctor")
    assert message in line
    assert "\x1b" not in line
    assert len(line) < 5000


def test_a_fault_is_named_with_its_kind_for_a_report(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: object) -> None:
        raise KeyError("gone")

    monkeypatch.setattr(cli.commands["doctor"], "callback", fails)
    line = shell.fails(4, "doctor")
    assert "(KeyError: 'gone'; SDD_BENCH_DEBUG=1 shows the traceback)" in line
    monkeypatch.setenv("SDD_BENCH_DEBUG", "1")
    done = shell("doctor")
    assert done.code == 4
    assert "Traceback" in done.err
