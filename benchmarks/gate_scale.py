"""Seconds and memory of `sdd-bench gate` on half a million rows of made-up scores.

    python -m benchmarks.gate_scale [--rows 500000] [--runs 20]

The runs are those of benchmarks/scale.py. The baseline is made of them by --update, which is timed
too; the gate that is then timed compares all of them, paired, prompt by prompt.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.scale import make


def timed(name: str, *arguments: str) -> None:
    """Run `sdd-bench gate` and print what it took."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "sdd_bench", "gate", *arguments]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    computing = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # The memory is the most that any of the children so far has had.
    print(
        f"{name}: {wall:.1f} s, of which {computing:.1f} s of computing, "
        f"{after.ru_maxrss / 1e6:.2f} GB"
    )


def main() -> None:
    """Make the runs and time both commands."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root, file = Path(folder), Path(folder) / "baseline.json"
        for index in range(options.runs):
            make(root, f"method-{index:02}", options.rows // options.runs)
        given = ("--baseline", str(file), "--results", str(root))
        timed("update", *given, "--update")
        timed("gate", *given)
        print(f"baseline: {file.stat().st_size / 2**20:.1f} MB, {options.rows} rows")


if __name__ == "__main__":
    main()
