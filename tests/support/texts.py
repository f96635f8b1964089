"""A text encoder so small that the best of all texts can be found by trying."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

WORDS = tuple(range(3, 33))
WIDTH, TOKENS = 5, 6


class Texts:
    """Thirty words, with a state each that depends on its place and on all words before it."""

    vocabulary = WORDS
    length = TOKENS - 2

    def __init__(self) -> None:
        self.table = torch.randn(40, WIDTH, generator=Generator().manual_seed(7))
        self.asked = 0

    def ids(self, text: str) -> tuple[int, ...]:
        words = text.replace(",", "").split()[: self.length]
        return tuple(WORDS[sum(word.encode()) % len(WORDS)] for word in words)

    def text(self, ids: tuple[int, ...]) -> str:
        return " ".join(f"word{number}" for number in ids)

    def states(self, ids: Tensor) -> Tensor:
        self.asked += len(ids)
        return self._read(self.table[self._padded(ids)])

    def slopes(self, ids: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
        read = self.table[self._padded(ids)].requires_grad_()
        (slope,) = torch.autograd.grad(loss(self._read(read)), read)
        return slope[:, 1 : 1 + ids.shape[1]] @ self.table[list(WORDS)].T

    def _padded(self, ids: Tensor) -> Tensor:
        padded = torch.zeros(len(ids), TOKENS, dtype=torch.long)
        padded[:, 1 : 1 + ids.shape[1]] = ids
        return padded

    def _read(self, embedded: Tensor) -> Tensor:
        place = torch.arange(1, TOKENS + 1).view(1, -1, 1)
        return torch.tanh((embedded / place).cumsum(1))
