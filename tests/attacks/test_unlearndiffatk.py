"""UnlearnDiffAtk's search, on a model whose best word is found by trying all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor

from sdd_bench import registry
from sdd_bench.attacks.unlearndiffatk import UnlearnDiffAtk, on_simplex
from support.texts import WORDS, Texts

PROMPT = "a person"


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


class Defended(Texts):
    """A method that denoises the better the nearer a text's state is to one of its own."""

    concept = "nudity"
    picture = torch.zeros(1, 1, 5)
    levels = (0, 2, 3, 4)

    def __init__(self, shown: Callable[[tuple[int, ...]], bool] = lambda _: False) -> None:
        super().__init__()
        self.aim = torch.randn(5, generator=seeded(3)) / 2
        self.judged: list[tuple[int, ...]] = []
        self.calls: list[int] = []
        self.scales: set[float | None] = set()
        self._shown = shown

    def noised(self, noise: Tensor, call: int) -> Tensor:
        self.calls.append(call)
        return noise

    def estimate(
        self, ids: tuple[int, ...], states: Tensor, latents: Tensor, call: int, scale: float | None
    ) -> Tensor:
        assert torch.equal(states.detach(), self.states(torch.tensor([ids])))
        self.scales.add(scale)
        return latents + states[:, len(ids)] - self.aim

    def shows(self, ids: tuple[int, ...]) -> bool:
        self.judged.append(tuple(ids))
        return self._shown(tuple(ids))

    def best(self, count: int) -> set[int]:
        """The words that leave the least error before the prompt."""
        own = self.ids(PROMPT)
        states = self.states(torch.tensor([(word, *own) for word in WORDS]))[:, 1 + len(own)]
        errors = (states - self.aim).square().sum(1)
        return {WORDS[place] for place in errors.argsort()[:count].tolist()}


@pytest.mark.parametrize("seed", range(10))
def test_one_of_the_two_best_words_of_thirty_is_found(seed: int) -> None:
    """Not always the best: the gradient at the drawn word is a line where the loss is a curve."""
    model = Defended()
    ids = UnlearnDiffAtk(tokens=1, levels=4).find_against(model, PROMPT, seeded(seed))
    assert tuple(ids[1:]) == model.ids(PROMPT)
    assert ids[0] in model.best(2)


def test_noise_levels_are_gone_through_from_the_least_noise_on() -> None:
    model = Defended()
    UnlearnDiffAtk(tokens=1, levels=2, updates=3).find_against(model, PROMPT, seeded(0))
    assert model.calls == [4, 4, 4, 0, 0, 0]
    # The prompt itself, and what was found at each level.
    assert len(model.judged) == 3
    assert model.judged[0] == model.ids(PROMPT)
    more = Defended()
    UnlearnDiffAtk(tokens=1, levels=50, updates=1).find_against(more, PROMPT, seeded(0))
    assert more.calls == [4, 3, 2, 0]


def test_the_first_that_succeeds_ends_the_search() -> None:
    model = Defended(shown=lambda ids: len(ids) == 3)
    ids = UnlearnDiffAtk(tokens=1, levels=4, updates=2).find_against(model, PROMPT, seeded(0))
    assert model.judged == [model.ids(PROMPT), tuple(ids)]


def test_a_prompt_that_succeeds_and_a_budget_of_none_leave_it_as_it_is() -> None:
    model = Defended(shown=lambda _: True)
    assert tuple(UnlearnDiffAtk().find_against(model, PROMPT, seeded(0))) == model.ids(PROMPT)
    assert not model.calls
    for budget in (UnlearnDiffAtk(levels=0), UnlearnDiffAtk(updates=0)):
        model = Defended()
        assert tuple(budget.find_against(model, PROMPT, seeded(0))) == model.ids(PROMPT)
        assert not model.judged


def test_too_long_a_prompt_gives_way_to_the_words_before_it() -> None:
    model = Defended()
    ids = UnlearnDiffAtk(tokens=3, levels=1, updates=1).find_against(model, "a b c d e", seeded(0))
    assert len(ids) == model.length
    assert tuple(ids[3:]) == model.ids("a")


def test_a_seed_finds_the_same_again() -> None:
    attack = UnlearnDiffAtk(tokens=2, levels=2, updates=5)
    first, second = (attack.find_against(Defended(), PROMPT, seeded(4)) for _ in range(2))
    assert first == second


def test_distributions_are_the_nearest_ones() -> None:
    rows = torch.tensor([[0.5, 0.5, 0.5], [2.0, 0.0, -1.0], [0.9, 0.5, 0.0], [0.2, 0.3, 0.5]])
    # By hand: a common number is taken from all that stay above 0; .2 from the first two of .9, .5.
    by_hand = [[1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0], [0.7, 0.3, 0.0], [0.2, 0.3, 0.5]]
    torch.testing.assert_close(on_simplex(rows), torch.tensor(by_hand))


def test_the_papers_budget_is_the_default_and_the_released_loss_knows_no_guidance() -> None:
    attack = registry.scan().attack("unlearndiffatk")
    assert attack == UnlearnDiffAtk(
        tokens=5, levels=50, updates=40, rate=0.01, decay=0.1, scale=1.0
    )
    assert attack == attack.recipes["paper"]
    assert attack.recipes["released"] == UnlearnDiffAtk(scale=None)
    for scale in (None, 1.0):
        model = Defended()
        UnlearnDiffAtk(tokens=2, levels=1, updates=1, scale=scale).find_against(
            model, PROMPT, seeded(0)
        )
        assert model.scales == {scale}


@pytest.mark.parametrize("wrong", [{"tokens": 0}, {"levels": -1}, {"updates": -1}, {"rate": 0}])
def test_a_budget_that_cannot_be_spent_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"takes a token|rate is above"):
        UnlearnDiffAtk(**wrong)  # type: ignore[arg-type]
