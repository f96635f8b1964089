"""Loading a model: device, dtype, and which weights are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
import transformers
from huggingface_hub.utils.tqdm import are_progress_bars_disabled
from safetensors.torch import load_file, save_file

from sdd_bench import models
from sdd_bench.diffusion import loading, profile
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError, MissingError
from sdd_bench.types import ModelSpec
from support.models import load

UNET = "unet/diffusion_pytorch_model.safetensors"

TEXT = "text_encoder/model.safetensors"


# --- device and dtype -------------------------------------------------------------------------


def test_auto_takes_the_gpu_if_there_is_one() -> None:
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert loading.pick_device("auto").type == expected
    assert loading.pick_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "gpu",
        "cud",
        "cuda:",
        "cuda:x",
        "cuda:01",
        "cuda:-1",
        "CPU",
        "cpu:0",
        "mps",
        "tpu",
        "meta",
    ],
)
def test_a_device_that_makes_no_sense_is_the_users_fault(name: str) -> None:
    with pytest.raises(InputError, match=f"no device '{name}'"):
        loading.pick_device(name)


def test_a_device_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    for name in ("cuda", "cuda:0", "cuda:99", "cuda:128", "cuda:99999999999999999999"):
        said = f"^no CUDA device on this machine for --device {name}: give cpu or auto$"
        with pytest.raises(MissingError, match=said):
            loading.pick_device(name)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert loading.pick_device("cuda:1") == torch.device("cuda:1")
    for name in ("cuda:2", "cuda:128", "cuda:" + "9" * 5000):
        with pytest.raises(MissingError, match=r"\(it has cuda:0 to cuda:1\): give cpu or auto$"):
            loading.pick_device(name)


def test_a_device_is_named_without_steering_the_terminal() -> None:
    with pytest.raises(InputError, match=r"no device '\\x1b\[2J':"):
        loading.pick_device("\x1b[2J")


def test_an_unknown_dtype_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match=r"no dtype named 'float23'\. Did you mean 'float32'"):
        loading.load(models.find("miniature"), device="cpu", dtype="float23")


def test_a_model_is_computed_in_the_dtype_asked_for() -> None:
    half = loading.load(models.find("miniature"), device="cpu", dtype="bfloat16")
    latents = torch.zeros(1, *half.latent_shape, dtype=torch.bfloat16)
    assert half.predict(latents, 1, half.text(("red cat",))).dtype == torch.bfloat16
    assert "bfloat16" in half.numerics


# --- batches of one shape ---------------------------------------------------------------------


def test_the_users_batch_size_is_no_part_of_the_arithmetic(bundle: Bundle) -> None:
    other = loading.load(models.find("miniature"), device="cpu", batch_size=7)
    assert (other.batch, bundle.batch) == (7, loading.CPU_BATCH)
    assert (other.rows, other.numerics) == (bundle.rows, bundle.numerics)


@pytest.mark.parametrize(
    ("device", "side", "batch", "rows"),
    [
        ("cpu", 16, None, 16), ("cpu", 64, None, 2), ("cpu", 16, 1, 16),
        ("cuda", 64, None, 16), ("cuda", 64, 16, 16), ("cuda", 64, 40, 16), ("cuda", 64, 8, 16),
        ("cuda", 64, 4, 8), ("cuda", 64, 1, 2),  # where memory does for no more
        ("cuda", 16, None, 64), ("cuda", 32, None, 64), ("cuda", 96, None, 16),
    ],
)  # fmt: skip
def test_the_rows_of_a_call_are_a_constant(
    device: str, side: int, batch: int | None, rows: int
) -> None:
    assert profile.rows(side, batch, on_cpu=device == "cpu") == rows


@pytest.mark.parametrize("branches", [1, 2, 3, 4])
def test_on_a_gpu_no_row_is_computed_in_vain(branches: int) -> None:
    rows = profile.rows(64, None, on_cpu=False)
    assert (16 * branches) % rows == 0


@pytest.mark.parametrize("dtype", ["auto", "float32", "bfloat16"])
def test_a_profile_is_what_the_loaded_model_says_of_itself(dtype: str) -> None:
    spec = models.find("miniature")
    folder = models.folder_of(spec)
    bundle = loading.load(spec, device="cpu", dtype=dtype)
    known = profile.of(folder, models.hash_of(folder), "cpu", dtype, None)
    assert known is not None
    assert (known.hash, known.dtype_name, known.numerics) == (
        bundle.hash,
        bundle.dtype_name,
        bundle.numerics,
    )


def test_there_is_no_profile_of_a_number_type_or_model_that_there_is_not(tmp_path: Path) -> None:
    folder = models.folder_of(models.find("miniature"))
    assert profile.of(folder, "", "cpu", "float64", None) is None
    assert profile.of(tmp_path, "", "cpu", "auto", None) is None


# --- settings of the process ------------------------------------------------------------------


def settings() -> dict[str, object]:
    """All that a notebook may have set, and loading and sampling need otherwise."""
    backends, logs = torch.backends, (transformers.utils.logging, diffusers.utils.logging)
    return {
        "tf32": (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32),
        "precision": torch.get_float32_matmul_precision(),
        "cudnn": (backends.cudnn.deterministic, backends.cudnn.benchmark),
        "verbosity": [log.get_verbosity() for log in logs],
        "bars": [log.is_progress_bar_enabled() for log in logs],
        "hub": are_progress_bars_disabled(),
    }


@pytest.fixture
def notebook() -> Iterator[dict[str, object]]:
    """The settings of a notebook that wants it fast and talkative."""
    backends, logs = torch.backends, (transformers.utils.logging, diffusers.utils.logging)
    with torch.backends.cudnn.flags(
        enabled=True, benchmark=True, deterministic=False, allow_tf32=True
    ):
        backends.cuda.matmul.allow_tf32 = True
        verbosity = [log.get_verbosity() for log in logs]
        for log in logs:
            log.set_verbosity_info()
            log.enable_progress_bar()
        yield settings()
        for log, before in zip(logs, verbosity, strict=True):
            log.set_verbosity(before)
        backends.cuda.matmul.allow_tf32 = False


def test_loading_leaves_a_notebook_as_it_was(
    notebook: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert notebook["tf32"] == (True, True)
    loading.load(models.find("miniature"), device="cpu")
    assert settings() == notebook
    assert capsys.readouterr().err == ""


def test_a_model_that_fails_to_load_leaves_a_notebook_as_it_was(
    notebook: dict[str, object], copied_miniature: Path
) -> None:
    (copied_miniature / UNET).write_bytes(b"no weights")
    with pytest.raises(MissingError):
        load(copied_miniature)
    assert settings() == notebook


def test_within_it_a_gpu_computes_exactly(notebook: dict[str, object]) -> None:
    with loading.exact_numerics():
        inside = settings()
        assert inside["tf32"] == (False, False)
        assert inside["precision"] == "highest"
        assert inside["cudnn"] == (True, False)
        with loading.exact_numerics():
            assert settings() == inside
        assert settings() == inside
    assert settings() == notebook


@pytest.mark.skipif(
    not hasattr(torch.backends, "fp32_precision"), reason="PyTorch knows one way to say it"
)
def test_the_newer_way_to_ask_for_tf32_is_heard_and_kept() -> None:
    cudnn: Any = torch.backends.cudnn
    newer = [torch.backends.cuda.matmul, cudnn.conv]
    before = [owner.fp32_precision for owner in newer]
    try:
        for owner in newer:
            owner.fp32_precision = "tf32"
        with loading.exact_numerics():
            assert [owner.fp32_precision for owner in newer] == ["ieee", "ieee"]
        assert [owner.fp32_precision for owner in newer] == ["tf32", "tf32"]
    finally:
        for owner, value in zip(newer, before, strict=True):
            owner.fp32_precision = value


# --- what the weights are ---------------------------------------------------------------------


def flip_last_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("file", [UNET, TEXT, "scheduler/scheduler_config.json"])
def test_any_changed_bit_is_another_model(
    bundle: Bundle, copied_miniature: Path, file: str
) -> None:
    assert load(copied_miniature).hash == bundle.hash
    path = copied_miniature / file
    if path.suffix == ".json":
        path.write_text(path.read_text().replace("0.012", "0.013"))
    else:
        flip_last_bit(path)
    assert load(copied_miniature).hash != bundle.hash


def test_a_missing_shipped_weight_is_named(copied_miniature: Path) -> None:
    (copied_miniature / UNET).unlink()
    with pytest.raises(MissingError, match=f"{UNET} is missing") as caught:
        load("miniature")
    assert caught.value.exit_code == 3


def test_a_damaged_shipped_weight_is_named_with_both_hashes(copied_miniature: Path) -> None:
    import hashlib

    good = hashlib.sha256((copied_miniature / UNET).read_bytes()).hexdigest()
    flip_last_bit(copied_miniature / UNET)
    bad = hashlib.sha256((copied_miniature / UNET).read_bytes()).hexdigest()
    with pytest.raises(MissingError, match=f"{UNET} is damaged: .* is {bad}, not {good}") as caught:
        load("miniature")
    assert caught.value.exit_code == 3


def test_an_unreadable_manifest_is_named(copied_miniature: Path) -> None:
    (copied_miniature / "manifest.json").write_text("{")
    with pytest.raises(MissingError, match=r"manifest\.json, cannot be read \(not JSON: EOF"):
        load("miniature")


@pytest.mark.parametrize("file", [UNET, TEXT])
def test_a_file_that_is_overwritten_changes_no_model_that_was_loaded(
    copied_miniature: Path, file: str
) -> None:
    path = copied_miniature / file
    whole = {name: tensor.float() for name, tensor in load_file(path).items()}  # as it is computed
    save_file(whole, path, {"format": "pt"})
    model = load(copied_miniature)
    latents = torch.zeros(1, *model.latent_shape)
    before = model.predict(latents, 481, model.text(("red cat",)))
    with path.open("r+b") as opened:  # in place, as `cp` does
        opened.seek(path.stat().st_size // 2)
        opened.write(bytes(path.stat().st_size // 2))
    model.text.states.cache_clear()
    model.text.forget()
    assert torch.equal(model.predict(latents, 481, model.text(("red cat",))), before)


@pytest.mark.parametrize("file", [UNET, TEXT])
@pytest.mark.parametrize("damage", ["absent", "cut", "incomplete"])
def test_a_damaged_model_of_the_users_is_refused(
    copied_miniature: Path, file: str, damage: str
) -> None:
    path = copied_miniature / file
    if damage == "absent":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    else:  # a network that lacks a tensor would draw it at random
        tensors = load_file(path)
        tensors.pop(min(tensors))
        save_file(tensors, path)
    with pytest.raises(MissingError, match="cannot load the model 'copied-miniature' from"):
        load(copied_miniature)


def test_a_model_that_does_not_predict_noise_is_refused(copied_miniature: Path) -> None:
    path = copied_miniature / "scheduler" / "scheduler_config.json"
    path.write_text(path.read_text().replace('"epsilon"', '"v_prediction"'))
    with pytest.raises(InputError, match="predicts 'v_prediction'"):
        load(copied_miniature)


def test_a_hub_id_that_cannot_be_fetched_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> str:
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", offline)
    with pytest.raises(MissingError, match="'nobody/such-model' is not on this machine"):
        loading.load(ModelSpec(name="nobody/such-model", source="nobody/such-model"), device="cpu")
