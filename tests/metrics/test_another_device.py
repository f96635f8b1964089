"""Metrics where the networks lie on another device than the pictures."""

from __future__ import annotations

import copy
import functools
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
import torchvision
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from sdd_bench import registry
from sdd_bench.types import Metric
from sdd_bench.weights import store
from support.device import DeviceFault, double, leave_on_cpu
from support.images import batch, pictures

judges, clip, tokens, style_tokens, inception, lpips = (
    importlib.import_module(f"sdd_bench.metrics.{file}")
    for file in ("_torch", "_clip", "_tokens", "style_tokens", "_inception", "lpips")
)

CAPTIONS = ("a red apple in the style of monet", "a cup, in the style of van gogh")


@dataclass(frozen=True)
class Instrument:
    """A metric that runs networks of torch, and how these are reached once it has loaded them."""

    metric: Callable[[], Any]
    networks: Callable[[Any], list[nn.Module]]


def _image_tower(metric: Any) -> list[nn.Module]:
    return [clip._image_tower(metric.clip)[1]]


def _towers(metric: Any) -> list[nn.Module]:
    return [*_image_tower(metric), clip._text_tower(metric.clip)[1]]


def _of(name: str, **changes: Any) -> Callable[[], Any]:
    return lambda: replace(registry.scan().definition(name)[1], **changes)  # type: ignore[type-var]


INSTRUMENTS = {
    "clip": Instrument(_of("clip/miniature"), _towers),
    "harm": Instrument(_of("harm/miniature@0.7"), _image_tower),
    "shows by a CLIP": Instrument(_of("shows/l14@0.5", clip=clip.MINIATURE), _towers),
    "style": Instrument(_of("style/miniature"), _towers),
    "style by tokens": Instrument(
        lambda: style_tokens.learned()[0],
        lambda metric: [tokens._tower(metric.clip, metric.tokens)[1]],
    ),
    "lpips over AlexNet": Instrument(_of("lpips/alex-64"), lambda _: [lpips._network("alex")]),
    "lpips over VGG": Instrument(_of("lpips/vgg-256", side=64), lambda _: [lpips._network("vgg")]),
    "fid": Instrument(_of("fid/clean"), lambda _: [inception._network()]),
    "kid": Instrument(_of("kid/clean"), lambda _: [inception._network()]),
}
every_instrument = pytest.mark.parametrize("name", INSTRUMENTS)


class Layers(nn.Module):
    """Stands in for Inception, with a mean of its own."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(3, 2048)
        self.register_buffer("mean", torch.full((3,), 0.1))

    def forward(self, images: Tensor) -> Tensor:
        projected: Tensor = self.project(images.mean(dim=(2, 3)) - self.mean)
        return projected


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = Layers()


@pytest.fixture(scope="module")
def backbones() -> dict[str, nn.Module]:
    """The true layers under LPIPS, random."""
    torch.manual_seed(0)
    return {
        "alexnet": torchvision.models.alexnet(weights=None).features,
        "vgg16": torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"]),
    }


@pytest.fixture(scope="module")
def files(
    tmp_path_factory: pytest.TempPathFactory, backbones: dict[str, nn.Module]
) -> dict[str, Path]:
    """Random weights of the true architectures, but for Inception's."""
    folder = tmp_path_factory.mktemp("weights")
    for name, layers in backbones.items():
        published = {f"features.{key}": tensor for key, tensor in layers.state_dict().items()}
        torch.save(published, folder / f"{name}.pth")
    vectors = {f"<{artist}>": torch.randn(128) for artist in ("monet", "van-gogh")}
    save_file(vectors, folder / "tokens.safetensors")
    return {
        "inception": folder / "inception.pt",
        "lpips-alex": folder / "alexnet.pth",
        "lpips-vgg": folder / "vgg16.pth",
        "tokens": folder / "tokens.safetensors",
    }


@pytest.fixture(autouse=True)
def brought(
    files: dict[str, Path], backbones: dict[str, nn.Module], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Has the weights be those, whatever their hash, and no network stay in memory."""
    for name, layers in backbones.items():  # theirs would be drawn anew each time
        made = functools.partial(_with_features, layers)
        monkeypatch.setattr(torchvision.models, name, made)
    # A fault within the interpreter of TorchScript comes out without its words.
    monkeypatch.setattr(torch.jit, "load", lambda _: Inception())
    find = store.find
    monkeypatch.setattr(store, "find", lambda name: files.get(name) or find(name))
    monkeypatch.setenv(tokens.VARIABLE, str(files["tokens"]))
    forget()
    yield
    forget()


def _with_features(layers: nn.Module, **_: object) -> SimpleNamespace:
    return SimpleNamespace(features=copy.deepcopy(layers))


def forget() -> None:
    for cached in (
        judges.where, clip._image_tower, clip._text_tower, tokens._tower, inception._network,
        lpips._network,
    ):  # fmt: skip
        cached.cache_clear()


def measured(metric: Any) -> NDArray[Any]:
    """One row for each of two pictures, whatever the kind of metric."""
    images = batch(pictures(2), *CAPTIONS)
    if hasattr(metric, "score"):
        return np.asarray(metric.score(images))
    if hasattr(metric, "compare"):
        return np.asarray(metric.compare(images, batch(pictures(2, seed=9), *CAPTIONS)))
    return np.asarray(metric.features(images))


# --- every metric -------------------------------------------------------------------------------


def test_every_metric_that_runs_torch_is_tried() -> None:
    tried = {type(each.metric()) for each in INSTRUMENTS.values()}
    left: list[Metric] = [
        metric
        for metrics in registry.scan().metrics().values()
        for metric in metrics
        if type(metric) not in tried
    ]
    # What is left runs ONNX, which knows nothing of torch's devices.
    assert {type(each).__name__ for each in left} == {
        "Classifier", "Detector", "FeatureDistance", "Shows",
    }  # fmt: skip


@every_instrument
def test_a_metric_scores_on_another_device_as_on_the_cpu(name: str) -> None:
    metric = INSTRUMENTS[name].metric()
    expected = measured(metric)
    forget()
    with double():
        assert np.array_equal(measured(metric), expected)
    assert np.isfinite(expected).all()
    assert not np.array_equal(*expected)


# --- faults -------------------------------------------------------------------------------------


@every_instrument
def test_pictures_or_texts_that_are_left_on_the_cpu_are_noticed(name: str) -> None:
    metric = INSTRUMENTS[name].metric()
    with double():
        measured(metric)
        here = patch.object(judges, "where", lambda: torch.device("cpu"))
        with here, pytest.raises(DeviceFault, match=r"meet \[.*\] on cpu"):
            measured(metric)


@pytest.mark.parametrize("kind", ["a weight", "a mean or a position"])
@every_instrument
def test_a_part_of_a_network_that_is_left_on_the_cpu_is_noticed(name: str, kind: str) -> None:
    instrument = INSTRUMENTS[name]
    metric = instrument.metric()
    with double():
        measured(metric)
        for network in instrument.networks(metric):
            parts = network.parameters() if kind == "a weight" else network.buffers()
            part = next(each for each in parts if each.dim() > 0)
            moved = part.data
            part.data = leave_on_cpu(moved)
            with pytest.raises(DeviceFault, match=r"meet .* on cpu"):
                measured(metric)
            part.data = moved
        measured(metric)
