"""The bundle: networks see batches of one shape, and neighbours change nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from sdd_bench.diffusion import bundle
from sdd_bench.diffusion.bundle import Bundle


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


def test_decoded_pictures_are_rgb_of_the_full_size(bundle: Bundle) -> None:
    pixels = bundle.decode(torch.zeros(3, *bundle.latent_shape))
    assert pixels.shape == (3, 64, 64, 3)
    assert pixels.dtype == np.uint8
