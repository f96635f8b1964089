"""Memory that does not do for all pictures at a time, by an allocator that is told when to fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from sdd_bench import registry
from sdd_bench.diffusion import generator
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.denoising import Plan, walk
from sdd_bench.diffusion.room import Room, is_full
from sdd_bench.errors import MissingError
from sdd_bench.types import Prompt, Sample, Settings

SAMPLES = [
    Sample(suite="s", prompt=Prompt(id=str(n), text=f"red cat {n}"), k=0, seed=n) for n in range(20)
]
PLAN = Plan(method=registry.scan().method("sd"), concepts=())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """Has the memory room for so many pictures; returns how many were tried each time."""

    def has_room(images: int) -> list[int]:
        tried: list[int] = []

        def bounded(*given: object) -> list[torch.Tensor]:
            tried.append(len(given[2]))  # type: ignore[arg-type]
            if tried[-1] > images:
                raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return walk(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(generator, "walk", bounded)
        return tried

    return has_room


def made(bundle: Bundle) -> dict[str, bytes]:
    pictures = generator.pictures(bundle, [PLAN], SAMPLES, Settings(steps=2))
    return {picture.sample.stem: picture.pixels.tobytes() for picture in pictures}


def test_what_does_not_fit_is_made_in_halves_and_remembered(
    bundle: Bundle, small: Callable[[int], list[int]]
) -> None:
    own = replace(bundle, room=Room())
    assert own.rows == 16
    whole = made(own)
    tried = small(9)
    assert made(own) == whole
    assert len(whole) == 20
    # 20 do not fit, nor 10, and eight fill a tile of 16 rows: with and without text.
    assert tried == [20, 10, 8, 8, 4]
    tried.clear()
    assert made(own) == whole
    assert tried == [8, 8, 4]


def test_where_one_tile_does_not_fit_it_is_said_what_to_type(
    bundle: Bundle, small: Callable[[int], list[int]]
) -> None:
    tried = small(7)
    with pytest.raises(MissingError, match=r"does not do for 16 rows .*: give --dtype bfloat16"):
        made(replace(bundle, room=Room()))
    assert tried == [20, 10, 8]


@pytest.mark.parametrize(
    ("rows", "remedy"),
    [(16, "give --batch-size 4,"), (4, "give --batch-size 1,"), (2, "take a GPU with more,")],
)
def test_on_a_gpu_a_smaller_batch_has_smaller_tiles(rows: int, remedy: str) -> None:
    # A batch of 4 has calls of 8 rows, half of 16.
    with pytest.raises(MissingError, match=f"cuda:0 .* {rows} rows .*: {remedy}"):
        Room().shrink(rows // 2, rows, torch.device("cuda:0"))


def test_what_is_out_of_memory_is_told_from_other_faults() -> None:
    cpu = "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you"
    full = [torch.cuda.OutOfMemoryError("CUDA out of memory"), MemoryError(), RuntimeError(cpu)]
    assert all(map(is_full, full))
    assert not is_full(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_other_faults_are_not_tried_again(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[torch.Tensor]:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(generator, "walk", broken)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        made(replace(bundle, room=Room()))
