"""Commands at work at the same time, each in a process of its own that notes what it makes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROGRAM = """
import os, sys, time
from pathlib import Path
folder, waits, crowd, *arguments = sys.argv[1:]
from sdd_bench.cli.main import main
from sdd_bench.runs.run import Run
from sdd_bench.training import loop

def noting(kind, function, name):
    def noted(*given, **more):
        with open(f"{folder}/made", "a") as file:
            file.write(f"{kind} {name(*given)} {os.getpid()}\\n")
        time.sleep(float(waits))
        return function(*given, **more)
    return noted

def meeting(function):
    def met(*given, **more):
        Path(folder, f"here-{os.getpid()}").touch()
        deadline = time.monotonic() + 100
        while len(list(Path(folder).glob("here-*"))) < int(crowd) and time.monotonic() < deadline:
            time.sleep(0.01)
        return function(*given, **more)
    return met

Run.create = meeting(Run.create)
Run.save_image = noting("image", Run.save_image, lambda run, sample, *_: sample.stem)
loop._Loop.iterate = noting("iteration", loop._Loop.iterate, lambda loop, *_: loop.done)
sys.exit(main(arguments))
"""


class Together:
    """Commands in one folder. Each waits `waits` seconds at whatever it makes, and with its model
    loaded until `crowd` of them have theirs.
    """

    def __init__(self, folder: Path, waits: float = 0.0, crowd: int = 1) -> None:
        self.folder, self.waits, self.crowd = folder, waits, crowd
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Begin a command."""
        command = [sys.executable, "-c", PROGRAM, self.folder, self.waits, self.crowd, *arguments]
        process = subprocess.Popen(
            [str(each) for each in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, cwd=self.folder,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def end(self) -> list[str]:
        """What the commands said on stderr; all have to end well."""
        said = [process.communicate(timeout=240)[1] for process in self.processes]
        codes = [process.returncode for process in self.processes]
        assert codes == [0] * len(codes), said
        return said

    def made(self, kind: str) -> list[tuple[str, int]]:
        """What was made so far, each with the process that made it."""
        path = self.folder / "made"
        lines = path.read_text().splitlines() if path.exists() else []
        found = [line.split() for line in lines]
        return [(name, int(pid)) for each, name, pid in found if each == kind]

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that the commands do."""
        deadline = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < deadline
            assert all(process.poll() in {None, 0, -9} for process in self.processes)
            time.sleep(0.01)
