"""Commands in processes of their own, with what is to go wrong in them.

They are forked from a server that has imported what they need: a kill hits the command, not the
imports, and two hundred of them take minutes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

STUCK = 240.0
"""Seconds after which a command that takes three is taken for one that never ends."""

_PRELOADED = [
    "diffusers",
    "onnxruntime",
    "pandas",
    "pyarrow.parquet",
    "sdd_bench.api",
    "sdd_bench.benchmark.runner",
    "sdd_bench.cli.main",
    "sdd_bench.diffusion.loading",
    "sdd_bench.training.loop",
    "torch",
    "transformers",
]

Trouble = Callable[[], None]
"""What is done to a process before its command starts: it patches, limits or forbids something."""


@dataclass
class Child:
    """A command that runs."""

    process: ForkServerProcess
    folder: Path
    name: str
    sent: list[int] = field(default_factory=list)

    def send(self, number: int) -> None:
        """A signal, if there is still somebody to hear it."""
        if self.process.is_alive() and self.process.pid is not None:
            self.sent.append(number)
            os.kill(self.process.pid, number)

    def wait(self, seconds: float = STUCK) -> Ending:
        """How the command ends. One that doesn't is killed, and `stuck` says so."""
        self.process.join(seconds)
        stuck = self.process.is_alive()
        if stuck:
            self.process.kill()
            self.process.join()
        code = self.process.exitcode
        assert code is not None, "it has been joined"
        out, err = self._said("out"), self._said("err")
        return Ending(code=code, out=out, err=err, stuck=stuck, sent=tuple(self.sent))

    def _said(self, stream: str) -> str:
        path = self.folder / f"{self.name}.{stream}"
        return path.read_text(errors="replace") if path.exists() else ""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a command ended."""

    code: int
    """Its exit code, or minus the signal that it died of."""
    out: str
    err: str
    stuck: bool
    sent: tuple[int, ...] = ()

    def rude(self) -> str:
        """What it did that no command may do, whatever happens to it; empty if nothing."""
        if self.stuck:
            return f"stuck: {self.err[-300:]}"
        if "Traceback (most recent call last)" in self.err:
            return f"a traceback: {self.err[-600:]}"
        if self.code == 1:
            return f"exit code 1, a gate's: {self.err[-300:]}"
        if self.code < 0 and -self.code not in self.sent:
            return f"died of signal {-self.code}: {self.err[-300:]}"
        if self.code in {2, 3, 4} and "error: " not in self.err:
            return f"exit code {self.code} without a word: {self.err[-300:]}"
        return ""


def start(
    folder: Path, arguments: Sequence[str], name: str = "command", trouble: Trouble | None = None
) -> Child:
    """A command in a folder; what it says lands beside it, as `<name>.out` and `<name>.err`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    # One thread each: several children share the machine.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    process = context.Process(target=_run, args=(folder, list(arguments), name, trouble))
    process.start()
    return Child(process, folder, name)


def finish(folder: Path, arguments: Sequence[str], trouble: Trouble | None = None) -> Ending:
    """A command from start to end."""
    return start(folder, arguments, trouble=trouble).wait()


def _run(folder: Path, arguments: list[str], name: str, trouble: Trouble | None) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ignored in (signal.SIGHUP, signal.SIGTERM):  # by `nohup make drill`, for one
        signal.signal(ignored, signal.SIG_DFL)
    os.chdir(folder)
    for stream, number in (("out", 1), ("err", 2)):
        opened = os.open(f"{name}.{stream}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, number)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)

    import torch

    from sdd_bench.cli.main import main

    torch.set_num_threads(1)
    if trouble is not None:
        trouble()
    sys.exit(main(arguments))
