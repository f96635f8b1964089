"""The whole rebuild of the miniature, in small."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sdd_bench import models
from sdd_bench.diffusion import loading
from sdd_bench.miniature import train
from sdd_bench.miniature.job import PLANS, Job
from sdd_bench.weights import store
from support.miniature import check_manifest, quality_is_known

TRAIN = "sdd_bench.miniature.train"


@pytest.mark.slow
def test_the_miniature_can_be_rebuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    command = [sys.executable, "-W", "ignore", "-m", TRAIN, "--examples", "120", "--steps", "2"]
    done = subprocess.run(
        [*command, "--work", str(work), "--out", str(out)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Again: every stage is there, so that nothing is trained or rendered.
    stamps = {path: path.stat().st_mtime_ns for path in work.rglob("*")}
    plans = {name: replace(plan, steps=2) for name, plan in PLANS.items()}
    train.build(Job.of(work, 120, plans))
    assert {path: path.stat().st_mtime_ns for path in work.rglob("*")} == stamps
    stages = {path.stem.rpartition("-")[0] for path in work.glob("*.safetensors")}
    assert stages == set(PLANS)
    # What comes out is laid out like what is shipped, and the product runs on it.
    check_manifest(out)
    (out / "unet" / "left-over.safetensors").touch()
    with pytest.raises(AssertionError):
        check_manifest(out)
    (out / "unet" / "left-over.safetensors").unlink()
    assert {path.relative_to(out) for path in out.rglob("*")} == {
        path.relative_to(store.SHIPPED) for path in store.SHIPPED.rglob("*")
    }
    monkeypatch.setenv("SDD_BENCH_MINIATURE", str(out))
    bundle = loading.load(models.find("miniature"), device="cpu")
    assert bundle.latent_shape == (4, 16, 16)
    assert "| nudity classifier, accuracy % | 20 held-out renders |" in (
        (out / "README.md").read_text(encoding="utf-8")
    )
    assert not quality_is_known(out)
