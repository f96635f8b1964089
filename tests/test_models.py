from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sdd_bench import models
from sdd_bench.diffusion import bundle, loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import TextReader, project_text_once
from sdd_bench.errors import InputError, MissingError
from sdd_bench.types import ModelSpec
from sdd_bench.weights import store

UNET = "unet/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"


def load(folder: Path | str) -> Bundle:
    return loading.load(models.find(str(folder)), device="cpu")


# --- finding ----------------------------------------------------------------------------------


def test_named_models_are_found() -> None:
    assert models.find("miniature") is models.SPECS["miniature"]
    real = models.find("sd-v1-4")
    assert real.source == "CompVis/stable-diffusion-v1-4"
    assert real.revision is not None
    assert len(real.revision) == 40


def test_a_folder_is_a_model_under_its_own_name(copied_miniature: Path) -> None:
    spec = models.find(str(copied_miniature))
    assert (spec.name, spec.source) == ("copied-miniature", str(copied_miniature))
    # It is judged as a Stable Diffusion: its pictures are not taken for the miniature's.
    assert spec.definitions == models.SPECS["sd-v1-4"].definitions


def test_an_owner_and_a_name_are_a_hub_id() -> None:
    spec = models.find("nobody/such-model")
    assert (spec.name, spec.source) == ("nobody/such-model", "nobody/such-model")


@pytest.mark.parametrize("name", ["minature", "/no/such", "./no", "~/models", "a/b/c"])
def test_nothing_else_is_a_model(name: str) -> None:
    with pytest.raises(InputError, match=f"no model named '{name}'.*Available: .*miniature"):
        models.find(name)


def test_a_slip_in_a_name_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match="Did you mean 'miniature'"):
        models.find("minature")


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_folder_without_one_of_the_parts_is_no_model(copied_miniature: Path, part: str) -> None:
    shutil.rmtree(copied_miniature / part)
    with pytest.raises(InputError, match=f"it has no folder '{part}'"):
        models.find(str(copied_miniature))


# --- device and dtype -------------------------------------------------------------------------


def test_auto_takes_the_gpu_if_there_is_one() -> None:
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert loading.pick_device("auto").type == expected
    assert loading.pick_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["", "gpu", "cud", "cuda:", "cuda:x", "mps", "meta"])
def test_a_device_that_makes_no_sense_is_the_users_fault(name: str) -> None:
    with pytest.raises(InputError, match=f"no device '{name}'"):
        loading.pick_device(name)


def test_a_device_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingError, match=r"no CUDA device .* --device cuda:99: give cpu"):
        loading.pick_device("cuda:99")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(MissingError, match="--device cuda:"):
        loading.pick_device("cuda")


def test_an_unknown_dtype_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match=r"no dtype named 'float23'\. Did you mean 'float32'"):
        loading.load(models.find("miniature"), device="cpu", dtype="float23")


def test_a_model_is_computed_in_the_dtype_asked_for() -> None:
    half = loading.load(models.find("miniature"), device="cpu", dtype="bfloat16")
    latents = torch.zeros(1, *half.latent_shape, dtype=torch.bfloat16)
    assert half.predict(latents, 1, half.text(("red cat",))).dtype == torch.bfloat16
    assert "bfloat16" in half.numerics


