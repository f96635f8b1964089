"""A model's text encoder as attacks see it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import cast

import torch
from torch import Tensor
from torch.nn import Module

from .bundle import Bundle


class TextView:
    """The `Attackable` of an attack that needs nothing but the text encoder."""

    def __init__(self, bundle: Bundle) -> None:
        self._tokenizer = bundle.tokenizer
        self._encoder = bundle.text.encoder

    @cached_property
    def vocabulary(self) -> tuple[int, ...]:
        """Whole words whose text is read as them alone, so that a prompt of them is read as it was
        found.
        """
        last = len(self._tokenizer)
        marks = set(self._tokenizer.all_special_ids)
        ids = [number for number in range(last) if number not in marks]
        words = [self.text((number,)) for number in ids]
        read = self._tokenizer(words).input_ids
        return tuple(
            number
            for number, word, (_, *found, _) in zip(ids, words, read, strict=True)
            if found == [number] and word.isprintable()
        )

    @property
    def length(self) -> int:
        """How many tokens fit between begin and end mark."""
        return int(self._tokenizer.model_max_length) - 2

    def ids(self, text: str) -> tuple[int, ...]:
        """The tokens of a text, without its marks; too long a text is cut."""
        return tuple(self._tokenizer(text, truncation=True).input_ids[1:-1])

    def text(self, ids: tuple[int, ...]) -> str:
        """The words of some tokens; marks have none."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True)).strip()

    @torch.no_grad()
    def states(self, ids: Tensor) -> Tensor:
        """Text states (N, tokens, width) of texts (N, k), in single precision on the CPU."""
        states: Tensor = self._encoder(self._rows(ids))[0]
        return states.float().cpu()

    @torch.enable_grad()
    def slopes(self, ids: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
        """The gradient of a loss of N texts' states by the word at each place, (N, k, words)."""
        table = self._encoder.get_input_embeddings()
        read: list[Tensor] = []

        def follow(_module: Module, _given: object, found: Tensor) -> Tensor:
            read.append(found.detach().requires_grad_())
            return read[-1]

        handle = table.register_forward_hook(follow)
        try:
            states = self._encoder(self._rows(ids))[0]
        finally:
            handle.remove()  # the loss may read other texts
        (slope,) = torch.autograd.grad(loss(states), read)
        words = cast("Tensor", table.weight).detach()[list(self.vocabulary)]
        return (slope[:, 1 : 1 + ids.shape[1]] @ words.T).cpu()

    def _rows(self, ids: Tensor) -> Tensor:
        """Texts with their marks and padding, as the encoder takes them."""
        first, end = self._tokenizer.bos_token_id, self._tokenizer.eos_token_id
        rows = torch.full((len(ids), self.length + 2), int(self._tokenizer.pad_token_id))
        rows[:, 0], rows[:, 1 + ids.shape[1]] = first, end
        rows[:, 1 : 1 + ids.shape[1]] = ids
        return rows.to(self._encoder.device)
