"""What `sdd-bench doctor --device` compares with: pictures and losses of the CPU, from the weights.

``python -m sdd_bench.miniature.trial --weights FOLDER`` writes them into the miniature in a folder,
and their hash into the manifest.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from sdd_bench import files, models
from sdd_bench.benchmark import trial

from .export import manifest


def write(weights: Path) -> Path:
    """The file of values in a folder of the miniature's weights, and its line in their manifest."""
    os.environ["SDD_BENCH_MINIATURE"] = str(weights.resolve())
    out = weights / trial.FILE
    outcome, _ = trial.attempt("cpu", "float32")
    files.write(out, trial.packed(outcome, models.hash_of(weights)))
    manifest(weights)
    return out


def main(arguments: list[str] | None = None) -> None:
    """Make the values anew."""
    parser = argparse.ArgumentParser(
        prog="python -m sdd_bench.miniature.trial", description=__doc__
    )
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weights")
    write(parser.parse_args(arguments).weights)


if __name__ == "__main__":
    main()