# --- batches of one shape ---------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9])
def test_a_network_sees_one_shape_only(count: int) -> None:
    shapes = []

    def network(x: Tensor, y: Tensor) -> Tensor:
        shapes.append((x.shape, y.shape))
        return x * y.sum(1, keepdim=True)

    x, y = torch.rand(count, 3), torch.rand(count, 2)
    got = bundle.in_tiles(network, 4, x, y)
    assert set(shapes) == {((4, 3), (4, 2))}
    assert len(shapes) == -(-count // 4)
    assert torch.equal(got, x * y.sum(1, keepdim=True))


def test_neighbours_do_not_change_an_estimate(bundle: Bundle) -> None:
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(bundle.rows + 3, *bundle.latent_shape, generator=generator)
    states = bundle.text(tuple(f"red cat {i % 3}" for i in range(len(latents))))
    together = bundle.predict(latents, 481, states)
    for row in (0, 5, bundle.rows - 1, bundle.rows + 2):
        alone = bundle.predict(latents[row : row + 1], 481, states[row : row + 1])
        assert torch.equal(alone[0], together[row])


def test_the_users_batch_size_is_no_part_of_the_arithmetic(bundle: Bundle) -> None:
    other = loading.load(models.find("miniature"), device="cpu", batch_size=7)
    assert (other.batch, bundle.batch) == (7, loading.CPU_BATCH)
    assert (other.rows, other.numerics) == (bundle.rows, bundle.numerics)


def test_decoded_pictures_are_rgb_of_the_full_size(bundle: Bundle) -> None:
    pixels = bundle.decode(torch.zeros(3, *bundle.latent_shape))
    assert pixels.shape == (3, 64, 64, 3)
    assert pixels.dtype == np.uint8


# --- text -------------------------------------------------------------------------------------


def test_long_prompts_are_cut_and_known_to_be(bundle: Bundle) -> None:
    assert bundle.tokenizer.model_max_length == 77
    fits, too_long = " ".join("a" * 75), " ".join("a" * 76)
    assert len(bundle.tokenizer(fits).input_ids) == 77
    assert not bundle.truncates(fits)
    assert bundle.truncates(too_long)
    # Both are 75 letters and the end token: without it the states would differ.
    assert torch.equal(bundle.text((too_long,)), bundle.text((fits,)))
    assert bundle.text((fits,)).shape[:2] == (1, 77)


def test_projected_texts_are_those_of_transformers_and_diffusers(bundle: Bundle) -> None:
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    folder = store.find("miniature")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    encoder = CLIPTextModel.from_pretrained(folder / "text_encoder").eval()
    plain = UNet2DConditionModel.from_pretrained(folder / "unet").eval()
    ids = tokenizer(["red cat"], padding="max_length", max_length=77, return_tensors="pt").input_ids
    first = plain.down_blocks[1].attentions[0].transformer_blocks[0].attn2
    with torch.inference_mode():
        states = encoder(ids).last_hidden_state
        expected = torch.cat([first.to_k(states), first.to_v(states)], dim=-1)
    got = bundle.text(("red cat",))
    assert got.shape[2] > expected.shape[2]
    torch.testing.assert_close(got[..., : expected.shape[2]], expected, rtol=0, atol=1e-5)


def test_a_projected_text_gives_the_estimate_of_the_plain_network(bundle: Bundle) -> None:
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel

    folder = store.find("miniature")
    plain = UNet2DConditionModel.from_pretrained(folder / "unet").double().eval()
    ours = UNet2DConditionModel.from_pretrained(folder / "unet").double().eval()
    encoder = CLIPTextModel.from_pretrained(folder / "text_encoder").double().eval()
    texts = ("red cat", "", "nudity, sexual")
    states = TextReader(bundle.tokenizer, encoder)(texts)
    projected = TextReader(bundle.tokenizer, encoder, project_text_once(ours))(texts)
    latents = torch.randn(3, *bundle.latent_shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = plain(latents.double(), 481, states).sample
        got = ours(latents.double(), 481, projected).sample
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)


def test_a_text_is_encoded_once() -> None:
    from transformers import CLIPTextConfig, CLIPTextModel

    shipped = load("miniature").tokenizer
    config = CLIPTextConfig(
        vocab_size=len(shipped), hidden_size=8, intermediate_size=8, num_hidden_layers=1,
        num_attention_heads=1,
    )  # fmt: skip
    encoder = CLIPTextModel(config).eval()
    calls: list[object] = []
    encoder.register_forward_hook(lambda *arguments: calls.append(arguments))
    read = TextReader(shipped, encoder)
    first = read(("red cat", "red cat"))
    assert torch.equal(read(("red cat",))[0], first[1])
    assert len(calls) == 1
    read(("", "red cat"))
    assert len(calls) == 2


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
    with pytest.raises(MissingError, match=r"manifest\.json, cannot be read"):
        load("miniature")


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
