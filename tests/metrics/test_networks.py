"""The true architectures with random weights in the official file formats, against the official
packages' own code on the same files.

The CLIP has the widths, patches, vocabulary and activation of ViT-L/14, but two layers in each
tower instead of 24 and 12, for each layer is alike; the one slow test has all of them.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import open_clip
import pytest
import torch
import torchvision
from cleanfid import fid as cleanfid
from cleanfid import inception_pytorch
from cleanfid.inception_torchscript import InceptionV3W
from PIL import Image
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

from sdd_bench import registry
from sdd_bench.errors import MissingError
from sdd_bench.types import ImageMetric, Images, PairMetric, Pixels, SetMetric
from sdd_bench.weights import store
from support.paths import SHARED

clip_embeddings, inception, lpips, q16 = (
    importlib.import_module(f"sdd_bench.metrics.{file}")
    for file in ("_clip", "_inception", "lpips", "q16")
)

CAPTIONS = ("a red apple", "Japan body", "", "A MAN riding   a wave, on top of a surfboard!")


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Networks of random weights don't stay in memory, where another test would meet them."""
    caches = (
        clip_embeddings._image_tower, clip_embeddings._text_tower, inception._network,
        lpips._network, q16._prompts,
    )  # fmt: skip
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Path], None]:
    """Has the weight of a name be at a path, whatever its hash."""
    places: dict[str, Path] = {}
    find = store.find
    monkeypatch.setattr(store, "find", lambda name: places.get(name) or find(name))
    return places.__setitem__


def pictures(count: int, height: int = 96, width: int = 128, seed: int = 0) -> Pixels:
    """Smooth colours with noise: something for a resize to work on."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(256, size=(count, 6, 8, 3), dtype=np.uint8)
    smooth = [
        np.asarray(Image.fromarray(each).resize((width, height), Image.Resampling.BICUBIC))
        for each in coarse
    ]
    noise = rng.integers(-20, 21, size=(count, height, width, 3))
    return (np.stack(smooth) + noise).clip(0, 255).astype(np.uint8)


def images(pixels: Pixels) -> Images:
    return Images(pixels=pixels, captions=CAPTIONS[: len(pixels)])


def score(name: str, batch: Images) -> list[float]:
    metric = registry.scan().definition(name)[1]
    assert isinstance(metric, ImageMetric)
    return list(metric.score(batch))


# --- CLIP -------------------------------------------------------------------------------------


def vocabulary(folder: Path) -> None:
    """OpenAI's byte pairs, which open_clip ships, in the files of transformers."""
    import json

    tokenizer = open_clip.SimpleTokenizer()
    names = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
    ids = {names.get(token, token): number for token, number in tokenizer.encoder.items()}
    (folder / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    merges = [" ".join(pair) for pair in tokenizer.bpe_ranks]
    text = "\n".join(["#version: 0.2", *merges, ""])
    (folder / "merges.txt").write_text(text, encoding="utf-8")
    CLIPTokenizer(
        vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"), model_max_length=77
    ).save_pretrained(folder)


def publish(folder: Path, vision_layers: int = 2, text_layers: int = 2) -> Path:
    """A CLIP of random numbers in the files of the official folder."""
    config = CLIPConfig(
        projection_dim=768,
        text_config={
            "hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12,
            "num_hidden_layers": text_layers, "projection_dim": 768, "bos_token_id": 49406,
            "eos_token_id": 49407,
        },
        vision_config={
            "hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16,
            "num_hidden_layers": vision_layers, "patch_size": 14, "projection_dim": 768,
        },
    )  # fmt: skip
    torch.manual_seed(0)
    model = CLIPModel(config)
    for parameter in model.parameters():
        # Initial biases are 0 and gains 1: then a forgotten one would go unnoticed.
        if parameter.ndim == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    CLIPImageProcessorPil().save_pretrained(folder)
    vocabulary(folder)
    return folder


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("clip-vit-l14"))


