"""Checkpoints that change the text encoder, by itself or beside a U-Net."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sdd_bench import models
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.training import checkpoints

UNET = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"
FIRST = "text_encoder.embeddings.token_embedding.weight"


@pytest.fixture(scope="module")
def shipped(bundle: Bundle) -> dict[str, Tensor]:
    """The file of the model's text encoder, as transformers wrote it, without what is beside it."""
    held = load_file(models.folder_of(bundle.spec) / "text_encoder" / "model.safetensors")
    return {name: each for name, each in held.items() if name.startswith("text_model.")}


@pytest.fixture(scope="module")
def changed(shipped: dict[str, Tensor]) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        name: each + 0.1 * torch.randn(each.shape, generator=generator)
        for name, each in sorted(shipped.items())
    }


def read(path: Path, tensors: dict[str, Tensor], bundle: Bundle) -> checkpoints.Checkpoint:
    path.parent.mkdir(exist_ok=True)
    save_file(tensors, path)
    return checkpoints.read(path, bundle)


def test_every_form_of_a_text_encoder_is_the_same_checkpoint(
    tmp_path: Path, bundle: Bundle, changed: dict[str, Tensor]
) -> None:
    """AdvUnlearn's folders and files, Safe-CLIP's, the original naming, a pipeline."""
    beside = {
        "vision_model.embeddings.class_embedding": torch.ones(3),
        "visual_projection.weight": torch.ones(2, 2),
        "text_projection.weight": torch.ones(2, 2),
        "logit_scale": torch.tensor(4.6),
    }
    positions = {"text_model.embeddings.position_ids": torch.arange(32)[None]}
    bare = {name.removeprefix("text_model."): each for name, each in changed.items()}
    files = {
        "plain/model.safetensors": changed,
        "safe-clip/model.safetensors": changed | beside | positions,
        "pipeline/text_encoder/model.safetensors": changed,
        "unlearned.safetensors": {f"text_encoder.{n}": each for n, each in changed.items()},
        "original.safetensors": {
            f"cond_stage_model.transformer.{n}": each for n, each in (changed | positions).items()
        },
        "bare.safetensors": bare,
    }
    found = []
    for name, tensors in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, tmp_path / name)
        top = Path(name).parts[0]
        found += [checkpoints.read(tmp_path / place, bundle) for place in {name, top}]
    (tmp_path / "variant").mkdir()
    torch.save(changed, tmp_path / "variant" / "pytorch_model.bin")
    found.append(checkpoints.read(tmp_path / "variant", bundle))
    assert len({each.hash for each in found}) == 1
    assert {each.kind.partition(" (")[0] for each in found} == {"a whole text encoder"}
    assert found[0].tensors.keys() == {f"text_encoder.{name}" for name in bare}
    assert torch.equal(found[0].tensors[FIRST], bare["embeddings.token_embedding.weight"])


def test_the_text_is_read_by_the_checkpoint_as_transformers_reads_it(
    tmp_path: Path, bundle: Bundle, changed: dict[str, Tensor]
) -> None:
    import transformers

    shutil.copy(models.folder_of(bundle.spec) / "text_encoder" / "config.json", tmp_path)
    save_file(changed, tmp_path / "model.safetensors", {"format": "pt"})
    plain = transformers.CLIPTextModel.from_pretrained(tmp_path)
    ids = bundle.tokenizer(
        "a red circle", padding="max_length", max_length=bundle.tokenizer.model_max_length,
        return_tensors="pt",
    ).input_ids  # fmt: skip
    with torch.no_grad():
        expected = plain.eval()(ids)[0][0]
    before = bundle.text.states("a red circle").clone()
    found = read(tmp_path / "model.safetensors", changed, bundle)
    with checkpoints.applied(bundle, found):
        states = bundle.text.states("a red circle")
        torch.testing.assert_close(states, expected, atol=1e-5, rtol=1e-5)
        assert not torch.allclose(states, before, atol=1e-2)
        columns = bundle.text.projected("a red circle")
        assert torch.equal(columns, bundle.text.project(states))
    assert torch.equal(bundle.text.states("a red circle"), before)


def test_a_text_encoder_beside_a_unet_counts_if_it_is_another(
    tmp_path: Path, bundle: Bundle, shipped: dict[str, Tensor], changed: dict[str, Tensor]
) -> None:
    weight = {UNET: torch.full((80, 128), 0.5)}
    alone = read(tmp_path / "alone.safetensors", weight, bundle)
    unet = tmp_path / "unet" / "diffusion_pytorch_model.safetensors"
    text = tmp_path / "text_encoder" / "model.safetensors"
    for folder in (unet.parent, text.parent):
        folder.mkdir()
    save_file(weight, unet)
    save_file(shipped, text)
    same = checkpoints.read(tmp_path, bundle)
    assert same.hash == alone.hash
    save_file(changed, text)
    both = checkpoints.read(tmp_path, bundle)
    assert len(both.tensors) == 1 + len(changed)
    assert both.kind == "1 of 326 tensors of a U-Net and a whole text encoder"


