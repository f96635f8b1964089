"""How many processes share a request where nobody says."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench import models
from sdd_bench.benchmark import crew, machine
from sdd_bench.benchmark.request import Options
from sdd_bench.diffusion import profile
from sdd_bench.types import ModelSpec

MINIATURE = models.find("miniature")


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(machine, "cores", lambda: 8)
    monkeypatch.setattr(machine, "memory", lambda: 10**12)


def size(images: int, model: ModelSpec = MINIATURE, device: str = "cpu", **options: object) -> int:
    return crew.size(Options(device=device, **options), model, images)  # type: ignore[arg-type]


def test_each_has_as_many_pictures_as_make_its_start_worth_it() -> None:
    # 64 pictures of 25 steps, and as much work of any other number of steps.
    assert [size(images) for images in (4, 127, 128, 200, 100_000)] == [1, 1, 2, 3, 8]
    assert size(128, steps=12) == 1
    assert size(64, steps=50) == 2


def test_what_is_asked_for_counts() -> None:
    assert size(100_000, workers=1) == 1
    assert size(4, workers=3) == 3


def test_who_has_said_how_many_threads_gets_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert size(100_000) == 1


def test_a_part_of_the_images_is_made_by_one() -> None:
    assert size(100_000, shard="1/2") == 1


def test_there_are_no_more_than_memory_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory", lambda: 5 * 10**9)
    assert size(100_000) == 3  # of 1.5 GB
    monkeypatch.setattr(machine, "memory", lambda: 10**9)
    assert size(100_000) == 1


def test_a_big_model_keeps_all_threads_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "SMALL", 1_000_000)
    assert size(100_000) == 1


def test_a_model_that_is_none_is_loadings_to_name(tmp_path: Path) -> None:
    for part in models.PARTS:
        (tmp_path / part).mkdir()
    assert size(100_000, models.find(str(tmp_path))) == 1


def test_a_gpu_is_no_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert size(100_000, device="auto") == 1
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert size(100_000, device="auto") == 8
