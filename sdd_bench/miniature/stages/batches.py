"""Batches of pictures as networks of the miniature are shown them."""

from __future__ import annotations

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Generator, Tensor


def draw(generator: Generator, count: int, batch: int) -> Tensor:
    """Numbers of `batch` out of `count` examples."""
    return torch.randint(count, (batch,), generator=generator)


def share() -> slice:
    """This worker's part of a batch: all of it where there is no other."""
    if not dist.is_initialized():
        return slice(None)
    return slice(dist.get_rank(), None, dist.get_world_size())


def pick(pixels: NDArray[np.uint8], rows: Tensor) -> Tensor:
    """The images of these rows, (N, 64, 64, 3) in [0, 1]."""
    return torch.from_numpy(pixels[rows.numpy()]).float() / 255


def soften(images: Tensor, generator: Generator) -> Tensor:
    """Blend each NHWC image with a blurred copy: decoded images are never as sharp as renders."""
    x = images.permute(0, 3, 1, 2)
    blurred = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="bilinear")
    share = torch.rand(len(x), 1, 1, 1, generator=generator)
    noise = 0.03 * torch.randn(x.shape, generator=generator)
    return (x + share * (blurred - x) + noise).clamp(0, 1).permute(0, 2, 3, 1)
