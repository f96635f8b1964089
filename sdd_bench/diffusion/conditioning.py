"""Cross-attention that projects a text once instead of at every U-Net call.

A text stays the same along a trajectory, and so do the keys and values that the U-Net's layers
make of it. They are computed when the text is encoded, side by side in one tensor, and the U-Net
is given that tensor in place of the text states: each layer takes its own columns.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel
    from diffusers.models.attention_processor import Attention
    from transformers import CLIPTextModel, CLIPTokenizer


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


def project_text_once(unet: UNet2DConditionModel) -> Callable[[Tensor], Tensor]:
    """Have the U-Net take projected texts; returns what projects states (tokens, width)."""
    layers: list[Attention] = [
        layer for name, layer in unet.named_modules() if name.endswith(".attn2")
    ]
    start = 0
    for layer in layers:
        width = layer.to_k.out_features
        layer.set_processor(ProjectedText(start, width))
        start += 2 * width

    def project(states: Tensor) -> Tensor:
        parts = [part(states) for layer in layers for part in (layer.to_k, layer.to_v)]
        return torch.cat(parts, dim=-1)

    return project


class TextReader:
    """Texts as the U-Net takes them. Too long a text keeps its end token."""

    def __init__(
        self,
        tokenizer: CLIPTokenizer,
        encoder: CLIPTextModel,
        project: Callable[[Tensor], Tensor] = lambda states: states,
    ) -> None:
        self.project = project
        """The map from text states (..., tokens, width) to what the U-Net reads; has its weights,
        so it changes when they do."""
        self._tokenizer = tokenizer
        self._encoder = encoder
        self.states = functools.lru_cache(maxsize=128)(self._encode)
        """Text states (tokens, width) of one text, remembered."""
        self._projected = functools.lru_cache(maxsize=128)(self._project)
        # The texts of a batch stay the same from call to call.
        self._stacked = functools.lru_cache(maxsize=4)(self._stack)

    def __call__(self, texts: tuple[str, ...]) -> Tensor:
        """What the U-Net reads, (N, tokens, columns) on its device; remembered."""
        return self._stacked(texts)

    def forget(self) -> None:
        """Forget what the U-Net's weights have made of texts: for when they have changed."""
        self._projected.cache_clear()
        self._stacked.cache_clear()

    @torch.no_grad()
    def _encode(self, text: str) -> Tensor:
        tokens = self._tokenizer(
            text,
            padding="max_length",
            max_length=self._tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )
        states: Tensor = self._encoder(tokens.input_ids.to(self._encoder.device))[0][0]
        return states

    @torch.no_grad()
    def _project(self, text: str) -> Tensor:
        return self.project(self.states(text))

    @torch.no_grad()
    def _stack(self, texts: tuple[str, ...]) -> Tensor:
        return torch.stack([self._projected(text) for text in texts])
