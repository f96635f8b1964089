"""LoRA adapters: which layer, which scale, and what does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.training import checkpoints

LAYER = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
OTHER = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_v"
NAME = f"{LAYER}.weight"
KOHYA = "lora_unet_" + LAYER.replace(".", "_")


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


UP, DOWN = drawn(80, 4), drawn(4, 128, seed=1)


def peft(layer: str = LAYER) -> dict[str, Tensor]:
    return {f"unet.{layer}.lora_A.weight": DOWN, f"unet.{layer}.lora_B.weight": UP}


def scale_of(found: checkpoints.Checkpoint, bundle: Bundle, name: str = NAME) -> float:
    """What the change was multiplied by, to three digits."""
    own = dict(bundle.unet.named_parameters())[name]
    change, added = UP @ DOWN, found.tensors[name] - own
    scale = float((added * change).sum() / (change * change).sum())
    torch.testing.assert_close(added, scale * change, atol=1e-4, rtol=1e-3)
    return round(scale, 3)


def config(**settings: object) -> dict[str, Any]:
    return {"peft_type": "LORA", "r": 4, "lora_alpha": 32, **settings}


def beside(folder: Path, settings: object) -> Path:
    """A folder of PEFT."""
    save_file(
        {name.replace("unet.", "base_model.model."): each for name, each in peft().items()},
        folder / "adapter_model.safetensors",
    )
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    return folder


def inside(folder: Path, settings: object) -> Path:
    """A file of diffusers that carries its configuration."""
    path = folder / "lora.safetensors"
    save_file(peft(), path, {"format": "pt", "lora_adapter_metadata": json.dumps(settings)})
    return path


# --- scales: alpha / rank, 32 / 4 = 8 (Hu et al., 2022, section 4.1) ---------------------------


@pytest.mark.parametrize(
    ("settings", "scale"),
    [
        (config(), 8.0),
        (config(lora_alpha=4), 1.0),
        (config(lora_alpha=2.0), 0.5),
        (config(use_rslora=True), 16.0),  # 32 / sqrt(4): Kalajdzievski, 2023
        (config(alpha_pattern={"attn2.to_k": 16}), 4.0),
        (config(alpha_pattern={LAYER: 16}), 4.0),
        (config(alpha_pattern={f"^{LAYER}": 16}), 4.0),
        (config(alpha_pattern={"2.to_k": 16}), 8.0),  # no name ends in the middle of a word
        (config(alpha_pattern={"^to_k": 16}), 8.0),
        (config(r=8, rank_pattern={"to_k": 4}), 8.0),
    ],
)
def test_the_scale_is_that_of_the_configuration(
    tmp_path: Path, bundle: Bundle, settings: dict[str, Any], scale: float
) -> None:
    for path in (beside(tmp_path, settings), tmp_path / "adapter_model.safetensors"):
        assert scale_of(checkpoints.read(path, bundle), bundle) == scale
    (tmp_path / "other").mkdir()
    for each in (settings, {f"unet.{key}": value for key, value in settings.items()}):
        path = inside(tmp_path / "other", each)
        assert scale_of(checkpoints.read(path, bundle), bundle) == scale


def test_an_adapter_is_the_same_wherever_its_alpha_stands(tmp_path: Path, bundle: Bundle) -> None:
    alpha = {f"unet.{LAYER}.alpha": torch.tensor(32.0)}
    save_file(peft() | alpha, tmp_path / "alpha.safetensors")
    kohya = {
        f"{KOHYA}.lora_down.weight": DOWN,
        f"{KOHYA}.lora_up.weight": UP,
        f"{KOHYA}.alpha": torch.tensor(32.0),
    }
    save_file(kohya, tmp_path / "kohya.safetensors")
    (tmp_path / "peft").mkdir()
    paths = [
        tmp_path / "alpha.safetensors",
        tmp_path / "kohya.safetensors",
        inside(tmp_path, config()),
        beside(tmp_path / "peft", config()),
    ]
    found = [checkpoints.read(path, bundle) for path in paths]
    assert {each.hash for each in found} == {found[0].hash}
    assert scale_of(found[0], bundle) == 8.0
    assert found[0].kind == "a LoRA adapter, its scale 8"


def test_a_scale_that_nothing_says_is_one_and_is_said_to_be(tmp_path: Path, bundle: Bundle) -> None:
    save_file(peft(), tmp_path / "lora.safetensors")
    found = checkpoints.read(tmp_path / "lora.safetensors", bundle)
    assert scale_of(found, bundle) == 1.0
    assert found.kind == "a LoRA adapter, its scale taken to be 1 where the file says none"


def test_two_scales_are_refused_with_both(tmp_path: Path, bundle: Bundle) -> None:
    folder = beside(tmp_path, config())
    tensors = peft() | {f"{LAYER}.alpha": torch.tensor(4.0)}
    save_file(tensors, folder / "adapter_model.safetensors")
    with pytest.raises(InputError, match=r"has two scales .*: 1 \(.*\) and 8 \(.*config\.json\)"):
        checkpoints.read(folder, bundle)


def test_a_configuration_of_something_else_is_not_asked(tmp_path: Path, bundle: Bundle) -> None:
    """Only PEFT's own file belongs to it, or one that says nothing by itself."""
    beside(tmp_path, config(r=16))
    save_file(peft() | {f"{LAYER}.alpha": torch.tensor(32.0)}, tmp_path / "mine.safetensors")
    assert scale_of(checkpoints.read(tmp_path / "mine.safetensors", bundle), bundle) == 8.0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (config(r=8), "says that the rank of .* is 8, and it is 4"),
        (config(peft_type="LOHA"), "is of the type 'LOHA', and only LORA"),
        (config(use_dora=True), "is DoRA, which does more than add"),
        (config(init_lora_weights="pissa_niter_4"), "is 'pissa_niter_4', which does more"),
        (config(alpha_pattern={"(a+)+$": 3}), r"the regular expression '\(a\+\)\+\$'"),
        (config(lora_alpha="32"), "lora_alpha should be a valid number"),
        (config(lora_alpha=1e400), "no finite scale"),
        ({"r": 4}, "lora_alpha is missing"),
        ([], "cannot be used"),
        ("x", "cannot be used"),
    ],
)
def test_a_configuration_that_cannot_be_followed_is_refused(
    tmp_path: Path, bundle: Bundle, settings: object, said: str
) -> None:
    (tmp_path / "other").mkdir()
    for path in (beside(tmp_path, settings), inside(tmp_path / "other", settings)):
        with pytest.raises(InputError, match=said):
            checkpoints.read(path, bundle)


