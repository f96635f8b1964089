"""What a file or folder of weights holds: bounded, named where it is something else."""

from __future__ import annotations

import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.training import checkpoints, state_dicts

NAME = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"
OTHER = NAME.replace("to_k", "to_v")


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


PART = {NAME: drawn(80, 128), OTHER: drawn(80, 128) + 1}


@pytest.fixture(scope="module")
def hash_of_part() -> str:
    return checkpoints.Checkpoint("", PART).hash


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    [["unet"], ["module"], ["model_state_dict"], ["state_dict"], ["model", "unet"], ["anything"]],
    ids=".".join,
)
def test_weights_below_a_key_are_found(
    tmp_path: Path, bundle: Bundle, hash_of_part: str, keys: list[str]
) -> None:
    held: object = PART
    for key in reversed(keys):
        # What a training keeps beside them is none of them.
        held = {key: held, "epoch": 3, "optimizer": {"state": {0: {"step": torch.ones(1)}}}}
    torch.save(held, tmp_path / "weights.pt")
    assert checkpoints.read(tmp_path / "weights.pt", bundle).hash == hash_of_part


def test_weights_below_two_keys_are_refused_with_both(tmp_path: Path, bundle: Bundle) -> None:
    torch.save({"model": PART, "ema": {NAME: PART[NAME]}}, tmp_path / "weights.pt")
    with pytest.raises(InputError, match="holds weights below 'model' and 'ema', and nothing"):
        checkpoints.read(tmp_path / "weights.pt", bundle)


def test_what_lies_beside_the_weights_that_are_read_is_named(
    tmp_path: Path, bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    # As `EMAModel` of diffusers keeps its average: no names, so that it can't be read.
    average = {"decay": 0.9999, "shadow_params": list(PART.values())}
    path = tmp_path / "weights.pt"
    torch.save({"unet": PART, "unet_ema": average, "step": 7}, path)
    assert checkpoints.read(path, bundle).tensors.keys() == PART.keys()
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: the weights below 'unet' are read, and nothing of 'unet_ema', 'step' beside them"
    ]
    caplog.clear()
    torch.save({"unet": PART}, path)
    checkpoints.read(path, bundle)
    assert caplog.records == []


def test_tensors_that_are_numbered_are_no_state_dict(tmp_path: Path, bundle: Bundle) -> None:
    torch.save({0: PART[NAME]}, tmp_path / "weights.pt")
    with pytest.raises(InputError, match="holds no state dict: its entry '0' has no name"):
        checkpoints.read(tmp_path / "weights.pt", bundle)


def test_a_dict_that_holds_itself_is_no_state_dict(tmp_path: Path, bundle: Bundle) -> None:
    held: dict[str, object] = {}
    held |= {str(number): held for number in range(100)}
    torch.save(held, tmp_path / "weights.pt")
    with pytest.raises(InputError, match="its entry '0' is no tensor"):
        checkpoints.read(tmp_path / "weights.pt", bundle)


def test_a_file_is_what_its_bytes_are_whatever_it_is_called(
    tmp_path: Path, bundle: Bundle, hash_of_part: str
) -> None:
    torch.save(PART, tmp_path / "torch.safetensors")
    torch.save(PART, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    save_file(PART, tmp_path / "safe.ckpt")
    for name in ("torch.safetensors", "old.pt", "safe.ckpt"):
        assert checkpoints.read(tmp_path / name, bundle).hash == hash_of_part


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty: fetch"),
        (b"<!DOCTYPE html><html>404</html>", "is a page of HTML or XML"),
        (b'\n <?xml version="1.0"?><Error/>', "is a page of HTML or XML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", r"a pointer of Git LFS"),
        (b'{"error": "Repository not found"}', "is a text in JSON"),
        (b"GGUF\3\0\0\0", r"is quantised \(GGUF\)"),
        (b"nonsense", "neither safetensors nor what torch.save writes"),
        (b"\xff" * 7 + b"\x00{}", "cut off in its table of contents"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
        (b"\x80\x02", "damaged"),
    ],
)
@pytest.mark.parametrize("ending", ["safetensors", "pt", "bin"])
def test_what_lies_in_place_of_weights_is_named(
    tmp_path: Path, bundle: Bundle, data: bytes, said: str, ending: str
) -> None:
    path = tmp_path / f"weights.{ending}"
    path.write_bytes(data)
    with pytest.raises(InputError, match=said) as caught:
        checkpoints.read(path, bundle)
    assert str(caught.value).startswith(f"{path} is no state dict that can be read safely: it ")


@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_a_file_that_is_cut_off_is_said_to_be(tmp_path: Path, bundle: Bundle, ending: str) -> None:
    path = tmp_path / f"weights.{ending}"
    save_file(PART, path) if ending == "safetensors" else torch.save(PART, path)
    whole = path.read_bytes()
    for length in (3, 9, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"damaged|cut off|neither"):
            checkpoints.read(path, bundle)


def test_a_pickle_of_more_than_tensors_is_refused_without_torchs_advice(
    tmp_path: Path, bundle: Bundle
) -> None:
    torch.save(torch.nn.Linear(2, 3), tmp_path / "network.pt")
    with pytest.raises(InputError, match=r"more than tensors \(torch\.nn\.modules\.linear") as held:
        checkpoints.read(tmp_path / "network.pt", bundle)
    assert "weights_only" not in str(held.value)
    assert "safe_globals" not in str(held.value)


