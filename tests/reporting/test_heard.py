"""Warnings that a page repeats."""

from __future__ import annotations

import logging
from pathlib import Path

from sdd_bench.reporting import heard


def test_warnings_are_kept_without_the_folder_before_their_paths() -> None:
    log = logging.getLogger("sdd_bench.runs.run")
    with heard.warnings(Path("/home/somebody/results")) as said:
        log.warning("%s is damaged", Path("/home/somebody/results/runs/x"))
        log.info("not this")
    log.warning("nor this, which comes too late")
    assert said == ["runs/x is damaged"]
