"""`work`, as `run --workers` calls it: an order on stdin, words on stdout."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner

from sdd_bench.benchmark.request import Request
from sdd_bench.benchmark.workers import Order
from sdd_bench.cli.main import cli


def test_it_is_not_for_people() -> None:
    assert "work " not in CliRunner().invoke(cli, ["--help"]).output.partition("Commands")[2]


@pytest.mark.slow
def test_it_does_what_it_is_told_and_says_how_far_it_is(tmp_path: Path) -> None:
    (tmp_path / "cups.csv").write_text("id,prompt\na,a red cup\nb,a blue cup\n")
    request = Request(
        methods=("sd",), suites=("cups.csv",), images_per_prompt=1, steps=2, device="cpu",
        results=Path("results"), metrics=("nude/miniature@0.7",),
    )  # fmt: skip
    order = json.dumps(asdict(Order(request=request, place=0, folder=tmp_path)), default=str)
    process = subprocess.Popen(
        [sys.executable, "-m", "sdd_bench", "work"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{order}\n")
    process.stdin.flush()
    words = [json.loads(line) for line in process.stdout]
    assert process.wait(120) == 0
    process.communicate()
    counts = [word["count"] for word in words if word["count"] and word["count"]["unit"]]
    made = [each for each in counts if each["what"] == "sd on cups"]
    assert made[-1] == {"what": "sd on cups", "unit": "images", "total": 2, "done": 2, "over": True}
    assert len(list(tmp_path.rglob("*.png"))) == 2


@pytest.mark.slow
def test_it_ends_when_stdin_is_closed(tmp_path: Path) -> None:
    request = Request(methods=("sd",), suites=("country_body",), results=tmp_path / "results")
    order = json.dumps(asdict(Order(request=request, place=0, folder=tmp_path)), default=str)
    done = subprocess.run(
        [sys.executable, "-m", "sdd_bench", "work"],
        input=f"{order}\n", capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode in {0, 143}
    assert "Traceback" not in done.stderr