def test_pipes_devices_and_dead_links_are_no_files(tmp_path: Path, bundle: Bundle) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    for path in (Path("/dev/zero"), tmp_path / "pipe.safetensors"):
        with pytest.raises(InputError, match="is a pipe or a device, which may have no end"):
            checkpoints.read(path, bundle)
    (tmp_path / "link.pt").symlink_to(tmp_path / "gone.pt")
    with pytest.raises(InputError, match="is a link to a file that is gone"):
        checkpoints.read(tmp_path / "link.pt", bundle)
    with pytest.raises(InputError, match=r"there is no checkpoint|cannot be read"):
        checkpoints.read(tmp_path / ("n" * 5000), bundle)


# --- sizes ------------------------------------------------------------------------------------


def test_an_archive_that_grows_is_refused_before_it_does(tmp_path: Path, bundle: Bundle) -> None:
    """Zeros of 256 MB that take a quarter of a megabyte, where torch.save would pack nothing."""
    buffer = io.BytesIO()
    torch.save({NAME: torch.zeros(1 << 20)}, buffer)
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w") as bomb:
        for entry in source.infolist():
            data = source.read(entry)
            if len(data) == 4 << 20:
                data *= 64
            bomb.writestr(entry.filename, data, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    with pytest.raises(InputError, match=r"packed archive \(.* bytes that unpack to 268,4"):
        checkpoints.read(path, bundle)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 << 20


def test_a_file_many_times_the_model_is_not_read(tmp_path: Path, bundle: Bundle) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte of nothing, which takes no room
    with pytest.raises(InputError, match=r"has 1,099,511,627,776 bytes, many times those of this"):
        checkpoints.read(path, bundle)


def test_a_tensor_that_repeats_one_number_is_refused(tmp_path: Path, bundle: Bundle) -> None:
    path = tmp_path / "view.pt"
    torch.save({NAME: torch.zeros(1).expand(80, 128)}, path)
    with pytest.raises(InputError, match="repeats fewer numbers than its shape has"):
        checkpoints.read(path, bundle)
    # One that would need more memory than there is does not even get there.
    torch.save({NAME: torch.zeros(1).expand(1 << 20, 1 << 20)}, path)
    with pytest.raises(InputError, match="another architecture"):
        checkpoints.read(path, bundle)
    matrices = {"lora_A": (1 << 40, 128), "lora_B": (80, 1 << 40)}
    layer = NAME.removesuffix(".weight")
    torch.save(
        {f"{layer}.{role}.weight": torch.zeros(1).expand(*s) for role, s in matrices.items()}, path
    )
    with pytest.raises(InputError, match="repeats fewer numbers than its shape has"):
        checkpoints.read(path, bundle)


# --- what is no weight ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [torch.int8, torch.uint8, torch.int64, torch.bool, torch.complex64, torch.float8_e4m3fn],
    ids=str,
)
@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_numbers_of_other_types_are_no_weights(
    tmp_path: Path, bundle: Bundle, kind: torch.dtype, ending: str
) -> None:
    path = tmp_path / f"weights.{ending}"
    tensors = {NAME: torch.ones(80, 128).to(kind)}
    save_file(tensors, path) if ending == "safetensors" else torch.save(tensors, path)
    name = str(kind).removeprefix("torch.")
    with pytest.raises(InputError, match=f"its tensor '{NAME}' is of type {name}, not of a float"):
        checkpoints.read(path, bundle)


@pytest.mark.parametrize("kind", state_dicts.FLOATS, ids=str)
def test_all_floating_types_are_weights(tmp_path: Path, bundle: Bundle, kind: torch.dtype) -> None:
    save_file({NAME: PART[NAME].to(kind)}, tmp_path / "weights.safetensors")
    found = checkpoints.read(tmp_path / "weights.safetensors", bundle)
    assert torch.equal(found.tensors[NAME], PART[NAME].to(kind))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_no_weights(
    tmp_path: Path, bundle: Bundle, value: float
) -> None:
    odd = PART[NAME].clone()
    odd[7, 9] = value
    save_file({NAME: odd}, tmp_path / "weights.safetensors")
    with pytest.raises(InputError, match=f"tensor '{NAME}' has numbers that are not finite"):
        checkpoints.read(tmp_path / "weights.safetensors", bundle)


def test_numbers_too_large_for_the_model_are_refused(tmp_path: Path, bundle: Bundle) -> None:
    save_file({NAME: PART[NAME].double() * 1e300}, tmp_path / "weights.safetensors")
    with pytest.raises(InputError, match="too large for float32: they are no weights"):
        checkpoints.read(tmp_path / "weights.safetensors", bundle)


def test_sparse_and_empty_shapes_are_no_weights(tmp_path: Path, bundle: Bundle) -> None:
    path = tmp_path / "weights.pt"
    torch.save({NAME: torch.eye(80, 128).to_sparse()}, path)
    with pytest.raises(InputError, match="is sparse, nested or quantised"):
        checkpoints.read(path, bundle)
    torch.save({NAME: torch.empty(80, 128, device="meta")}, path)
    with pytest.raises(InputError, match="has a shape and no content"):
        checkpoints.read(path, bundle)