def test_a_configuration_nested_without_end_is_refused(tmp_path: Path, bundle: Bundle) -> None:
    beside(tmp_path, {})
    (tmp_path / "adapter_config.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="cannot be used: not JSON"):
        checkpoints.read(tmp_path, bundle)


# --- what does not fit ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("up", "down", "said"),
    [
        ((80, 4), (3, 128), r"two matrices do not fit: \(80, 4\) and \(3, 128\)"),
        ((80, 0), (0, 128), "two matrices do not fit"),
        ((80,), (4, 128), "two matrices do not fit"),
        ((), (), "two matrices do not fit"),
        ((81, 4), (4, 128), r"makes \(81, 128\), this model's weight is \(80, 128\)"),
        ((80, 4, 1, 1), (4, 128, 1, 1), r"makes \(80, 128, 1, 1\)"),
        ((80, 4, 3, 3), (4, 128), r"another architecture: its adapter of"),
    ],
)
def test_matrices_that_do_not_fit_are_named(
    tmp_path: Path, bundle: Bundle, up: tuple[int, ...], down: tuple[int, ...], said: str
) -> None:
    tensors = {f"{LAYER}.lora_A.weight": drawn(*down), f"{LAYER}.lora_B.weight": drawn(*up)}
    save_file(tensors, tmp_path / "lora.safetensors")
    with pytest.raises(InputError, match=said):
        checkpoints.read(tmp_path / "lora.safetensors", bundle)


