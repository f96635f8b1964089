"""Threads: how many there are changes no bit of a small network's result."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from sdd_bench import registry
from sdd_bench.diffusion import generator, threads
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.types import Prompt, Sample, Settings


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
    threads._pool.cache_clear()


def test_the_number_of_threads_changes_no_bit_of_a_picture(bundle: Bundle) -> None:
    method = registry.scan().method("sld-max")
    plan = Plan(method=method, concepts=method.concepts)
    wanted = [
        Sample(suite="s", prompt=Prompt(id=str(n), text=f"red cat {n}"), k=0, seed=n)
        for n in range(7)
    ]

    def made(count: int) -> list[bytes]:
        torch.set_num_threads(count)
        bundle.text.forget(states=True)
        found = [*generator.generate(bundle, [plan], wanted, Settings(steps=4))]
        assert torch.get_num_threads() == count
        return [picture.pixels.tobytes() for picture in found]

    alone = made(1)
    assert len(set(alone)) == 7
    assert made(2) == alone
    assert made(3) == alone


def test_tiles_are_computed_side_by_side_each_in_one_thread() -> None:
    torch.set_num_threads(2)
    both = threading.Barrier(2, timeout=30)

    def function(tile: torch.Tensor) -> torch.Tensor:
        both.wait()  # which nobody passes alone
        assert torch.get_num_threads() == 1
        assert torch.is_inference_mode_enabled()
        return tile + 1

    tiles = [[torch.tensor(n)] for n in range(4)]
    assert [int(each) for each in threads.side_by_side(function, tiles, 1)] == [1, 2, 3, 4]
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(("there", "asked"), [(1, 1), (2, None)])
def test_otherwise_they_are_computed_one_after_the_other(there: int, asked: int | None) -> None:
    torch.set_num_threads(there)
    main = threading.current_thread()

    def function(tile: torch.Tensor) -> torch.Tensor:
        assert threading.current_thread() is main
        assert torch.get_num_threads() == there
        return tile

    tiles = [[torch.tensor(n)] for n in range(3)]
    assert [int(each) for each in threads.side_by_side(function, tiles, asked)] == [0, 1, 2]


def test_a_fault_in_a_tile_is_told() -> None:
    torch.set_num_threads(2)

    def function(tile: torch.Tensor) -> torch.Tensor:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        threads.side_by_side(function, [[torch.tensor(0)], [torch.tensor(1)]], 1)
    assert torch.get_num_threads() == 2
