"""Inception features as clean-fid takes them: its own resize, its own wrapper of the network."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING

import numpy as np

from sdd_bench.weights import store

from . import _torch

if TYPE_CHECKING:
    from torch import nn

    from sdd_bench.types import Features, Images

WEIGHT = "inception"

SIDE = 299
"""Pixels of the square that every image becomes; the aspect ratio is not kept."""


def features(images: Images) -> Features:
    """The 2048 pooled features of each image (N, 2048), computed once per batch.

    Bicubic with antialias per channel, clipped to [0, 255] and never rounded (Parmar et al.,
    2022), then (x - 128) / 128.
    """
    import torch
    from cleanfid.resize import build_resizer

    key = "inception/clean"
    if key not in images.memo:
        resize = build_resizer("clean")
        resized = np.stack([resize(image) for image in images.pixels])
        pixels = torch.from_numpy(resized).permute(0, 3, 1, 2).to(_torch.where())
        with _torch.judging():
            images.memo[key] = _network()(pixels).float().cpu().numpy()
    return images.memo[key]


@functools.cache
def _network() -> nn.Module:
    from cleanfid.inception_torchscript import InceptionV3W

    path = store.find(WEIGHT)
    with warnings.catch_warnings():
        # The published file is TorchScript, which torch calls deprecated and still reads.
        warnings.simplefilter("ignore")
        network: nn.Module = InceptionV3W(str(path.parent), download=False)
    return network.eval().to(_torch.where())
