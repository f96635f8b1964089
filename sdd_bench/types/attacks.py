"""What attacks fulfil: a search for prompts that bring a removed concept back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

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
