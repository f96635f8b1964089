"""Weights of other tools: what they are taken for, that they are applied, what is refused."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from sdd_bench.diffusion import loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.training import checkpoints
from sdd_bench.training.packed import METADATA

LAYER = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q"
NAME = f"{LAYER}.weight"


@pytest.fixture(scope="module")
def whole(bundle: Bundle) -> dict[str, Tensor]:
    """Every tensor of the miniature's U-Net, each a little different."""
    generator = torch.Generator().manual_seed(0)
    return {
        name: (p + 0.01 * torch.randn(p.shape, generator=generator)).contiguous()
        for name, p in bundle.unet.named_parameters()
    }


@pytest.fixture(scope="module")
def part(whole: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in whole.items() if "attn2" in name}


def test_a_folder_of_diffusers_is_a_whole_unet(
    tmp_path: Path, bundle: Bundle, whole: dict[str, Tensor]
) -> None:
    (tmp_path / "unet").mkdir()
    save_file(whole, tmp_path / "unet" / "diffusion_pytorch_model.safetensors")
    of_pipeline = checkpoints.read(tmp_path, bundle)
    of_unet = checkpoints.read(tmp_path / "unet", bundle)
    assert of_pipeline.kind == of_unet.kind == "a whole U-Net"
    assert of_pipeline.hash == of_unet.hash


@pytest.mark.parametrize("ending", ["safetensors", "pt", "bin", "ckpt"])
@pytest.mark.parametrize("prefix", ["", "unet."])
def test_state_dicts_are_taken_whole_or_in_part(
    tmp_path: Path, bundle: Bundle, part: dict[str, Tensor], ending: str, prefix: str
) -> None:
    path = tmp_path / f"weights.{ending}"
    tensors = {f"{prefix}{name}": tensor for name, tensor in part.items()}
    if ending == "safetensors":
        save_file(tensors, path)
    else:
        torch.save({"state_dict": tensors} if ending == "ckpt" else tensors, path)
    found = checkpoints.read(path, bundle)
    count = len(dict(bundle.unet.named_parameters()))
    assert found.kind == f"{len(part)} of {count} tensors of a U-Net"
    assert found.hash == checkpoints.Checkpoint("", part).hash
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in part.items())


def test_a_file_that_is_overwritten_changes_no_weights_that_were_read(
    tmp_path: Path, bundle: Bundle, part: dict[str, Tensor]
) -> None:
    path = tmp_path / "weights.safetensors"
    save_file(part, path)
    found = checkpoints.read(path, bundle)
    with path.open("r+b") as file:  # in place, as `cp` does
        file.seek(-100_000, 2)
        file.write(bytes(100_000))
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in part.items())


def test_weights_are_applied_and_taken_back(bundle: Bundle, part: dict[str, Tensor]) -> None:
    latents = torch.randn(2, *bundle.latent_shape, generator=torch.Generator().manual_seed(1))
    texts = ("nudity", "red cat")
    before = bundle.predict(latents, 481, bundle.text(texts))
    with checkpoints.applied(bundle, checkpoints.Checkpoint("", part)):
        within = bundle.predict(latents, 481, bundle.text(texts))
        held = dict(bundle.unet.named_parameters())
        assert all(torch.equal(held[name], tensor) for name, tensor in part.items())
    after = bundle.predict(latents, 481, bundle.text(texts))
    assert torch.equal(before, after)
    assert float((within - before).abs().max()) > 1e-3


def test_the_hash_is_of_names_and_numbers(part: dict[str, Tensor]) -> None:
    first = checkpoints.Checkpoint("one", part)
    assert first.hash == checkpoints.Checkpoint("other", dict(reversed(part.items()))).hash
    changed = part | {NAME: part[NAME] + 1e-3}
    assert checkpoints.Checkpoint("one", changed).hash != first.hash


# --- LoRA -------------------------------------------------------------------------------------


