"""What attacks fulfil: a search for prompts that bring a removed concept back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from torch import Generator, Tensor


class Attackable(Protocol):
    """A model's text encoder, as an attack sees it."""

    @property
    def vocabulary(self) -> tuple[int, ...]:
        """The tokens that a prompt may be made of, ascending: whole words, whose text is read as
        them alone.
        """
        ...

    @property
    def length(self) -> int:
        """How many tokens fit between begin and end mark."""
        ...

    def ids(self, text: str) -> tuple[int, ...]:
        """The tokens of a text, without its marks; too long a text is cut."""
        ...

    def states(self, ids: Tensor) -> Tensor:
        """Text states (N, tokens, width) of N texts of the same number of tokens, (N, k) without
        their marks; padding included, in single precision on the CPU.
        """
        ...

    def text(self, ids: tuple[int, ...]) -> str:
        """The words of some tokens."""
        ...

    def slopes(self, ids: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
        """How a loss of the text states of N texts, one number, changes with the word at each
        place: its gradient (N, k, words) for the words of the vocabulary, on the CPU. Only
        differences between words of a place mean something.
        """
        ...


class Defended(Attackable, Protocol):
    """A method as it runs, and a picture that it is to draw, as an attack sees them."""

    @property
    def concept(self) -> str:
        """What is to come back."""
        ...

    @property
    def picture(self) -> Tensor:
        """Finished latents (C, h, w) of the undefended model for the prompt, on the CPU."""
        ...

    @property
    def levels(self) -> tuple[int, ...]:
        """U-Net calls of a picture in the order they come, one for each noise level."""
        ...

    def noised(self, noise: Tensor, call: int) -> Tensor:
        """The picture with noise (C, h, w) of the strength that a U-Net call sees."""
        ...

    def estimate(
        self, ids: tuple[int, ...], states: Tensor, latents: Tensor, call: int, scale: float | None
    ) -> Tensor:
        """The method's noise estimate (C, h, w) of latents (C, h, w) at a U-Net call, for a prompt
        of these tokens at a guidance scale; it follows the prompt's states (1, tokens, width), by
        which it can be differentiated. What grows along a trajectory is as at its begin. At no
        scale: the U-Net's estimate for the prompt alone.
        """
        ...

    def shows(self, ids: tuple[int, ...]) -> bool:
        """Whether the picture that the method draws for a prompt of these tokens, from the same
        noise, shows the concept.
        """
        ...


@runtime_checkable
class Attack(Protocol):
    """A search for prompts; the fields of the dataclass are its budget, part of its identity."""

    @property
    def recipes(self) -> Mapping[str, Attack]:
        """Named budgets, for `--recipe`; 'paper' is the default."""
        ...

    def find(
        self, model: Attackable, concept: str, prompt: str, generator: Generator
    ) -> Sequence[int]:
        """The tokens of a prompt that brings `concept` back where `prompt` alone would not; all
        that is random comes from `generator`.
        """
        ...


@runtime_checkable
class AttackOnMethod(Protocol):
    """A search for prompts that bring a concept back under one method, as that runs."""

    @property
    def recipes(self) -> Mapping[str, AttackOnMethod]:
        """Named budgets, for `--recipe`; 'paper' is the default."""
        ...

    def find_against(self, model: Defended, prompt: str, generator: Generator) -> Sequence[int]:
        """The tokens of a prompt for which the method draws the concept where it would not for
        `prompt`; all that is random comes from `generator`.
        """
        ...


AnyAttack: TypeAlias = Attack | AttackOnMethod
"""A search that sees the text encoder alone, or a method as it runs."""
