"""The catalogue of weights: names, hashes and sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sdd_bench import models
from sdd_bench.errors import InputError
from sdd_bench.weights import catalog


def test_the_catalogue_names_every_real_weight() -> None:
    assert set(catalog.weights()) == {
        "nudenet-v2", "nudenet-320n", "q16-vit-l14", "clip-vit-l14", "clip-vit-b32",
        "clip-vit-h14", "inception", "lpips-alex", "lpips-vgg", "sd-v1-4",
    }  # fmt: skip


def test_published_hashes_are_in_it() -> None:
    # spec/metrics.md; torchvision's file names begin with their own hash.
    assert {
        name: (weight.files[0].size, weight.files[0].sha256)
        for name, weight in catalog.weights().items()
        if name in {"nudenet-v2", "nudenet-320n", "q16-vit-l14"}
    } == {
        "nudenet-v2": (
            83_591_037, "3e11feabf772456036fb99a51f35980ee745f0e645583d2cfab1a30e4d88a90e",
        ),
        "nudenet-320n": (
            12_150_158, "c15d8273adad2d0a92f014cc69ab2d6c311a06777a55545f2c4eb46f51911f0f",
        ),
        "q16-vit-l14": (
            3_231, "9b6c411824c2f64e0f847aa3c9f2b15b8e3a6c75e0efd82f2f672670c97ccad5",
        ),
    }  # fmt: skip
    for name in ("lpips-alex", "lpips-vgg"):
        (file,) = catalog.named(name).files
        assert file.sha256
        assert Path(file.path).stem.endswith(f"-{file.sha256[:8]}")


def test_only_the_hub_is_trusted_at_first() -> None:
    # The hub pins a commit; an address on the web may show anything tomorrow.
    for name, weight in catalog.weights().items():
        if isinstance(weight.source, catalog.Hub):
            assert re.fullmatch("[0-9a-f]{40}", weight.source.revision), name
        else:
            assert all(file.sha256 for file in weight.files), name
        for file in weight.files:
            assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256), name
        assert weight.single == (len(weight.files) == 1), name


def test_the_model_and_its_weights_are_of_one_commit() -> None:
    spec, source = models.SPECS["sd-v1-4"], catalog.named("sd-v1-4").source
    assert source == catalog.Hub(repo=spec.source, revision=spec.revision or "")


def test_a_fault_in_the_catalogue_names_its_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.toml").write_text(
        '[toy]\nserves = "tests"\nlicense = "MIT"\nurl = "x"\nfiles = [{ path = 3 }]\n'
    )
    monkeypatch.setattr(catalog, "CATALOG", tmp_path / "own.toml")
    catalog.weights.cache_clear()
    with pytest.raises(InputError) as caught:
        catalog.weights()
    catalog.weights.cache_clear()
    where, _, faults = str(caught.value).partition(" cannot be used: ")
    assert where == str(tmp_path / "own.toml")
    assert faults.split("; ") == [
        "toy.licence is missing",
        "toy.files.0.path should be a valid string, not 3",
        "toy.license is unknown",
    ]