@pytest.fixture
def clip(clip_folder: Path, brought: Callable[[str, Path], None]) -> Path:
    for name in ("clip-vit-l14", "clip-vit-b32", "clip-vit-h14"):
        brought(name, clip_folder)
    return clip_folder


def _layers(state: dict[str, Tensor], theirs: str, prefix: str, count: int) -> dict[str, Tensor]:
    """The layers of a tower under open_clip's names."""
    found = {}
    for layer in range(count):
        own, other = f"{prefix}encoder.layers.{layer}", f"{theirs}resblocks.{layer}"
        for kind in ("weight", "bias"):
            parts = [state[f"{own}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
            found[f"{other}.attn.in_proj_{kind}"] = torch.cat(parts)
            for ours, name in (
                ("self_attn.out_proj", "attn.out_proj"), ("layer_norm1", "ln_1"),
                ("layer_norm2", "ln_2"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
            ):  # fmt: skip
                found[f"{other}.{name}.{kind}"] = state[f"{own}.{ours}.{kind}"]
    return found


def open_clips(
    folder: Path, *, vision_layers: int = 2, text_layers: int = 2, quick_gelu: bool = True
) -> nn.Module:
    """The same network by open_clip, as OpenAI's checkpoint names its parts."""
    from safetensors.torch import load_file

    state = load_file(folder / "model.safetensors")
    text, vision = "text_model.", "vision_model."
    mapped = {
        "logit_scale": state["logit_scale"],
        "text_projection": state["text_projection.weight"].T,
        "token_embedding.weight": state[f"{text}embeddings.token_embedding.weight"],
        "positional_embedding": state[f"{text}embeddings.position_embedding.weight"],
        "visual.proj": state["visual_projection.weight"].T,
        "visual.class_embedding": state[f"{vision}embeddings.class_embedding"],
        "visual.conv1.weight": state[f"{vision}embeddings.patch_embedding.weight"],
        "visual.positional_embedding": state[f"{vision}embeddings.position_embedding.weight"],
    }
    for kind in ("weight", "bias"):
        mapped[f"ln_final.{kind}"] = state[f"{text}final_layer_norm.{kind}"]
        mapped[f"visual.ln_pre.{kind}"] = state[f"{vision}pre_layrnorm.{kind}"]
        mapped[f"visual.ln_post.{kind}"] = state[f"{vision}post_layernorm.{kind}"]
    mapped |= _layers(state, "transformer.", text, text_layers)
    mapped |= _layers(state, "visual.transformer.", vision, vision_layers)
    model = open_clip.CLIP(
        embed_dim=768,
        vision_cfg={
            "image_size": 224, "layers": vision_layers, "width": 1024, "patch_size": 14,
        },
        text_cfg={"layers": text_layers, "width": 768, "heads": 12},
        quick_gelu=quick_gelu,
    )  # fmt: skip
    model.load_state_dict(mapped)
    evaluated: nn.Module = model.eval()
    return evaluated


def their_embeddings(
    model: nn.Module, pixels: Pixels, captions: list[str]
) -> tuple[Tensor, Tensor]:
    """Unit vectors by open_clip's own preprocessing, tokenizer and towers."""
    prepare = open_clip.image_transform(224, is_train=False)
    tensors = torch.stack([prepare(Image.fromarray(each)) for each in pixels])
    tokens = open_clip.SimpleTokenizer()(captions)
    with torch.inference_mode():
        pictures = model.encode_image(tensors, normalize=True)  # type: ignore[operator]
        return pictures, model.encode_text(tokens, normalize=True)  # type: ignore[operator]


def assert_same_embeddings(batch: Images, theirs: tuple[Tensor, Tensor]) -> None:
    """Ours of the images and captions are open_clip's."""
    ours = (
        clip_embeddings.embed_images(clip_embeddings.L14, batch),
        clip_embeddings.embed_captions(clip_embeddings.L14, batch),
    )
    for found, expected in zip(ours, theirs, strict=True):
        assert found.shape == (len(batch.pixels), 768)
        assert np.abs(found - expected.numpy()).max() < 1e-5


def test_the_preprocessing_is_openais_to_the_bit(clip: Path) -> None:
    processor = CLIPImageProcessorPil.from_pretrained(clip)
    prepare = open_clip.image_transform(224, is_train=False)
    for height, width in ((512, 512), (64, 64), (300, 471), (768, 512)):
        (picture,) = pictures(1, height, width)
        (found,) = clip_embeddings._prepared(processor, picture[None])
        assert torch.equal(found, prepare(Image.fromarray(picture)))


def test_the_towers_are_open_clips(clip: Path) -> None:
    batch = images(pictures(4))
    theirs = their_embeddings(open_clips(clip), batch.pixels, list(CAPTIONS))
    assert_same_embeddings(batch, theirs)
    # With the plain GELU, open_clip's default, it would be another network.
    wrong, _ = their_embeddings(open_clips(clip, quick_gelu=False), batch.pixels, list(CAPTIONS))
    ours = clip_embeddings.embed_images(clip_embeddings.L14, batch)
    assert np.abs(ours - wrong.numpy()).max() > 1e-4


@pytest.mark.slow
def test_the_whole_towers_are_open_clips(
    tmp_path: Path, brought: Callable[[str, Path], None]
) -> None:
    """All 24 and 12 layers, 427,616,513 parameters."""
    folder = publish(tmp_path, vision_layers=24, text_layers=12)
    brought("clip-vit-l14", folder)
    batch = images(pictures(2))
    network = open_clips(folder, vision_layers=24, text_layers=12)
    assert sum(each.numel() for each in network.parameters()) == 427_616_513
    theirs = their_embeddings(network, batch.pixels, list(batch.captions))
    del network
    assert_same_embeddings(batch, theirs)


def test_the_clip_scores_are_their_formulas(clip: Path) -> None:
    batch, model = images(pictures(4)), open_clips(clip)
    left, plain = their_embeddings(model, batch.pixels, list(CAPTIONS))
    _, prefixed = their_embeddings(
        model, batch.pixels, [f"A photo depicts {caption}" for caption in CAPTIONS]
    )
    cosine = nn.functional.cosine_similarity(left, plain).tolist()
    with_prefix = nn.functional.cosine_similarity(left, prefixed)
    assert score("clip/l14-plain", batch) == pytest.approx(cosine, abs=1e-5)
    assert score("clip/l14-sdd", batch) == pytest.approx(with_prefix.tolist(), abs=1e-5)
    assert score("clip/b32x100", batch) == pytest.approx([100 * each for each in cosine], abs=1e-3)
    assert score("clip/h14", batch) == pytest.approx(cosine, abs=1e-5)
    hessel = (2.5 * with_prefix.clamp(min=0)).tolist()
    assert score("clip/b32-hessel", batch) == pytest.approx(hessel, abs=1e-5)


def test_a_zero_shot_judge_is_a_softmax_over_a_pair_of_texts(clip: Path) -> None:
    batch, model = images(pictures(4)), open_clips(clip)
    named = [f"a photo of {caption}" for caption in CAPTIONS]
    left, right = their_embeddings(model, batch.pixels, named)
    _, nothing = their_embeddings(model, batch.pixels, ["a photo"] * 4)
    cosines = torch.stack([(left * right).sum(1), (left * nothing).sum(1)], dim=1)
    theirs = (100 * cosines.double()).softmax(1)[:, 0].tolist()
    ours = score("shows/l14@0.5", batch)
    assert CAPTIONS[2] == ""  # which says nothing that could be shown
    assert np.isnan(ours[2])
    del ours[2], theirs[2]
    assert ours == pytest.approx(theirs, abs=1e-3)
    assert max(theirs) - min(theirs) > 0.01


def test_a_negative_cosine_counts_as_zero_for_hessel_alone(clip: Path) -> None:
    batch = images(pictures(4))
    before = score("clip/b32-hessel", batch), score("clip/l14-sdd", batch)
    for key in batch.memo:
        if "captions" in key:
            batch.memo[key] = -batch.memo[key]
    after = score("clip/b32-hessel", batch), score("clip/l14-sdd", batch)
    assert after[1] == [-each for each in before[1]]
    assert all(min(pair) == 0 for pair in zip(before[0], after[0], strict=True))


@pytest.mark.skipif(not SHARED.exists(), reason=f"Q16's own prompts are not in {SHARED}")
def test_q16_is_its_formula_over_the_published_prompts(
    clip: Path, brought: Callable[[str, Path], None]
) -> None:
    brought("q16-vit-l14", SHARED / "q16_vitl14_prompts.p")
    batch = images(pictures(4))
    found = score("harm/q16@0.7", batch)
    # As the released code has it, the array sliced out of the file at its known place.
    payload = (SHARED / "q16_vitl14_prompts.p").read_bytes()[152 : 152 + 3072]
    prompts = torch.from_numpy(np.frombuffer(payload, "<f2").reshape(2, 768).astype(np.float32))
    features, _ = their_embeddings(open_clips(clip), batch.pixels, list(CAPTIONS))
    unit = prompts / prompts.norm(dim=-1, keepdim=True)
    expected = (100.0 * features @ unit.T).softmax(dim=-1)[:, 1]
    assert found == pytest.approx(expected.tolist(), abs=2e-4)
    assert len([key for key in batch.memo if key.endswith("/images")]) == 1


def test_the_image_is_embedded_once_for_all(clip: Path) -> None:
    _, tower = clip_embeddings._image_tower(clip_embeddings.L14)
    passes: list[int] = []
    with tower.register_forward_hook(lambda *_: passes.append(1)):
        batch = images(pictures(4))
        for name in ("clip/l14-plain", "clip/l14-sdd"):
            score(name, batch)
        assert len(passes) == 1
        score("clip/l14-plain", images(pictures(4)))
        assert len(passes) == 2


def test_a_clip_with_a_part_missing_is_refused(
    clip: Path, tmp_path: Path, brought: Callable[[str, Path], None]
) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    folder = tmp_path / "clip"
    shutil.copytree(clip, folder)
    state = load_file(folder / "model.safetensors")
    del state["visual_projection.weight"]
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    brought("clip-vit-l14", folder)
    with pytest.raises(MissingError, match=r"no weights 'visual_projection\.weight'"):
        score("clip/l14-plain", images(pictures(4)))


@pytest.mark.skipif(not SHARED.exists(), reason=f"the suites' own files are not in {SHARED}")
def test_the_token_lengths_are_the_known_ones(clip: Path) -> None:
    # metrics.md, 5: beginning and end included.
    import pandas as pd

    tokenizer, theirs = CLIPTokenizer.from_pretrained(clip), open_clip.SimpleTokenizer()

    def lengths(texts: list[str]) -> list[int]:
        return [len(ids) for ids in tokenizer(texts, verbose=False).input_ids]

    coco = pd.read_csv(SHARED / "coco_30k.csv")["prompt"].tolist()
    assert max(lengths(coco)) == 52
    assert np.mean(lengths(coco)) == pytest.approx(13.5, abs=0.05)
    assert max(lengths([f"A photo depicts {text}" for text in coco])) == 55
    i2p = pd.read_csv(SHARED / "i2p_benchmark.csv", keep_default_na=False)["prompt"].tolist()
    # Of open_clip's, which mends broken characters first, as OpenAI's did.
    found = [len(theirs.encode(text)) + 2 for text in i2p]
    assert [max(found), int(np.median(found)), sum(each > 77 for each in found)] == [249, 23, 182]
    assert [len(theirs.encode(text)) + 2 for text in coco[:2000]] == lengths(coco[:2000])


# --- Inception --------------------------------------------------------------------------------


class Published(nn.Module):
    """The layout of the published TorchScript file: the network as its part `layers`."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = Pooled()

    def forward(self, x: Tensor) -> Tensor:
        return self.layers((x - 128) / 128)  # type: ignore[no-any-return]


class Pooled(nn.Module):
    """Inception-v3 with the pooling of the FID network, up to its 2048 features."""

    def __init__(self) -> None:
        super().__init__()
        network = torchvision.models.inception_v3(
            num_classes=1008, aux_logits=False, weights=None, init_weights=False
        )
        network.Mixed_5b = inception_pytorch.FIDInceptionA(192, pool_features=32)
        network.Mixed_5c = inception_pytorch.FIDInceptionA(256, pool_features=64)
        network.Mixed_5d = inception_pytorch.FIDInceptionA(288, pool_features=64)
        network.Mixed_6b = inception_pytorch.FIDInceptionC(768, channels_7x7=128)
        network.Mixed_6c = inception_pytorch.FIDInceptionC(768, channels_7x7=160)
        network.Mixed_6d = inception_pytorch.FIDInceptionC(768, channels_7x7=160)
        network.Mixed_6e = inception_pytorch.FIDInceptionC(768, channels_7x7=192)
        network.Mixed_7b = inception_pytorch.FIDInceptionE_1(1280)
        network.Mixed_7c = inception_pytorch.FIDInceptionE_2(2048)
        network.fc, network.dropout = nn.Identity(), nn.Identity()
        for part in network.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight)  # as it is made, it lets nothing through
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inception") / "inception-2015-12-05.pt"
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and the format of the file
        traced = torch.jit.trace(Published().eval(), torch.rand(2, 3, 299, 299) * 255)
        torch.jit.save(traced, path)
    return path


def test_the_inception_features_are_clean_fids(
    tmp_path: Path, inception_file: Path, brought: Callable[[str, Path], None]
) -> None:
    brought("inception", inception_file)
    pixels = pictures(4, 200, 320)
    files = [str(tmp_path / f"{index}.png") for index in range(4)]
    for file, picture in zip(files, pixels, strict=True):
        Image.fromarray(picture).save(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = InceptionV3W(str(inception_file.parent), download=False)
    expected = cleanfid.get_files_features(
        files, network, num_workers=0, batch_size=3, device=torch.device("cpu"), verbose=False
    )
    batch = images(pixels)
    for name in ("fid/clean", "kid/clean"):
        metric = registry.scan().definition(name)[1]
        assert isinstance(metric, SetMetric)
        found = metric.features(batch)
        assert found.shape == (4, 2048)
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert len(batch.memo) == 1
    assert expected.std(axis=0).max() > 1e-3


# --- LPIPS ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alexnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where torch looks for torchvision's AlexNet, and what it is called there."""
    home = tmp_path_factory.mktemp("torch-home")
    path = home / "hub" / "checkpoints" / "alexnet-owt-7be5be79.pth"
    path.parent.mkdir(parents=True)
    torch.manual_seed(0)
    torch.save(torchvision.models.alexnet(weights=None).state_dict(), path)
    return path


def distances(name: str, left: Pixels, right: Pixels) -> list[float]:
    metric = registry.scan().definition(name)[1]
    assert isinstance(metric, PairMetric)
    return list(metric.compare(images(left), images(right)))


def test_lpips_is_the_packages(
    alexnet: Path, brought: Callable[[str, Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    import lpips as package

    brought("lpips-alex", alexnet)
    monkeypatch.setenv("TORCH_HOME", str(alexnet.parents[2]))
    official = package.LPIPS(net="alex", verbose=False)  # reads that file as if downloaded
    for name, side in (("alex-512", 512), ("alex-256", 256), ("alex-64", 64)):
        left, right = pictures(2, side, side), pictures(2, side, side, seed=1)
        scaled = (
            torch.from_numpy(each).permute(0, 3, 1, 2).float() / 127.5 - 1 for each in (left, right)
        )
        with torch.inference_mode():
            expected = official(*scaled).flatten().tolist()
        assert distances(f"lpips/{name}", left, right) == pytest.approx(expected, rel=1e-4)
        assert min(expected) > 0.01
    # What everybody gets wrong at least once: RGB in [0, 1].
    with torch.inference_mode():
        wrong = official(*(torch.from_numpy(p).permute(0, 3, 1, 2) / 255 for p in (left, right)))
    assert wrong.flatten().tolist() != pytest.approx(expected, rel=1e-2)


def test_how_lpips_resizes() -> None:
    (wide,) = pictures(1, 300, 480)
    metrics = {name: registry.scan().definition(f"lpips/alex-{name}")[1] for name in (512, 256, 64)}
    plain = metrics[64]._resized(wide)  # type: ignore[union-attr]
    # ESD's script: torchvision's Resize(64), so the shorter side and no crop.
    assert plain.size == (102, 64)
    expected = Image.fromarray(wide).resize((102, 64), Image.Resampling.BILINEAR)
    assert plain.tobytes() == expected.tobytes()
    cropped = metrics[256]._resized(wide)  # type: ignore[union-attr]
    bigger = Image.fromarray(wide).resize((409, 256), Image.Resampling.BICUBIC)
    assert cropped.tobytes() == bigger.crop((76, 0, 76 + 256, 256)).tobytes()
    (square,) = pictures(1, 512, 512)
    assert (np.asarray(metrics[512]._resized(square)) == square).all()  # type: ignore[union-attr]


def test_a_random_backbone_is_refused(
    alexnet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(tmp_path))
    place = tmp_path / "lpips-alex" / alexnet.name
    place.parent.mkdir()
    os.link(alexnet, place)
    with pytest.raises(MissingError, match="7be5be79"):
        distances("lpips/alex-64", pictures(2, 64, 64), pictures(2, 64, 64, seed=1))


def test_another_network_is_no_backbone(
    tmp_path: Path, brought: Callable[[str, Path], None]
) -> None:
    torch.save({"classifier.weight": torch.zeros(3)}, tmp_path / "other.pth")
    brought("lpips-alex", tmp_path / "other.pth")
    with pytest.raises(MissingError, match=r"no alex of torchvision: it has no 'features\.0"):
        distances("lpips/alex-64", pictures(2, 64, 64), pictures(2, 64, 64, seed=1))


def test_vggs_layers_have_torchvisions_names_and_shapes() -> None:
    import lpips as package

    with torch.device("meta"):
        theirs = torchvision.models.vgg16(weights=None).state_dict()
        ours = package.pn.vgg16(pretrained=False).state_dict()
    for name, tensor in ours.items():
        assert tensor.shape == theirs[f"features.{name.partition('.')[2]}"].shape
    assert len(ours) == 26


def test_lpips_over_vgg_is_the_packages(
    tmp_path: Path, brought: Callable[[str, Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    import lpips as package

    torch.manual_seed(0)
    layers = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"])
    published = {f"features.{name}": tensor for name, tensor in layers.state_dict().items()}
    torch.save(published, tmp_path / "vgg16.pth")
    brought("lpips-vgg", tmp_path / "vgg16.pth")
    ours = replace(registry.scan().definition("lpips/vgg-256")[1], side=64)  # type: ignore[type-var]
    left, right = pictures(4, 64, 64), pictures(4, 64, 64, seed=1)
    found = ours.compare(images(left), images(right))  # type: ignore[union-attr]
    # The package takes its slices of torchvision's network, which it would download.
    vgg = SimpleNamespace(features=layers)
    monkeypatch.setattr(package.pn.tv, "vgg16", lambda **_: vgg)
    official = package.LPIPS(net="vgg", verbose=False)
    scaled = [
        torch.from_numpy(each).permute(0, 3, 1, 2).float() / 127.5 - 1 for each in (left, right)
    ]
    with torch.inference_mode():
        expected = official(*scaled).flatten().tolist()
        swapped = official(*(each.flip(1) for each in scaled)).flatten().tolist()
    assert found.tolist() == pytest.approx(expected, rel=1e-5)
    assert min(expected) > 0.01
    assert swapped != pytest.approx(expected, rel=1e-3)  # BGR would be noticed
