"""Learned tokens: an artist's style as textual inversion has found it (Gal et al., 2022).

The file is what diffusers and the scripts for it write, `learned_embeds.safetensors`: a tensor (d,)
or (vectors, d) per placeholder such as `<van-gogh>`, of the token space of a CLIP's text tower. The
user names it in the environment variable SDD_BENCH_STYLE_TOKENS.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sdd_bench.errors import InputError
from sdd_bench.weights import content, store

from . import _clip, _torch

if TYPE_CHECKING:
    from torch import nn
    from transformers import CLIPTokenizer

    from sdd_bench.types import Floats

VARIABLE = "SDD_BENCH_STYLE_TOKENS"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a file of learned tokens holds."""

    path: Path
    sha256: str
    placeholders: tuple[str, ...]
    """The keys of its tensors, sorted."""
    counts: tuple[int, ...]
    """How many vectors stand for each placeholder."""
    width: int
    """The width of the token space."""

    def text(self, placeholder: str) -> str:
        """The tokens that stand for a placeholder: `<a> <a>_1`, as diffusers names them."""
        count = self.counts[self.placeholders.index(placeholder)]
        return " ".join(_names(placeholder, count))


def of_user() -> Tokens | None:
    """The tokens in the file that the user names, if any; only its header is read.

    Raises InputError.
    """
    file_name = os.environ.get(VARIABLE)
    if not file_name:
        return None
    from safetensors import SafetensorError, safe_open

    path = Path(file_name)
    try:
        path = path.expanduser()
        with safe_open(path, framework="np") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in sorted(file.keys())}
    except (OSError, RuntimeError, SafetensorError) as error:
        raise InputError(
            f"the environment variable {VARIABLE} names {path}, which cannot be read as "
            f"safetensors ({content.fault(error)}): unset it, or name a file of textual inversion; "
            "one ending in .bin is a pickle and has to be converted first"
        ) from error
    widths = {shape[-1] for shape in shapes.values() if len(shape) in {1, 2}}
    if len(widths) != 1 or any(len(shape) not in {1, 2} or 0 in shape for shape in shapes.values()):
        raise InputError(
            f"{path} holds no learned tokens, which are vectors of one width: {shapes or 'nothing'}"
        )
    return Tokens(
        path=path,
        sha256=store.sha256(path),
        placeholders=tuple(shapes),
        counts=tuple(shape[0] if len(shape) == 2 else 1 for shape in shapes.values()),
        width=widths.pop(),
    )


def embed(clip: _clip.Instrument, tokens: Tokens, texts: Sequence[str]) -> Floats:
    """Unit vectors (N, d) of texts with placeholders; too long a text keeps its end token."""
    tokenizer, tower = _tower(clip, tokens)
    ids = tokenizer(
        list(texts),
        padding="max_length",
        max_length=tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    ).input_ids
    with _torch.judging():
        vectors = tower(input_ids=ids.to(_torch.where())).text_embeds
    wide = vectors.double().cpu().numpy()
    unit: Floats = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return unit


@functools.cache
def _tower(clip: _clip.Instrument, tokens: Tokens) -> tuple[CLIPTokenizer, nn.Module]:
    """A text tower of its own, that knows the tokens. Raises InputError."""
    import torch
    from safetensors.torch import load_file
    from transformers import AddedToken, CLIPTextModelWithProjection, CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(store.find(clip.tokenizer))
    tower = _torch.pretrained(CLIPTextModelWithProjection, store.find(clip.texts))
    if store.sha256(tokens.path) != tokens.sha256:
        raise InputError(f"{tokens.path} has changed since it was first looked at: start again")
    vectors = load_file(tokens.path)
    new = {
        name: vector
        for placeholder, count in zip(tokens.placeholders, tokens.counts, strict=True)
        for name, vector in zip(
            _names(placeholder, count), vectors[placeholder].reshape(count, -1), strict=True
        )
    }
    known = set(tokenizer.get_vocab()) & set(new)
    if known:
        raise InputError(f"'{min(known)}' of {tokens.path} is a word that {clip.name} knows")
    tokenizer.add_tokens([AddedToken(name, normalized=False) for name in new])
    tower.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    table = tower.get_input_embeddings().weight
    with torch.no_grad():
        for name, vector in new.items():
            table[tokenizer.convert_tokens_to_ids(name)] = vector.to(table)
    # OpenAI's configurations say 2, which stands for "the highest id": that is now a new token's.
    tower.text_model.eos_token_id = tokenizer.eos_token_id
    return tokenizer, tower


def _names(placeholder: str, count: int) -> list[str]:
    return [placeholder, *(f"{placeholder}_{number}" for number in range(1, count))]
