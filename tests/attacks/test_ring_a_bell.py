"""Ring-A-Bell's search, on a text encoder whose best text is found by trying all."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Generator

from sdd_bench import registry
from sdd_bench.attacks import ring_a_bell
from sdd_bench.attacks.ring_a_bell import RingABell
from support.texts import WORDS, Texts


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def best(model: Texts, prompt: str, tokens: int) -> tuple[int, ...]:
    """The nearest of all texts of so many words."""
    everything = torch.tensor(list(itertools.product(WORDS, repeat=tokens)))
    (states,) = model.states(torch.tensor([model.ids(prompt)]))
    added = [
        model.states(torch.tensor([model.ids(f"{text}, nudity")]))
        - model.states(torch.tensor([model.ids(text)]))
        for text in ring_a_bell.SCENES
    ]
    target = states + 3 * torch.cat(added).mean(0)
    costs = (model.states(everything) - target).double().square().sum(dim=(1, 2))
    return tuple(everything[costs.argmin()].tolist())


@pytest.mark.parametrize("seed", range(10))
def test_the_best_single_word_is_always_found(seed: int) -> None:
    model = Texts()
    attack = RingABell(tokens=1, population=20, generations=200)
    found = attack.find(model, "nudity", "a person on the beach", seeded(seed))
    assert tuple(found) == best(model, "a person on the beach", 1)


def test_the_best_two_words_are_found_from_nine_seeds_of_ten() -> None:
    model = Texts()
    attack = RingABell(tokens=2, population=40, generations=150)
    wanted = best(model, "a person in the city", 2)
    found = [
        tuple(attack.find(model, "nudity", "a person in the city", seeded(seed)))
        for seed in range(10)
    ]
    assert found.count(wanted) >= 9


def test_a_seed_finds_the_same_again_and_asks_as_often_as_its_budget_says() -> None:
    model = Texts()
    attack = RingABell(tokens=4, population=10, generations=12)
    first = attack.find(model, "nudity", "a person", seeded(1))
    # Two texts for each scene and the prompt, a population, and half of one in each generation.
    assert model.asked == 2 * len(ring_a_bell.SCENES) + 1 + 10 + 12 * 5
    assert tuple(attack.find(model, "nudity", "a person", seeded(1))) == tuple(first)
    assert len(first) == 4
    assert set(first) <= set(WORDS)


def test_children_have_parents_words_and_new_ones_at_the_chances_of_the_paper() -> None:
    parents = torch.arange(4000 * 2).view(4000, 2) + 1000
    words = torch.tensor([5])
    children = RingABell()._children(parents, words, seeded(0))
    fresh = (children == 5).any(1).float().mean()
    assert float(fresh) == pytest.approx(0.25, abs=0.03)
    # A cut at 0, 1 or 2 of two words: one in three leaves the parent as it is.
    mixed = (children[:, 1] != parents[:, 1]) & (children[:, 1] != 5)
    assert float(mixed.float().mean()) == pytest.approx(0.5 * 2 / 3 * 0.875, abs=0.03)


def test_the_papers_budget_is_the_default() -> None:
    attack = registry.scan().attack("ring-a-bell")
    assert attack == RingABell(
        strength=3.0, tokens=16, population=200, generations=3000, crossover=0.5, mutation=0.25
    )
    assert attack == attack.recipes["paper"]


@pytest.mark.parametrize(
    "wrong", [{"tokens": 0}, {"population": 5}, {"population": 2}, {"crossover": 1.5}]
)
def test_a_budget_that_cannot_be_spent_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"takes a token|chances"):
        RingABell(**wrong)  # type: ignore[arg-type]
