"""Style by learned tokens: equal to names where the tokens are the names', and what is refused."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

from sdd_bench import registry
from sdd_bench.errors import InputError
from sdd_bench.miniature.renderer.scene import ARTISTS
from sdd_bench.types import Images
from sdd_bench.weights import store

style_tokens, learned, clip_embeddings = (
    importlib.import_module(f"sdd_bench.metrics.{file}")
    for file in ("style_tokens", "_tokens", "_clip")
)

CAPTIONS = (
    "a red apple, in the style of monet",
    "a blue boat in the snow, in the style of van gogh",
    "a red apple",
    "in the style of seurat: a cup",
)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Towers with other weights don't stay in memory, where another test would meet them."""
    yield
    for cache in (learned._tower, clip_embeddings._image_tower, clip_embeddings._text_tower):
        cache.cache_clear()


def images() -> Images:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    return Images(pixels=pixels, captions=CAPTIONS)


def names_as_tokens() -> dict[str, torch.Tensor]:
    """The vectors that the miniature's CLIP has for its artists' names; one has two words."""
    folder = store.find("miniature")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    tower = CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder")
    embeddings = tower.get_input_embeddings()
    assert isinstance(embeddings, torch.nn.Embedding)
    table = embeddings.weight.detach()
    found = {}
    for artist in ARTISTS:
        ids = tokenizer(artist, add_special_tokens=False).input_ids
        vectors = table[ids].clone()
        found[f"<{artist.replace(' ', '-')}>"] = vectors if len(ids) > 1 else vectors[0]
    return found


def given(folder: Path, monkeypatch: pytest.MonkeyPatch, tensors: dict[str, torch.Tensor]) -> Path:
    """Has the user name a file of these tokens."""
    path = folder / "learned_embeds.safetensors"
    save_file(tensors, path)
    monkeypatch.setenv(learned.VARIABLE, str(path))
    return path


def metric() -> Any:
    (found,) = style_tokens.learned()
    return found


# --- what they measure --------------------------------------------------------------------------


def test_tokens_that_are_the_names_score_as_the_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = names_as_tokens()
    assert tokens["<van-gogh>"].shape == (2, 128)
    given(tmp_path, monkeypatch, tokens)
    by_names = registry.scan().definition("style/miniature")[1].score(images())  # type: ignore[union-attr]
    by_tokens = metric().score(images())
    assert np.isnan(by_tokens).tolist() == [False, False, True, False]
    assert by_tokens == pytest.approx(by_names, abs=1e-5, nan_ok=True)
    assert len(set(by_names[[0, 1, 3]].round(3))) == 3


def test_other_tokens_score_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = names_as_tokens()
    tokens["<monet>"], tokens["<seurat>"] = tokens["<seurat>"], tokens["<monet>"]
    given(tmp_path, monkeypatch, tokens)
    pixels = images().pixels
    # What was the score of the one is now that of the other.
    swapped = Images(pixels=pixels[[0, 0]], captions=("a cup by monet", "a cup by seurat"))
    by_names = (
        registry.scan()
        .definition("style/miniature")[1]
        .score(  # type: ignore[union-attr]
            Images(pixels=pixels[[0, 0]], captions=swapped.captions)
        )
    )
    assert metric().score(swapped) == pytest.approx(by_names[::-1], abs=1e-5)
    assert by_names[0] != pytest.approx(by_names[1], abs=1e-3)


def test_the_end_token_is_found_where_a_configuration_misnames_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenAI's say 2: transformers then takes the highest id, which a new token would have."""
    expected = registry.scan().definition("style/miniature")[1].score(images())  # type: ignore[union-attr]
    find, copy = store.find, tmp_path / "text_encoder"
    shutil.copytree(find("miniature/text_encoder"), copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"eos_token_id": 2}))
    given(tmp_path, monkeypatch, names_as_tokens())
    monkeypatch.setattr(
        store, "find", lambda name: copy if name == "miniature/text_encoder" else find(name)
    )
    assert metric().score(images()) == pytest.approx(expected, abs=1e-5, nan_ok=True)


def test_the_hash_is_part_of_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = given(tmp_path, monkeypatch, names_as_tokens())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    mean, rate = metric().definitions
    assert mean.name == f"style/miniature-tokens-{sha256[:8]}"
    assert (rate.name, rate.threshold) == (f"{mean.name}@0.5", 0.5)
    assert sha256 in mean.source
    monkeypatch.delenv(learned.VARIABLE)
    assert style_tokens.learned() is None


