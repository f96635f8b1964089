"""Cross-attention that projects a text once instead of at every U-Net call.

A text stays the same along a trajectory, and so do the keys and values that the U-Net's layers
make of it. They are computed when the text is encoded, side by side in one tensor, and the U-Net
is given that tensor in place of the text states: each layer takes its own columns.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from sdd_bench.types import Encoded

from .threads import pinned

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel
    from diffusers.models.attention_processor import Attention
    from transformers import BatchEncoding, CLIPTextModel, CLIPTokenizer


class ProjectedText:
    """A processor for text states that are already keys and values (Vaswani et al., 2017, 3.2)."""

    def __init__(self, start: int, width: int) -> None:
        self.keys = slice(start, start + width)
        self.values = slice(start + width, start + 2 * width)

    def __call__(
        self, attn: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor, **_: None
    ) -> Tensor:
        """Image positions (N, positions, width) that have read texts (N, tokens, columns)."""
        query, key, value = (
            tensor.unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for tensor in (
                attn.to_q(hidden_states),
                encoder_hidden_states[..., self.keys],
                encoder_hidden_states[..., self.values],
            )
        )
        attended = F.scaled_dot_product_attention(query, key, value, scale=attn.scale)
        projected: Tensor = attn.to_out[0](attended.transpose(1, 2).flatten(2))
        return projected


class TextProjection:
    """The map from text states (..., tokens, width) to what the U-Net reads of them; it has the
    layers' weights, so it changes when they do. Without layers it leaves the states as they are.
    """

    def __init__(self, layers: Sequence[Attention] = ()) -> None:
        self._layers = layers

    def __call__(self, states: Tensor) -> Tensor:
        """Keys and values of all layers side by side, (..., tokens, columns)."""
        if not self._layers:
            return states
        parts = [part(states) for layer in self._layers for part in (layer.to_k, layer.to_v)]
        return torch.cat(parts, dim=-1)

    def layers(self, columns: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The keys and the values (..., tokens, width) of each layer, as views of `columns`."""
        widths = [layer.to_k.out_features for layer in self._layers for _ in range(2)]
        parts = columns.split(widths, dim=-1)
        return list(zip(parts[::2], parts[1::2], strict=True))


def project_text_once(unet: UNet2DConditionModel) -> TextProjection:
    """Have the U-Net take projected texts; returns what projects them."""
    layers: list[Attention] = [
        layer for name, layer in unet.named_modules() if name.endswith(".attn2")
    ]
    start = 0
    for layer in layers:
        width = layer.to_k.out_features
        layer.set_processor(ProjectedText(start, width))
        start += 2 * width
    return TextProjection(layers)


@dataclass(frozen=True, slots=True, eq=False)
class Rewritten:
    """What the U-Net reads in place of a text."""

    columns: Tensor
    """Keys and values of all layers (tokens, columns)."""


Text: TypeAlias = str | Rewritten
"""What the U-Net reads in one row."""


class TextReader:
    """Texts as the U-Net takes them. Too long a text keeps its end token."""

    def __init__(
        self,
        tokenizer: CLIPTokenizer,
        encoder: CLIPTextModel,
        project: TextProjection | None = None,
        threads: int | None = None,
    ) -> None:
        self.project = project or TextProjection()
        self._tokenizer = tokenizer
        self._threads = threads
        self.encoder = encoder
        """The network that makes text states."""
        self.states = functools.lru_cache(maxsize=128)(self._encode)
        """Text states (tokens, width) of one text, remembered."""
        self.projected = functools.lru_cache(maxsize=128)(self._project)
        """What the U-Net reads of one text (tokens, columns), remembered."""
        # The texts of a batch stay the same from call to call.
        self._stacked = functools.lru_cache(maxsize=4)(self._stack)

    def __call__(self, texts: tuple[Text, ...]) -> Tensor:
        """What the U-Net reads, (N, tokens, columns) on its device; remembered."""
        return self._stacked(texts)

    def forget(self, *, states: bool = False) -> None:
        """Forget what the U-Net's weights have made of texts: for when they have changed; with
        `states` also what the text encoder's have.
        """
        if states:
            self.states.cache_clear()
        self.projected.cache_clear()
        self._stacked.cache_clear()

    def encode(self, text: str) -> Encoded:
        """A text and what the encoder makes of it, as methods are given them."""
        tokens = self._tokenized(text)
        # The first of a text's tokens; what pads it may be its end mark again.
        ids = tokens.input_ids[0][: int(tokens.attention_mask.sum())]
        return _encoded(ids.tolist(), self.states(text))

    @torch.no_grad()
    def encode_ids(self, ids: Sequence[int]) -> Encoded:
        """The same of the tokens of a text."""
        padding = [self._tokenizer.pad_token_id] * (self._tokenizer.model_max_length - len(ids))
        row = torch.tensor([[*ids, *padding]], device=self.encoder.device)
        return _encoded(ids, self.encoder(row)[0][0])

    def _tokenized(self, text: str) -> BatchEncoding:
        tokens: BatchEncoding = self._tokenizer(
            text,
            padding="max_length",
            max_length=self._tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )
        return tokens

    @torch.no_grad()
    def _encode(self, text: str) -> Tensor:
        tokens = self._tokenized(text).input_ids
        with pinned(self._threads):
            states: Tensor = self.encoder(tokens.to(self.encoder.device))[0][0]
        return states

    @torch.no_grad()
    def _project(self, text: str) -> Tensor:
        with pinned(self._threads):
            return self.project(self.states(text))

    @torch.no_grad()
    def _stack(self, texts: tuple[Text, ...]) -> Tensor:
        return torch.stack([self.columns(text) for text in texts])

    def columns(self, text: Text) -> Tensor:
        """What the U-Net reads in one row (tokens, columns)."""
        return text.columns if isinstance(text, Rewritten) else self.projected(text)


def _encoded(ids: Sequence[int], states: Tensor) -> Encoded:
    return Encoded(ids=tuple(ids), states=states.to("cpu", torch.float64, copy=True))
