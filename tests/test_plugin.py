"""A third party's distribution, installed as its users would, and its file named by path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sdd_bench.cli import main
from sdd_bench.files import sha256
from sdd_bench.runs import lookup, run

PLUGIN = Path(__file__).resolve().parent / "plugin"
MODULE = PLUGIN / "sdd_bench_example.py"

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the distribution is installed into, offline."""
    root = tmp_path_factory.mktemp("plugin")
    # A copy, since building leaves its traces beside the sources.
    shutil.copytree(PLUGIN, root / "source", ignore=shutil.ignore_patterns("__pycache__"))
    options = "--quiet --no-index --no-deps --no-build-isolation --disable-pip-version-check"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options.split(),
         "--target", str(root / "site"), str(root / "source")],
        check=True,
    )  # fmt: skip
    return root / "site"


@pytest.fixture(scope="module")
def sdd_bench(site: Path) -> Command:
    """The command line, with the distribution on the path."""

    def call(*arguments: str, path: Path | None = site) -> subprocess.CompletedProcess[str]:
        env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        env |= {"PYTHONPATH": str(path)} if path else {}
        done = subprocess.run(
            [sys.executable, "-m", "sdd_bench", *arguments],
            env=env,
            cwd=site.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done

    return call


def test_an_installed_method_is_listed_with_what_it_removes(sdd_bench: Command) -> None:
    done = sdd_bench("list", "methods")
    *lines, combined = done.stdout.splitlines()
    rows = dict(line.split(maxsplit=1) for line in lines)
    assert rows["compose-not"] == (
        "Prompt AND NOT concept (Composable Diffusion, Liu et al., 2022, arXiv:2206.01714). "
        "[nudity]"
    )
    assert list(rows) == sorted(rows)
    assert combined.startswith("METHOD+METHOD ")
    assert done.stderr == ""


def test_an_installed_metric_is_listed_by_its_definition(sdd_bench: Command) -> None:
    done = sdd_bench("list", "metrics")
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert rows["brightness/mean"] == "↑ mean of all pixels and channels, 0 (black) to 1 (white)"
    assert done.stderr == ""


def test_neither_is_there_when_it_is_not_installed(sdd_bench: Command) -> None:
    listed = [sdd_bench("list", what, path=None).stdout for what in ("methods", "metrics")]
    assert "compose-not" not in listed[0]
    assert "brightness" not in listed[1]


@pytest.fixture(scope="module")
def runs(sdd_bench: Command, tmp_path_factory: pytest.TempPathFactory) -> list[run.Run]:
    """One image by the method under its name, and one by the same file under its path."""
    folder = tmp_path_factory.mktemp("results")
    done = sdd_bench(
        "run", "--results", str(folder), "--suite", "country_body", "--device", "cpu",
        "--method", "compose-not", "--method", f"{MODULE}:ComposeNot", "--metric", "brightness",
        "--limit", "1", "--images-per-prompt", "1", "--steps", "2",
    )  # fmt: skip
    for shown in ("compose-not", "sdd_bench_example:ComposeNot", "brightness/mean"):
        assert shown in done.stdout
    return sorted(lookup.find(folder), key=lambda each: each.spec.method)


def brightness(run: run.Run) -> float:
    """Of its one stored image."""
    (sample,) = run.samples()
    return float(run.load_image(sample)[0].mean(dtype=np.float64) / 255)


def test_a_run_uses_the_method_and_the_metric(runs: list[run.Run]) -> None:
    for each in runs:
        assert each.spec.concepts == ("nudity",)
        assert each.spec.parameters["weight"] == 0.5
        assert each.scores()["brightness/mean"].tolist() == [brightness(each)]


def test_a_file_by_its_path_is_the_same_method_under_another_name(runs: list[run.Run]) -> None:
    installed, by_path = runs
    assert installed.spec.method == "compose-not"
    assert by_path.spec.method == "sdd_bench_example:ComposeNot"
    assert installed.spec.digest != by_path.spec.digest
    assert by_path.spec.parameters["source_sha256"] == sha256(MODULE)
    assert installed.scores()["image_hash"].tolist() == by_path.scores()["image_hash"].tolist()


def test_an_installed_method_changes_what_the_unet_reads(
    sdd_bench: Command, tmp_path: Path
) -> None:
    sdd_bench(
        "run", "--results", str(tmp_path), "--suite", "country_body", "--device", "cpu",
        "--method", "lull", "--method", "sd", "--metric", "nude/miniature@0.7",
        "--limit", "1", "--images-per-prompt", "1", "--steps", "2",
    )  # fmt: skip
    lulled, plain = (
        each.load_image(each.samples()[0])[0]
        for each in sorted(lookup.find(tmp_path), key=lambda each: each.spec.method)
    )
    assert not np.array_equal(lulled, plain)


def test_an_installed_edit_is_made_and_run(sdd_bench: Command, tmp_path: Path) -> None:
    done = sdd_bench(
        "run", "--results", str(tmp_path), "--suite", "country_body", "--device", "cpu",
        "--method", "project", "--method", "sd", "--metric", "brightness", "--limit", "1",
        "--images-per-prompt", "1", "--steps", "2",
    )  # fmt: skip
    assert "project (nudity)" in done.stdout
    plain, edited = sorted(lookup.find(tmp_path), key=lambda each: each.spec.checkpoint or "")
    assert edited.spec.method == "project"
    assert edited.spec.checkpoint is not None
    assert edited.scores()["image_hash"].tolist() != plain.scores()["image_hash"].tolist()


def test_an_installed_attack_finds_prompts(sdd_bench: Command, tmp_path: Path) -> None:
    listed = sdd_bench("list", "attacks").stdout
    assert "suffix " in listed
    assert "The prompt with random words after it." in listed
    done = sdd_bench(
        "attack", "suffix", "--suite", "country_body", "--device", "cpu", "--limit", "2",
        "--results", str(tmp_path),
    )  # fmt: skip
    lines = Path(done.stdout.strip()).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert all(len(line.split(",")[1].split()) >= 6 for line in lines[1:])


def test_a_metric_of_a_file_scores_stored_images(
    runs: list[run.Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(MODULE.read_text(encoding="utf-8").replace("brightness/mean", "grey/mean"))
    run = runs[0]
    assert main.main(["score", str(run.folder), "--metric", f"{file}:Brightness"]) == 0
    assert "grey/mean" in capsys.readouterr().out
    assert run.scores()["grey/mean"].tolist() == [brightness(run)]


def test_the_distribution_is_not_collected_as_tests() -> None:
    names = [path.name for path in PLUGIN.rglob("*.py") if "__pycache__" not in path.parts]
    assert [name for name in names if name.startswith("test_") or name.endswith("_test.py")] == []
