"""Latents that trainers learn from: how noisy they are, and at which times."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sdd_bench import registry


def test_matched_latents_are_as_noisy_as_their_time() -> None:
    latents: Any = registry.scan().method("sdd").latents  # type: ignore[attr-defined]
    bins = torch.arange(50)
    stops = latents._stops(bins)
    # After k DDIM steps from 981 the latent is at 981 - 20 k (pure noise for k = 0).
    levels = 981 - 20 * stops
    earliest, latest = 20 * bins, 20 * bins + 19
    assert torch.equal(levels - earliest, torch.ones(50, dtype=torch.int64))
    assert int((latest - levels).max()) == 18
    assert float(stops.float().mean()) == 24.5


def test_released_latents_go_all_the_way_where_none_was_meant() -> None:
    released: Any = registry.scan().method("sdd").recipes["released"]  # type: ignore[attr-defined]
    paper: Any = registry.scan().method("sdd").recipes["paper"]  # type: ignore[attr-defined]
    bins = torch.arange(50)
    # methods.md, 6: (50 + sum of 1 .. 49) / 50 = 25.5 steps on average.
    assert float(released.latents._stops(bins).float().mean()) == 25.5
    different = released.latents._stops(bins) != paper.latents._stops(bins)
    assert different.nonzero().flatten().tolist() == [49]


@pytest.mark.parametrize(("place", "level"), [(25, 461), (49, 941), (2, 1), (10, 161)])
def test_original_latents_are_cleaner_than_their_time(place: int, level: int) -> None:
    method: Any = registry.scan().method("esd-x-1").recipes["original"]  # type: ignore[attr-defined]
    stops = method.latents._stops(torch.tensor([place, 0]))
    assert 961 - 20 * int(stops[0]) == level  # 20 k - 39, paired with t from 20 k
    assert int(stops[1]) == 49


def test_recipes_differ_where_the_papers_and_their_code_do() -> None:
    recipes: Any = registry.scan().method("sdd").recipes  # type: ignore[attr-defined]
    paper, released, fast = (recipes[name] for name in ("paper", "released", "fast"))
    assert (paper.reversed, released.reversed) == (False, True)
    assert (paper.latents.whole_way_at_zero, released.latents.whole_way_at_zero) == (False, True)
    assert (paper.optimisation.schedule, released.optimisation.schedule) == ("cosine", "constant")
    # What is left of the original weights in the average: 0.999^1500, 0.998^1000.
    left = [each.optimisation.ema**each.optimisation.iterations for each in (paper, fast)]
    assert left == pytest.approx([0.223, 0.135], abs=5e-4)