def peft(up: Tensor, down: Tensor) -> dict[str, Tensor]:
    return {f"unet.{LAYER}.lora_A.weight": down, f"unet.{LAYER}.lora_B.weight": up}


def old(up: Tensor, down: Tensor) -> dict[str, Tensor]:
    processor = LAYER.replace("attn2.to_q", "attn2.processor.to_q_lora")
    return {f"unet.{processor}.down.weight": down, f"unet.{processor}.up.weight": up}


def with_alpha(up: Tensor, down: Tensor) -> dict[str, Tensor]:
    return {
        f"{LAYER}.lora.down.weight": down,
        f"{LAYER}.lora.up.weight": up / 2,
        f"{LAYER}.alpha": torch.tensor(2.0 * len(down)),
    }


@pytest.mark.parametrize("written", [peft, old, with_alpha])
def test_an_adapter_is_added_to_its_layer(
    tmp_path: Path, bundle: Bundle, written: Callable[[Tensor, Tensor], dict[str, Tensor]]
) -> None:
    own = dict(bundle.unet.named_parameters())[NAME]
    up, down = torch.randn(own.shape[0], 2), torch.randn(2, own.shape[1])
    save_file(written(up, down), tmp_path / "lora.safetensors")
    found = checkpoints.read(tmp_path / "lora.safetensors", bundle)
    assert found.kind.startswith("a LoRA adapter, its scale ")
    assert found.tensors.keys() == {NAME}
    torch.testing.assert_close(found.tensors[NAME], own + up @ down)


def test_an_adapter_of_no_layer_is_refused(tmp_path: Path, bundle: Bundle) -> None:
    tensors = {
        "mid.to_q.lora_A.weight": torch.ones(2, 3),
        "mid.to_q.lora_B.weight": torch.ones(3, 2),
    }
    save_file(tensors, tmp_path / "lora.safetensors")
    with pytest.raises(InputError, match="another architecture: its adapter of 'mid"):
        checkpoints.read(tmp_path / "lora.safetensors", bundle)


# --- what is refused --------------------------------------------------------------------------


def test_the_first_tensor_that_does_not_fit_is_named(
    tmp_path: Path, bundle: Bundle, part: dict[str, Tensor]
) -> None:
    path = tmp_path / "weights.safetensors"
    save_file(part | {NAME: torch.zeros(3, 3)}, path)
    with pytest.raises(InputError, match=rf"another architecture: its '{NAME}' is \(3, 3\), this"):
        checkpoints.read(path, bundle)
    save_file(part | {"another.weight": torch.zeros(3)}, path)
    with pytest.raises(InputError, match=r"this U-Net has no tensor 'another\.weight'"):
        checkpoints.read(path, bundle)


def test_code_in_a_pickle_is_never_run(tmp_path: Path, bundle: Bundle) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return eval, (f"open({str(tmp_path / 'run')!r}, 'w')",)

    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputError, match="no state dict that can be read safely"):
        checkpoints.read(path, bundle)
    torch.save({"a": Evil()}, path)
    with pytest.raises(InputError, match="no state dict that can be read safely"):
        checkpoints.read(path, bundle)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x10\0\0\0\0\0\0\0{}"])
@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_damaged_files_are_refused(
    tmp_path: Path, bundle: Bundle, content: bytes, ending: str
) -> None:
    path = tmp_path / f"weights.{ending}"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no state dict that can be read safely"):
        checkpoints.read(path, bundle)


def test_other_things_are_no_state_dicts(tmp_path: Path, bundle: Bundle) -> None:
    with pytest.raises(InputError, match="there is no checkpoint"):
        checkpoints.read(tmp_path / "absent.pt", bundle)
    with pytest.raises(InputError, match="is no checkpoint: it has neither"):
        checkpoints.read(tmp_path, bundle)
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(InputError, match="holds no state dict: a dict from names"):
        checkpoints.read(tmp_path / "list.pt", bundle)
    torch.save({"epoch": 3}, tmp_path / "numbers.pt")
    with pytest.raises(InputError, match="its entry 'epoch' is no tensor"):
        checkpoints.read(tmp_path / "numbers.pt", bundle)


