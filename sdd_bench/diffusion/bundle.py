"""A loaded model: its parts, and how they are called.

Every network is called with batches of one fixed shape, because the last bits of a result depend on
the shape: rows that are missing are filled up and dropped again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from sdd_bench.errors import InputError
from sdd_bench.types import Dtype, ModelSpec

from . import compilation, profile
from .conditioning import TextReader
from .room import Room
from .threads import side_by_side

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTokenizer

    from sdd_bench.types import Pixels

_SHOWN = 5
"""How many of several concepts are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A loaded model: its parts, and how they are called."""

    spec: ModelSpec
    hash: str
    """SHA-256 of all weights and configurations."""
    device: torch.device
    dtype: torch.dtype
    batch: int
    """Images computed at a time."""
    rows: int
    """Rows that the U-Net sees at once, always."""
    tokenizer: CLIPTokenizer
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    alphas: tuple[float, ...]
    """Cumulative products of the noise schedule."""
    final_alpha: float
    offset: int
    """What is added to the timesteps."""
    text: TextReader
    """What the U-Net reads of texts."""
    threads: int | None = None
    """Of the CPU, that its networks are computed in; None: as many as there are."""
    compiled: bool = False
    """Whether the U-Net's repeated blocks are compiled."""
    room: Room = field(default_factory=Room, compare=False)
    """How many pictures memory has room for."""

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image's latents."""
        side = int(self.unet.config.sample_size)
        return int(self.unet.config.in_channels), side, side

    @property
    def dtype_name(self) -> Dtype:
        """The number type, as the command line calls it."""
        return cast(Dtype, str(self.dtype).removeprefix("torch."))

    @property
    def numerics(self) -> str:
        """What decides the last bits of an image beside its identity."""
        return profile.numerics(
            name_of(self.device), self.dtype_name, self.rows, compiled=self.compiled
        )

    def truncates(self, text: str) -> bool:
        """Whether the text encoder reads only the beginning of `text`."""
        limit = self.tokenizer.model_max_length
        return len(self.tokenizer(text, truncation=False, verbose=False).input_ids) > limit

    def check_read(self, texts: Iterable[str], concepts: Sequence[str]) -> None:
        """Raise InputError if the text encoder doesn't come to the end of a concept in a text.

        A concept that is cut off would be removed in name only, and so would one that says nothing:
        marks of a text's begin and end, or letters of which the encoder knows none.
        """
        marks = {self.tokenizer.bos_token_id, self.tokenizer.eos_token_id}
        for concept in concepts:
            if marks.issuperset(self.tokenizer(concept, verbose=False).input_ids):
                raise InputError(
                    f"the concept {concept!r:.60} says nothing to the model's text encoder, so "
                    "nothing would be removed: give other words"
                )
        unread: dict[str, None] = {}
        for text in filter(self.truncates, texts):
            end = 0
            # A concept that is a text of its own may begin like another one.
            for concept in [text] if text in concepts else concepts:
                start = text.find(concept, end)
                if start >= 0:
                    end = start + len(concept)
                    unread |= {concept: None} if self.truncates(text[:end]) else {}
        if unread:
            named = ", ".join(f"{concept!r:.60}" for concept in list(unread)[:_SHOWN])
            more = f" and {len(unread) - _SHOWN} more" if len(unread) > _SHOWN else ""
            raise InputError(
                f"the text encoder reads {self.tokenizer.model_max_length} tokens, and of the "
                f"{len(concepts)} concepts these don't fit: {named}{more}; give fewer or "
                "shorter ones"
            )

    @torch.inference_mode()
    def predict(self, latents: Tensor, time: int, states: Tensor) -> Tensor:
        """Noise estimates of the U-Net for any number of rows, (N, C, h, w)."""
        when = torch.tensor(time, device=self.device)

        def estimate(rows: Tensor, text: Tensor) -> Tensor:
            with compilation.kept() if self.compiled else nullcontext():
                made: Tensor = self.unet(rows, when, encoder_hidden_states=text, return_dict=False)[
                    0
                ]
                return made

        return in_tiles(estimate, self.rows, latents, states, threads=self.threads)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Pixels:
        """Pictures of finished latents, uint8 (N, height, width, 3)."""
        config = self.vae.config
        scaled = latents / config.scaling_factor + (getattr(config, "shift_factor", None) or 0.0)
        images = in_tiles(
            lambda z: self.vae.decode(z, return_dict=False)[0],
            max(1, self.rows // 2),
            scaled,
            threads=self.threads,
        )
        levels = ((images.float() / 2 + 0.5).clamp(0, 1) * 255).round().byte()
        pixels: Pixels = levels.permute(0, 2, 3, 1).cpu().numpy()
        return pixels


def name_of(device: torch.device) -> str:
    """A device as the numerics of images name it: its kind, or which GPU it is."""
    if device.type != "cuda":
        return device.type
    return torch.cuda.get_device_name(device).replace(" ", "-")


def in_tiles(
    function: Callable[..., Tensor], rows: int, *inputs: Tensor, threads: int | None = None
) -> Tensor:
    """`function` of row-wise tensors, called with exactly `rows` rows each time."""
    count = len(inputs[0])
    tiles = [
        [_filled(tensor[start : start + rows], rows) for tensor in inputs]
        for start in range(0, count, rows)
    ]
    return torch.cat(side_by_side(function, tiles, threads))[:count]


def _filled(tensor: Tensor, rows: int) -> Tensor:
    """Pad to `rows` rows by repeating the last one."""
    missing = rows - len(tensor)
    return torch.cat([tensor, *[tensor[-1:]] * missing]) if missing else tensor.contiguous()