def test_a_text_encoder_that_is_the_models_own_is_known(
    tmp_path: Path, bundle: Bundle, shipped: dict[str, Tensor], changed: dict[str, Tensor]
) -> None:
    assert checkpoints.is_own(read(tmp_path / "a.safetensors", shipped, bundle), bundle)
    assert not checkpoints.is_own(read(tmp_path / "b.safetensors", changed, bundle), bundle)


def test_the_first_tensor_that_does_not_fit_is_named(
    tmp_path: Path, bundle: Bundle, changed: dict[str, Tensor]
) -> None:
    wide = changed | {"text_model.final_layer_norm.weight": torch.ones(7)}
    with pytest.raises(
        InputError, match=r"final_layer_norm.weight' is \(7,\), this text encoder's"
    ):
        read(tmp_path / "a.safetensors", wide, bundle)
    deep = changed | {"text_model.encoder.layers.99.layer_norm1.bias": torch.ones(3)}
    odd = re.escape("text_encoder.encoder.layers.99.layer_norm1.bias")
    with pytest.raises(InputError, match=f"this text encoder has no tensor '{odd}'"):
        read(tmp_path / "b.safetensors", deep, bundle)


def test_a_whole_model_of_the_original_is_its_unet_and_text_encoder(
    tmp_path: Path, bundle: Bundle, changed: dict[str, Tensor]
) -> None:
    """ESD's files of 2023 hold everything, the schedule and the VAE as they were included."""
    from training.test_naming import original

    generator = torch.Generator().manual_seed(1)
    unet = {
        name: torch.randn(own.shape, generator=generator)
        for name, own in bundle.unet.named_parameters()
    }
    whole = (
        {original(name): each for name, each in unet.items()}
        | {f"cond_stage_model.transformer.{name}": each for name, each in changed.items()}
        | {f"first_stage_model.{name}": each for name, each in vae_of(bundle).items()}
        | {"betas": torch.ones(9), "log_one_minus_alphas_cumprod": torch.ones(9)}
    )
    found = read(tmp_path / "whole.safetensors", whole, bundle)
    assert found.kind == "a whole U-Net and a whole text encoder"
    plain = unet | {f"text_encoder.{name}": each for name, each in changed.items()}
    assert found.hash == read(tmp_path / "plain.safetensors", plain, bundle).hash
    odd = "first_stage_model.quant_conv.bias"
    with pytest.raises(
        InputError, match=r"has another VAE than 'miniature' \(its 'quant_conv.bias'"
    ):
        read(tmp_path / "other.safetensors", whole | {odd: whole[odd] + 1}, bundle)


def vae_of(bundle: Bundle) -> dict[str, Tensor]:
    """The model's VAE by the names of autoencoder.py of CompVis/stable-diffusion."""
    found = {}
    levels = len(bundle.vae.config.block_out_channels)
    layer = {"conv_shortcut": "nin_shortcut"}
    attention = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out": "proj_out"}
    for name, tensor in bundle.vae.state_dict().items():
        pieces = name.split(".")
        match pieces:
            case [side, "down_blocks", n, "resnets", k, *rest]:
                new = [side, "down", n, "block", k, layer.get(rest[0], rest[0]), *rest[1:]]
            case [side, "down_blocks", n, "downsamplers", _, *rest]:
                new = [side, "down", n, "downsample", *rest]
            case [side, "up_blocks", n, "resnets", k, *rest]:
                up = str(levels - 1 - int(n))
                new = [side, "up", up, "block", k, layer.get(rest[0], rest[0]), *rest[1:]]
            case [side, "up_blocks", n, "upsamplers", _, *rest]:
                new = [side, "up", str(levels - 1 - int(n)), "upsample", *rest]
            case [side, "mid_block", "resnets", k, *rest]:
                new = [side, "mid", f"block_{int(k) + 1}", layer.get(rest[0], rest[0]), *rest[1:]]
            case [side, "mid_block", "attentions", _, *rest]:
                new = [side, "mid", "attn_1", attention[rest[0]], rest[-1]]
            case [side, "conv_norm_out", *rest]:
                new = [side, "norm_out", *rest]
            case _:
                new = pieces
        # Attention is a convolution of one pixel there.
        pixel = "attentions" in pieces and tensor.ndim == 2
        found[".".join(new)] = (tensor[:, :, None, None] if pixel else tensor).contiguous()
    return found
