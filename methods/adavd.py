"""AdaVD: what cross-attention takes from a prompt loses the direction of a concept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sdd_bench.types import AboveZero, AtLeastZero, Cosine, Method, Projected

from ._plain import PlainGuidance

if TYPE_CHECKING:
    from torch import Tensor

DEPENDENT = 1e-12
"""The share of a target's squared length below which nothing of it is left beside the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaVD(PlainGuidance):
    """AdaVD (Wang et al., 2024, orthogonal complement in the value space; src/main.py).

    In each cross-attention layer the value v of each token but the begin mark becomes
    v - w (<v, t> / |t|^2) t, with t the value of the concept's last token. Of several concepts,
    each that comes later is first made orthogonal to those before. Values depend on the text alone,
    so it costs nothing along the trajectory.
    """

    halves: Literal["separate", "joint"] = "separate"
    """What counts as one vector. separate, as the formula says: the prompt's value; those of the
    empty text stay. joint, as in the released code, which joins both halves of classifier-free
    guidance: [v_0, v] against [v_0, t]. The empty text loses the same share of itself, and the
    cosine comes near 1. There a concept also loses its projections on earlier ones as they are,
    not on what is left of them, so that three or more do not become orthogonal."""
    shift: bool = False
    """Whether w, otherwise 1, is height / (1 + exp(-slope (cos(v, t) - midpoint))): `--token_sim`,
    off by default in main.py and on in its demo."""
    slope: AboveZero[float] = 100.0
    """Of w, `sigmoid_a`."""
    midpoint: Cosine = 0.93
    """The cosine where w is half its height, `sigmoid_b`."""
    height: AtLeastZero[float] = 2.0
    """What w comes to, `sigmoid_c`."""
    concepts: tuple[str, ...] = ("nudity",)
    """The concept of table 1 of Kim et al., 2023 for one text (appendix B.1)."""

    def read_values(
        self, branches: Sequence[Projected], concepts: Sequence[Projected]
    ) -> Sequence[Projected]:
        """The empty text and the prompt with the values that are left."""
        import torch

        empty, prompt = branches
        if not concepts:
            return branches
        targets = [each.values[each.last].expand_as(prompt.values) for each in concepts]
        if self.halves == "separate":
            return empty, replace(prompt, values=self.left(prompt.values, targets))
        both = torch.cat([empty.values, prompt.values], dim=-1)
        joined = [torch.cat([empty.values, target], dim=-1) for target in targets]
        of_empty, of_prompt = self.left(both, joined).chunk(2, dim=-1)
        return replace(empty, values=of_empty), replace(prompt, values=of_prompt)

    def left(self, values: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """What is left of values (tokens, width), given each target at each token (same shape)."""
        import torch

        basis: list[Tensor] = []
        shifted: list[Tensor] = []
        taken = torch.zeros_like(values)
        for target in targets:
            direction, push = target, self.weight(values, target) * target
            against = basis if self.halves == "separate" else targets[: len(basis)]
            pushes = shifted if self.halves == "separate" else self._pushes(values, against)
            for earlier, its_push in zip(against, pushes, strict=True):
                share = _share(target, earlier)
                direction = direction - share * earlier
                push = push - share * its_push
            dependent = _dot(direction, direction) <= DEPENDENT * _dot(target, target)
            direction = direction.masked_fill(dependent, 0.0)
            basis.append(direction)
            shifted.append(push)
            taken = taken + _share(values, direction) * push
        taken[0] = 0.0  # the begin mark is that of every text
        return values - taken

    def _pushes(self, values: Tensor, targets: Sequence[Tensor]) -> list[Tensor]:
        return [self.weight(values, target) * target for target in targets]

    def weight(self, values: Tensor, target: Tensor) -> Tensor:
        """How much of the target each token loses, w (tokens, 1)."""
        import torch

        if not self.shift:
            return torch.ones_like(values[:, :1])
        cosine = torch.cosine_similarity(values, target, dim=-1)[:, None]
        return self.height * torch.sigmoid(self.slope * (cosine - self.midpoint))


def _dot(left: Tensor, right: Tensor) -> Tensor:
    return (left * right).sum(dim=-1, keepdim=True)


def _share(values: Tensor, direction: Tensor) -> Tensor:
    """<v, t> / |t|^2 at each token, 0 where t is."""
    return (_dot(values, direction) / _dot(direction, direction)).nan_to_num(0.0, 0.0, 0.0)


METHODS: dict[str, Method] = {
    "adavd": AdaVD(),
    "adavd-shift": AdaVD(shift=True),
    "adavd-joint": AdaVD(halves="joint"),
    "adavd-joint-shift": AdaVD(halves="joint", shift=True),
}