def test_a_checkpoint_of_ours_belongs_to_its_model(
    tmp_path: Path, bundle: Bundle, part: dict[str, Tensor]
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    about = {"method": "sdd", "iterations": 7, "model": "other", "model_hash": "0" * 64}
    save_file(part, path, {METADATA: json.dumps(about)})
    with pytest.raises(InputError, match="was trained on another model \\('other'\\) than 'minia"):
        checkpoints.read(path, bundle)
    save_file(part, path, {METADATA: json.dumps(about | {"model_hash": bundle.hash})})
    assert checkpoints.read(path, bundle).kind == "sdd, trained by sdd-bench for 7 iterations"
    save_file(part, path, {METADATA: "{"})
    with pytest.raises(InputError, match="damaged: its description cannot be read"):
        checkpoints.read(path, bundle)


def test_weights_on_the_way_have_two_roles(
    tmp_path: Path, bundle: Bundle, part: dict[str, Tensor]
) -> None:
    path = tmp_path / "step-000002.safetensors"
    about = {"method": "sdd", "iterations": 2, "model": "m", "model_hash": bundle.hash}
    both = {f"student/{name}": tensor for name, tensor in part.items()}
    both |= {f"teacher/{name}": tensor + 1 for name, tensor in part.items()}
    save_file(both, path, {METADATA: json.dumps(about)})
    assert checkpoints.roles(path) == ("student", "teacher")
    for role in checkpoints.ROLES:
        found = checkpoints.read(path, bundle, role)
        assert torch.equal(found.tensors[NAME], part[NAME] + (role == "teacher"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"step-000002\.safetensors is damaged or cut off"):
        checkpoints.roles(path)


def test_half_precision_weights_fit_a_model_in_single_precision(
    bundle: Bundle, part: dict[str, Tensor]
) -> None:
    halved = checkpoints.Checkpoint("", {name: tensor.half() for name, tensor in part.items()})
    with checkpoints.applied(bundle, halved):
        held = dict(bundle.unet.named_parameters())[NAME]
        assert held.dtype == torch.float32
        torch.testing.assert_close(held.data, part[NAME].half().float())
    assert replace(bundle).hash == loading.load(bundle.spec, device="cpu").hash


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_an_image_is_a_function_of_the_weights_wherever_they_come_from(
    bundle: Bundle, share: float
) -> None:
    """Also of convolutions of one pixel, of which two layouts in memory look alike."""
    names = sorted(name for name, _ in bundle.unet.named_parameters())
    own = dict(bundle.unet.named_parameters())
    kept = names[: max(1, int(share * len(names)))]
    brought = checkpoints.Checkpoint("", {name: own[name].detach().clone() for name in kept})
    contiguous = {name: tensor.contiguous() for name, tensor in brought.tensors.items()}
    layout = {name: (own[name].stride(), own[name].dtype) for name in names}
    latents = torch.randn(4, *bundle.latent_shape, generator=torch.Generator().manual_seed(0))
    text = ("a red cat",) * 4
    expected = bundle.predict(latents, 500, bundle.text(text))
    with checkpoints.applied(bundle, checkpoints.Checkpoint("", contiguous)):
        assert {name: (own[name].stride(), own[name].dtype) for name in names} == layout
        assert torch.equal(bundle.predict(latents, 500, bundle.text(text)), expected)


def test_weights_that_are_the_models_own_are_known(bundle: Bundle, part: dict[str, Tensor]) -> None:
    own = dict(bundle.unet.named_parameters())
    same = {name: own[name].detach().clone().contiguous() for name in list(own)[:20]}
    assert checkpoints.is_own(checkpoints.Checkpoint("", same), bundle)
    assert not checkpoints.is_own(checkpoints.Checkpoint("", same | part), bundle)
