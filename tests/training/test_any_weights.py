"""Whatever lies where weights should: it is read, or refused in a sentence, and nothing else."""

from __future__ import annotations

import io
import json
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save, save_file

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.training import checkpoints

LAYER = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
NAME = f"{LAYER}.weight"
MAIN = "diffusion_pytorch_model"

# One bundle and a folder of its own serve all examples of a test.
few = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


def read(path: Path, bundle: Bundle) -> None:
    """Read it. An InputError in one sentence is fine, anything else is not."""
    try:
        found = checkpoints.read(path, bundle)
    except InputError as error:
        message = str(error)  # which the command line shows without what would act in a terminal
        assert len(message) < 3000
        assert "weights_only" not in message
    else:
        for tensor in found.tensors.values():
            assert tensor.is_floating_point()
            assert bool(torch.isfinite(tensor).all())


def torch_bytes(held: object, *, new: bool = True) -> bytes:
    buffer = io.BytesIO()
    torch.save(held, buffer, _use_new_zipfile_serialization=new)
    return buffer.getvalue()


WHOLE = [
    save({NAME: torch.zeros(80, 128)}, {"format": "pt"}),
    torch_bytes({NAME: torch.zeros(80, 128)}),
    torch_bytes({"unet": {NAME: torch.zeros(80, 128)}, "epoch": 3}, new=False),
    pickle.dumps({"a": [1, {"b": 2.0}], "c": "text"}, protocol=2),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good file with some bytes changed, cut or put in between."""
    data = bytearray(draw(st.sampled_from(WHOLE)))
    # Most of what can go wrong is in the first bytes and in the last ones, where a ZIP's list is.
    ends = st.one_of(st.integers(0, 600), st.integers(max(0, len(data) - 600), len(data)))
    for _ in range(draw(st.integers(1, 4))):
        where = min(draw(st.one_of(ends, st.integers(0, len(data)))), len(data))
        match draw(st.sampled_from(["change", "cut", "insert"])):
            case "change" if where < len(data):
                data[where] ^= draw(st.integers(1, 255))
            case "cut":
                del data[where : where + draw(st.integers(1, 2000))]
            case _:
                data[where:where] = draw(st.binary(min_size=1, max_size=20))
    return bytes(data)


@few
@given(data=st.one_of(st.binary(max_size=400), damaged()), ending=st.sampled_from(["pt", "bin"]))
def test_any_bytes(bundle: Bundle, data: bytes, ending: str) -> None:
    with folder() as place:
        (place / f"weights.{ending}").write_bytes(data)
        read(place / f"weights.{ending}", bundle)


LEAVES = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([(), (3,), (80, 128), (0, 4)]).map(torch.zeros),
)
KEYS = st.one_of(st.sampled_from(["unet", "state_dict", NAME, f"unet.{NAME}"]), st.text(max_size=5))


@few
@given(
    held=st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.one_of(KEYS, st.integers()), inner)
        ),
        max_leaves=12,
    )
)
def test_anything_that_torch_saves(bundle: Bundle, held: object) -> None:
    with folder() as place:
        (place / "weights.pt").write_bytes(torch_bytes(held))
        read(place / "weights.pt", bundle)


PIECES = st.sampled_from(
    [
        "unet.", "module.", "model.", "base_model.model.", "model.diffusion_model.", "_orig_mod.",
        "lora_unet_", "text_encoder.", LAYER, LAYER.replace(".", "_"), "input_blocks.0.0", "out.0",
        "input_blocks.7.1.x", ".weight", ".bias", ".lora_A", ".lora_B", ".lora.up", ".lora_down",
        ".default", ".alpha", ".hada_w1", ".", "\x1b[2J", "\x00", "é",
    ]
)  # fmt: skip
SHAPES = st.sampled_from([(), (1,), (4, 128), (80, 4), (80, 128), (0,), (80, 4, 1, 1), (4, 128, 3)])
TYPES = st.sampled_from([torch.float32, torch.float16, torch.int8, torch.bool, torch.complex64])


@few
@given(
    names=st.lists(
        st.tuples(st.lists(PIECES, min_size=1, max_size=5).map("".join), SHAPES, TYPES), max_size=5
    )
)
def test_any_names(bundle: Bundle, names: list[tuple[str, tuple[int, ...], torch.dtype]]) -> None:
    tensors = {name: torch.ones(shape).to(kind) for name, shape, kind in names if name}
    with folder() as place:
        save_file(tensors, place / "weights.safetensors")
        read(place / "weights.safetensors", bundle)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = [
    "peft_type", "r", "lora_alpha", "alpha_pattern", "rank_pattern", "use_rslora", "use_dora",
    "init_lora_weights", "unet.r", "unet.lora_alpha",
]  # fmt: skip
SENSIBLE: dict[str, Any] = {"peft_type": "LORA", "r": 4, "lora_alpha": 8}


@few
@given(
    said=st.one_of(
        JSON,
        st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4).map(lambda d: SENSIBLE | d),
        st.dictionaries(st.text(max_size=8), st.one_of(st.integers(), JSON), max_size=3).map(
            lambda pattern: SENSIBLE | {"alpha_pattern": pattern}
        ),
    ),
    inside=st.booleans(),
)
def test_any_configuration_of_an_adapter(bundle: Bundle, said: object, inside: bool) -> None:
    tensors = {
        f"{LAYER}.lora_A.weight": torch.ones(4, 128),
        f"{LAYER}.lora_B.weight": torch.ones(80, 4),
    }
    text = json.dumps(said)
    with folder() as place:
        path = place / "adapter_model.safetensors"
        save_file(tensors, path, {"lora_adapter_metadata": text} if inside else None)
        if not inside:
            (place / "adapter_config.json").write_text(text)
        read(path, bundle)


@few
@given(
    said=st.one_of(
        JSON,
        st.dictionaries(
            st.sampled_from([NAME, "other"]),
            st.sampled_from(
                ["one.safetensors", "two.bin", "gone", "../one.safetensors", "", "a\0"]
            ),
        ).map(lambda each: {"weight_map": each}),
    )
)
def test_any_index(bundle: Bundle, said: object) -> None:
    with folder() as place:
        save_file({NAME: torch.ones(80, 128)}, place / "one.safetensors")
        torch.save({"other": torch.ones(3)}, place / "two.bin")
        (place / f"{MAIN}.safetensors.index.json").write_text(json.dumps(said))
        read(place, bundle)


@few
@given(names=st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), max_size=4))
def test_any_names_of_files_in_a_folder(bundle: Bundle, names: list[str]) -> None:
    with folder() as place:
        for name in names:
            with suppress(OSError, ValueError):  # of names that no file can have
                (place / name.replace("/", "")).write_bytes(b"{}")
        read(place, bundle)
