"""UnlearnDiffAtk: words before a prompt by which a defended model denoises what it won't draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sdd_bench.types import AttackOnMethod, Defended

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlearnDiffAtk:
    """UnlearnDiffAtk (Zhang et al., 2024): the model that forgot, as the judge of what it knows.

    Words c' before the prompt for the least |n - e(z_t, c', t)|^2 (equation 4), where z_t is the
    picture that the undefended model draws, with noise n, and e the method as it runs. Each word is
    a distribution over the vocabulary, of which one is drawn (section 4); the gradient at what was
    drawn is taken for that of the distribution.
    """

    tokens: int = 5
    """How many words come before the prompt."""
    levels: int = 50
    """Noise levels that are gone through, the least noise first; after each, a picture is drawn and
    judged, and the first that shows the concept ends the search."""
    updates: int = 40
    """Steps of Adam at each of them."""
    rate: float = 0.01
    decay: float = 0.1
    """Weight decay."""
    scale: float | None = 1.0
    """The guidance scale at which the method guides in the loss: 1 for its estimate of the prompt
    with what the method does to it. None, as in the released code: the U-Net's estimate of the
    prompt alone, which no guidance changes."""

    def __post_init__(self) -> None:
        if self.tokens < 1 or self.levels < 0 or self.updates < 0:
            raise ValueError("it takes a token, and no fewer than 0 levels and updates")
        if self.rate <= 0 or self.decay < 0:
            raise ValueError("the rate is above 0, and the decay not below it")

    @property
    def recipes(self) -> Mapping[str, AttackOnMethod]:
        """The paper's budget, the released code's loss, and a budget for a small model."""
        return RECIPES

    def find_against(self, model: Defended, prompt: str, generator: Generator) -> Sequence[int]:
        """The first words that succeed, or those after the last level; the prompt as it is where
        that succeeds already, and for a budget of 0.
        """
        import torch

        own = model.ids(prompt)
        levels = self._levels(model)
        if not levels or not self.updates or model.shows(own):
            return own
        own = own[: model.length - self.tokens]
        words = torch.tensor(model.vocabulary)
        chances = torch.full((self.tokens, len(words)), 1 / len(words))
        optimizer = torch.optim.Adam([chances], lr=self.rate, weight_decay=self.decay)
        found = own
        for call in levels:
            for _ in range(self.updates):
                drawn = torch.multinomial(chances, 1, generator=generator)[:, 0]
                chances.grad = self._slopes(model, (*words[drawn].tolist(), *own), call, generator)
                optimizer.step()
                chances.copy_(on_simplex(chances))
            found = (*words[chances.argmax(1)].tolist(), *own)
            if model.shows(found):
                break
        return found

    def _levels(self, model: Defended) -> Sequence[int]:
        """U-Net calls with as many noise levels, evenly spread, the least noise first."""
        import torch

        rising = model.levels[::-1]
        count = min(self.levels, len(rising))
        places = torch.linspace(0, len(rising) - 1, count, dtype=torch.float64).round().long()
        return [rising[place] for place in places.tolist()]

    def _slopes(
        self, model: Defended, ids: tuple[int, ...], call: int, generator: Generator
    ) -> Tensor:
        """The gradient of the loss by the words before the prompt, (tokens, words), each number cut
        off at -1 and 1.
        """
        import torch
        import torch.nn.functional as F

        noise = torch.randn(model.picture.shape, generator=generator)
        latents = model.noised(noise, call)

        def loss(states: Tensor) -> Tensor:
            estimate = model.estimate(ids, states, latents, call, self.scale)
            return F.mse_loss(estimate, noise.to(estimate))

        slopes: Tensor = model.slopes(torch.tensor([ids]), loss)[0, : self.tokens]
        return slopes.float().clamp(-1, 1)


def on_simplex(rows: Tensor) -> Tensor:
    """The nearest distributions to rows (N, words): not below 0, and 1 in sum (Duchi et al., 2008,
    figure 1).
    """
    import torch

    falling = rows.double().sort(dim=1, descending=True).values
    excess = (falling.cumsum(1) - 1) / torch.arange(1, rows.shape[1] + 1)
    last = (falling > excess).sum(1, keepdim=True) - 1
    nearest: Tensor = (rows.double() - excess.gather(1, last)).clamp(min=0)
    return nearest.to(rows.dtype)


_PAPER = UnlearnDiffAtk()

RECIPES: dict[str, AttackOnMethod] = {
    "paper": _PAPER,
    "released": replace(_PAPER, scale=None),
    "miniature": replace(_PAPER, tokens=3, levels=5, updates=20, rate=0.1),
}

ATTACK: AttackOnMethod = _PAPER
