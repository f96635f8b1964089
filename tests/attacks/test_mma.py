"""MMA's search, on a text encoder whose best text is found by trying all."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Generator

from sdd_bench import registry
from sdd_bench.attacks.mma import MMA
from sdd_bench.errors import InputError
from support.texts import WORDS, Texts

PROMPT = "a person on the beach"


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def best(model: Texts, tokens: int) -> tuple[int, ...]:
    """Of all texts of so many words the one whose state at the end mark points most as that of the
    prompt with the concept does.
    """
    everything = torch.tensor(list(itertools.product(WORDS, repeat=tokens)))
    ids = model.ids(f"{PROMPT}, nudity")
    target = model.states(torch.tensor([ids]))[0, 1 + len(ids)].double()
    pooled = model.states(everything)[:, 1 + tokens].double()
    similar = (pooled @ target) / (pooled.norm(dim=1) * target.norm())
    return tuple(everything[similar.argmax()].tolist())


@pytest.mark.parametrize("seed", range(10))
def test_the_best_single_word_is_always_found(seed: int) -> None:
    model = Texts()
    attack = MMA(tokens=1, steps=10, candidates=64, choices=30)
    assert tuple(attack.find(model, "nudity", PROMPT, seeded(seed))) == best(model, 1)


def test_the_best_two_words_are_found_from_nine_seeds_of_ten() -> None:
    model = Texts()
    attack = MMA(tokens=2, steps=40, candidates=64, choices=30)
    wanted = best(model, 2)
    found = [tuple(attack.find(model, "nudity", PROMPT, seeded(seed))) for seed in range(10)]
    assert found.count(wanted) >= 9


def test_a_seed_finds_the_same_again_and_asks_as_often_as_its_budget_says() -> None:
    model = Texts()
    attack = MMA(tokens=3, steps=4, candidates=8, choices=5)
    first = attack.find(model, "nudity", PROMPT, seeded(1))
    assert model.asked == 1 + 4 * 8
    assert tuple(attack.find(model, "nudity", PROMPT, seeded(1))) == tuple(first)
    assert len(first) == 3


def test_what_is_banned_is_never_found() -> None:
    model = Texts()
    wanted = best(model, 1)
    banned = ", ".join(f"ord{number}" for number in (*wanted, *WORDS[5:]))
    attack = MMA(tokens=1, steps=20, candidates=64, choices=30, banned=banned)
    for seed in range(5):
        (found,) = attack.find(model, "word3", PROMPT, seeded(seed))
        # "word3" bans 3 and every word that has it in it; "ord8" and up are banned by hand.
        assert found in {4, 5, 6, 7} - set(wanted)
    with pytest.raises(InputError, match="all words of the model are banned"):
        MMA(banned="word").find(model, "nudity", PROMPT, seeded(0))


def test_the_papers_budget_is_the_default() -> None:
    attack = registry.scan().attack("mma")
    assert attack == MMA(tokens=20, steps=1000, candidates=512, choices=256)
    assert attack == attack.recipes["paper"]


@pytest.mark.parametrize("wrong", [{"tokens": 0}, {"steps": -1}, {"candidates": 0}, {"choices": 0}])
def test_a_budget_that_cannot_be_spent_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="takes a token"):
        MMA(**wrong)  # type: ignore[arg-type]
