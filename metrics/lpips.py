"""LPIPS: how far an image has moved from the baseline's image of the same noise."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from sdd_bench.errors import MissingError
from sdd_bench.types import Definition, Features, Floats, Images, Metric, Pixels
from sdd_bench.weights import store

from . import _onnx, _torch

if TYPE_CHECKING:
    from torch import Tensor, nn

PAIRS = 10
"""Pairs at a time: what AlexNet makes of 50 at 512 pixels would take gigabytes."""


@dataclass(frozen=True, slots=True)
class Lpips:
    """LPIPS v0.1 of the official package (Zhang et al., 2018), RGB in [-1, 1].

    Images of another size are brought to `side` by their shorter side: bicubic and then cropped at
    the centre, or `plain`: bilinear and not cropped, as ESD's script does.
    """

    net: Literal["alex", "vgg"]
    side: int
    definitions: tuple[Definition, ...]
    plain: bool = False

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the weights that it reads."""
        return (f"lpips-{self.net}",)

    def compare(self, images: Images, baseline: Images) -> Floats:
        """The distance of each pair, 0 for equal images."""
        network, parts = _network(self.net), []
        for start in range(0, len(images.pixels), PAIRS):
            left, right = (
                self._tensor(side.pixels[start : start + PAIRS]) for side in (images, baseline)
            )
            with _torch.judging():
                parts.append(network(left, right).flatten().double().cpu().numpy())
        distances: Floats = np.concatenate(parts)
        return distances

    def _tensor(self, pixels: Pixels) -> Tensor:
        """The pixels as a tensor (N, 3, h, w) in [-1, 1]."""
        import torch

        resized = np.stack([np.asarray(self._resized(image)) for image in pixels])
        levels = torch.from_numpy(resized).permute(0, 3, 1, 2).to(_torch.where())
        return levels.float() / 255 * 2 - 1

    def _resized(self, pixels: Pixels) -> Image.Image:
        from torchvision import transforms

        picture = Image.fromarray(pixels)
        modes = transforms.InterpolationMode
        if self.plain:
            resized: Image.Image = transforms.Resize(self.side, modes.BILINEAR)(picture)
            return resized
        resized = transforms.Resize(self.side, modes.BICUBIC)(picture)
        cropped: Image.Image = transforms.CenterCrop(self.side)(resized)
        return cropped


@functools.cache
def _network(net: Literal["alex", "vgg"]) -> nn.Module:
    """The package's network with the backbone from torchvision's file.

    The package itself would download it, or leave it random; every tensor has to come from the
    file, whose hash `weights.find` has checked.
    """
    import lpips
    import torch

    path = store.find(f"lpips-{net}")
    with warnings.catch_warnings():
        # It asks torchvision for the backbone in a spelling that is deprecated.
        warnings.simplefilter("ignore", UserWarning)
        network: nn.Module = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    published = torch.load(path, map_location="cpu", weights_only=True)
    try:
        # `slice1.0.weight` of the package is `features.0.weight` of torchvision.
        backbone = {
            name: published[f"features.{name.partition('.')[2]}"]
            for name in network.get_submodule("net").state_dict()
        }
    except KeyError as error:
        raise MissingError(f"{path} is no {net} of torchvision: it has no {error}") from error
    network.get_submodule("net").load_state_dict(backbone)
    return network.eval().requires_grad_(requires_grad=False).to(_torch.where())


@dataclass(frozen=True, slots=True)
class FeatureDistance:
    """LPIPS without learned weights (Zhang et al., 2018, equation 1 with w = 1).

    Features of each layer are scaled to unit length over the channels; the squared differences
    are averaged over positions and added up over layers.
    """

    weight: str
    """Network that gives embeddings and then one map (N, c, h, w) per layer."""
    definitions: tuple[Definition, ...]

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the weights that it reads."""
        return (self.weight,)

    def compare(self, images: Images, baseline: Images) -> Floats:
        """The distance of each pair, 0 for equal images."""
        left, right = (_onnx.outputs(self.weight, side)[1:] for side in (images, baseline))
        return unit_distance(left, right)


def unit_distance(left: Sequence[Features], right: Sequence[Features]) -> Floats:
    """The sum over layers of the mean squared distance between unit feature vectors, (N,)."""
    total = np.zeros(len(left[0]), dtype=np.float64)
    for a, b in zip(left, right, strict=True):
        total += ((_unit(a) - _unit(b)) ** 2).sum(axis=1).mean(axis=(1, 2))
    return total


def _unit(maps: Features) -> Floats:
    wide = maps.astype(np.float64)
    unit: Floats = wide / (np.linalg.norm(wide, axis=1, keepdims=True) + 1e-10)
    return unit


def _definition(name: str, source: str) -> tuple[Definition, ...]:
    return (Definition(name=name, better="lower", tolerance=0.02, source=source),)


METRICS: tuple[Metric, ...] = (
    FeatureDistance(
        weight="miniature/judges/features.onnx",
        definitions=_definition(
            "lpips/miniature",
            "Zhang et al., 2018, with unit weights over the miniature's feature network",
        ),
    ),
    Lpips(
        net="alex",
        side=512,
        definitions=_definition(
            "lpips/alex-512", "Zhang et al., 2018, AlexNet, at the size of Stable Diffusion 1.x"
        ),
    ),
    Lpips(
        net="alex",
        side=256,
        definitions=_definition(
            "lpips/alex-256", "Zhang et al., 2018, AlexNet, bicubic to 256 pixels"
        ),
    ),
    Lpips(
        net="alex",
        side=64,
        plain=True,
        definitions=_definition(
            "lpips/alex-64", "evalscripts/lpips_eval.py of ESD: AlexNet, bilinear to 64 pixels"
        ),
    ),
    Lpips(
        net="vgg",
        side=256,
        definitions=_definition("lpips/vgg-256", "Zhang et al., 2018, VGG, bicubic to 256 pixels"),
    ),
)