@pytest.mark.parametrize(
    "alpha",
    [torch.ones(3), torch.ones(0), torch.tensor(True), torch.tensor(1j)],
    ids=["three numbers", "none", "bool", "complex"],
)
def test_an_alpha_that_is_no_number_is_refused(
    tmp_path: Path, bundle: Bundle, alpha: Tensor
) -> None:
    save_file(peft() | {f"{LAYER}.alpha": alpha}, tmp_path / "lora.safetensors")
    with pytest.raises(InputError, match="has an alpha that is no number"):
        checkpoints.read(tmp_path / "lora.safetensors", bundle)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_adapter_of_no_finite_numbers_is_refused(
    tmp_path: Path, bundle: Bundle, value: float
) -> None:
    save_file(peft() | {f"{LAYER}.alpha": torch.tensor(value)}, tmp_path / "alpha.safetensors")
    with pytest.raises(InputError, match="no finite scale"):
        checkpoints.read(tmp_path / "alpha.safetensors", bundle)
    odd = DOWN.clone()
    odd[1, 2] = value
    save_file(peft() | {f"unet.{LAYER}.lora_A.weight": odd}, tmp_path / "down.safetensors")
    with pytest.raises(InputError, match=r"lora_A\.weight' has numbers that are not finite"):
        checkpoints.read(tmp_path / "down.safetensors", bundle)


def test_half_an_adapter_and_two_for_one_layer_are_refused(tmp_path: Path, bundle: Bundle) -> None:
    path = tmp_path / "lora.safetensors"
    save_file({f"{LAYER}.lora_A.weight": DOWN}, path)
    with pytest.raises(InputError, match=f"one of the two matrices of its adapter of '{LAYER}'"):
        checkpoints.read(path, bundle)
    save_file(peft() | {f"{OTHER}.alpha": torch.tensor(1.0)}, path)
    with pytest.raises(InputError, match=f"one of the two matrices of its adapter of '{OTHER}'"):
        checkpoints.read(path, bundle)
    save_file(peft() | {f"{LAYER}.lora.up.weight": UP + 1}, path)
    with pytest.raises(InputError, match=r"under two names, '.*lora\.up.*' and '.*lora_B"):
        checkpoints.read(path, bundle)


# --- kohya's names ----------------------------------------------------------------------------

# openaimodel.py counts for three levels of one layer: the first convolution is block 0, a layer and
# a halving of the first level 1 and 2, so the second level's layer is 3 and has its attention at 1.
KOHYA_ORIGINAL = "lora_unet_input_blocks_3_1_transformer_blocks_0_attn2_to_k"
TEXT_LAYER = "encoder.layers.0.self_attn.k_proj"


def test_kohyas_names_for_the_original_blocks_are_the_same_layers(
    tmp_path: Path, bundle: Bundle
) -> None:
    found = []
    for layer in (KOHYA, KOHYA_ORIGINAL):
        tensors = {f"{layer}.lora_down.weight": DOWN, f"{layer}.lora_up.weight": UP}
        save_file(tensors | {f"{layer}.alpha": torch.tensor(2.0)}, tmp_path / "lora.safetensors")
        found.append(checkpoints.read(tmp_path / "lora.safetensors", bundle))
    assert found[0].hash == found[1].hash
    assert scale_of(found[1], bundle) == 0.5  # 2 / 4


