"""A byte-pair vocabulary in CLIP's format, learnt from the captions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from .architecture import CONTEXT

BOS, EOS = "<|startoftext|>", "<|endoftext|>"


def train(captions: Iterable[str], folder: Path) -> CLIPTokenizer:
    """Learn merges from `captions` and save the tokenizer for `from_pretrained`."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token=EOS))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=1000,
        special_tokens=[BOS, EOS],
        end_of_word_suffix="</w>",
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(captions, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    # Every byte can end a word, whatever the captions held: nothing a user types is unknown.
    tokens = [BOS, EOS, *alphabet, *(f"{byte}</w>" for byte in alphabet)]
    tokens += [token for token in model["vocab"] if token not in set(tokens)]
    # Pairs, whatever the annotation says: lists raise a TypeError in the library below.
    merges: Any = [tuple(merge) for merge in model["merges"]]
    clip = CLIPTokenizer(
        vocab={token: index for index, token in enumerate(tokens)},
        merges=merges,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=EOS,
        pad_token=EOS,
        model_max_length=CONTEXT,
    )
    clip.save_pretrained(folder)
    return clip