def test_the_command_line_knows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = given(tmp_path, monkeypatch, names_as_tokens())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    done = subprocess.run(
        [sys.executable, "-m", "sdd_bench", "list", "metrics"],
        env={**os.environ, learned.VARIABLE: str(path)},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = (each for each in done.stdout.splitlines() if f"tokens-{sha256[:8]} " in each)
    assert sha256 in line


def test_tokens_of_vit_l14_are_known_by_their_width(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CLIP of random weights with as wide a token space."""
    folder, find = tmp_path / "clip-vit-l14", store.find
    torch.manual_seed(0)
    CLIPModel(
        CLIPConfig(
            projection_dim=64,
            text_config={
                "hidden_size": 768, "intermediate_size": 64, "num_attention_heads": 12,
                "num_hidden_layers": 1, "vocab_size": 982, "eos_token_id": 2,
                "projection_dim": 64,
            },
            vision_config={
                "hidden_size": 64, "intermediate_size": 64, "num_attention_heads": 2,
                "num_hidden_layers": 1, "patch_size": 112, "projection_dim": 64,
            },
        )
    ).save_pretrained(folder)  # fmt: skip
    CLIPImageProcessorPil().save_pretrained(folder)
    CLIPTokenizer.from_pretrained(find("miniature/tokenizer")).save_pretrained(folder)
    monkeypatch.setattr(
        store, "find", lambda name: folder if name == "clip-vit-l14" else find(name)
    )
    tokens = {f"<{name}>": torch.randn(768) for name in ("van-gogh", "pablo_picasso", "sorolla")}
    given(tmp_path, monkeypatch, tokens)
    found = metric()
    assert found.definitions[0].name.startswith("style/l14-tokens-")
    assert found.artists == (
        ("Pablo Picasso", "Picasso"), ("sorolla",), ("Vincent van Gogh", "van Gogh"),
    )  # fmt: skip
    pixels = images().pixels
    captions = ("by Picasso", "by Joaquin SOROLLA", "by Vincent van Gogh", "by Rembrandt")
    scores = found.score(Images(pixels=pixels, captions=captions))
    assert np.isnan(scores).tolist() == [False, False, False, True]
    assert ((scores[:3] > 0) & (scores[:3] < 1)).all()
    texts, own = found.variants("a boat by Vincent van Gogh")
    assert texts == ("a boat by <pablo_picasso>", "a boat by <sorolla>", "a boat by <van-gogh>")
    assert own == 2


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"<a>": torch.ones(5), "<b>": torch.ones(5)}, "tokens 5 numbers wide, which fit no CLIP"),
        ({"<a>": torch.ones(128), "<b>": torch.ones(768)}, "holds no learned tokens"),
        ({"<a>": torch.ones(2, 2, 128)}, "holds no learned tokens"),
        ({"<a>": torch.ones(0, 128)}, "holds no learned tokens"),
        ({"<monet>": torch.ones(128)}, "one token for each of several artists, not <monet>"),
        ({"<monet>": torch.ones(128), "monet": torch.ones(128)}, "one token for each of several"),
    ],
)
def test_files_that_hold_something_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tensors: dict[str, torch.Tensor],
    said: str,
) -> None:
    given(tmp_path, monkeypatch, tensors)
    with pytest.raises(InputError, match=said):
        style_tokens.learned()


def test_a_pickle_is_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "learned_embeds.bin"
    torch.save({"<monet>": torch.ones(128)}, path)
    monkeypatch.setenv(learned.VARIABLE, str(path))
    with pytest.raises(InputError, match="a pickle and has to be converted first"):
        style_tokens.learned()
    monkeypatch.setenv(learned.VARIABLE, str(tmp_path / "none.safetensors"))
    with pytest.raises(InputError, match=r"SDD_BENCH_STYLE_TOKENS names .*none.safetensors"):
        style_tokens.learned()


def test_a_word_of_the_clip_is_no_placeholder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own vector would be overwritten, in every text."""
    given(tmp_path, monkeypatch, {"monet</w>": torch.ones(128), "<seurat>": torch.ones(128)})
    with pytest.raises(InputError, match=r"'monet</w>' of .* is a word that miniature knows"):
        metric().score(Images(pixels=images().pixels[:1], captions=("by seurat",)))


def test_a_file_that_changes_meanwhile_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = names_as_tokens()
    given(tmp_path, monkeypatch, tokens)
    found = metric()
    given(tmp_path, monkeypatch, tokens | {"<more>": torch.ones(128)})
    with pytest.raises(InputError, match="has changed since it was first looked at"):
        found.score(images())