def test_kohyas_names_that_fit_no_layer_are_named(tmp_path: Path, bundle: Bundle) -> None:
    layer = KOHYA_ORIGINAL.replace("blocks_3_1", "blocks_1_1")  # a level without attention
    tensors = {f"{layer}.lora_down.weight": DOWN, f"{layer}.lora_up.weight": UP}
    save_file(tensors, tmp_path / "lora.safetensors")
    with pytest.raises(InputError, match=f"adapter of '{layer}' fits no layer of this model"):
        checkpoints.read(tmp_path / "lora.safetensors", bundle)


@pytest.mark.parametrize(
    "names",
    [
        ("lora_te_text_model_{flat}.lora_down", "lora_te_text_model_{flat}.lora_up"),
        ("lora_te1_text_model_{flat}.lora_down", "lora_te1_text_model_{flat}.lora_up"),
        ("text_encoder.text_model.{layer}.lora_A", "text_encoder.text_model.{layer}.lora_B"),
        ("text_encoder.{layer}.lora.down", "text_encoder.{layer}.lora.up"),
    ],
)
def test_an_adapter_of_the_text_encoder_is_added_to_it(
    tmp_path: Path, bundle: Bundle, names: tuple[str, str]
) -> None:
    own = dict(bundle.text.encoder.named_parameters())
    name = next(name for name in own if name.endswith(f"{TEXT_LAYER}.weight"))
    up, down = drawn(own[name].shape[0], 2), drawn(2, own[name].shape[1], seed=1)
    flat = TEXT_LAYER.replace(".", "_")
    tensors = {
        f"{each.format(flat=flat, layer=TEXT_LAYER)}.weight": tensor
        for each, tensor in zip(names, (down, up), strict=True)
    }
    save_file(peft() | tensors, tmp_path / "lora.safetensors")
    found = checkpoints.read(tmp_path / "lora.safetensors", bundle)
    assert found.tensors.keys() == {NAME, f"text_encoder.{TEXT_LAYER}.weight"}
    added = found.tensors[f"text_encoder.{TEXT_LAYER}.weight"] - own[name]
    torch.testing.assert_close(added, up @ down, atol=1e-5, rtol=1e-5)


def test_the_strength_multiplies_what_is_added(tmp_path: Path, bundle: Bundle) -> None:
    path = tmp_path / "lora.safetensors"
    save_file(peft() | {f"{LAYER}.alpha": torch.tensor(32.0)}, path)
    found = {each: checkpoints.read(path, bundle, strength=each) for each in (1.0, 0.5, -0.25, 0.0)}
    assert found[1.0].hash == checkpoints.read(path, bundle).hash
    assert scale_of(found[0.5], bundle) == 4.0
    assert scale_of(found[-0.25], bundle) == -2.0
    assert found[0.5].kind == "a LoRA adapter, its scale 8, 0.5 times"
    assert checkpoints.is_own(found[0.0], bundle)
    save_file({NAME: drawn(80, 128)}, path)
    with pytest.raises(InputError, match=r"is 1 of 326 .*, and only an adapter is added with some"):
        checkpoints.read(path, bundle, strength=1.0)


def test_an_adapter_whose_strength_depends_on_the_prompt_wants_one(
    tmp_path: Path, bundle: Bundle
) -> None:
    """SPM's files have kohya's names, and say in their metadata which prompts they erase."""
    path = tmp_path / "nudity_last.safetensors"
    tensors = {f"{KOHYA}.lora_down.weight": DOWN, f"{KOHYA}.lora_up.weight": UP}
    tensors |= {f"{KOHYA}.alpha": torch.tensor(1.0)}
    save_file(tensors, path, {"prompts": "nudity,nude", "rank": "4", "alpha": "1.0"})
    with pytest.raises(InputError, match=r"is an SPM adapter of 'nudity,nude', .* give --checkp"):
        checkpoints.read(path, bundle)
    found = checkpoints.read(path, bundle, strength=1.0)
    assert scale_of(found, bundle) == 0.25  # 1 / 4
    save_file(tensors, path)
    assert checkpoints.read(path, bundle).hash == found.hash
