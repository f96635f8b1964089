"""The names that the original Stable Diffusion gives to what is here in the naming of diffusers.

Source: openaimodel.py of CompVis/stable-diffusion, which numbers the blocks of a U-Net: down one
for each layer and each halving, up one for each layer, with the doubling in a level's last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

BLOCKS = ("input_blocks.", "middle_block.", "output_blocks.", "time_embed.", "out.")
"""How the original calls the blocks of a U-Net."""

_OUTSIDE = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}


def names(own: Iterable[str], config: Mapping[str, Any]) -> dict[str, str]:
    """The original's name of each tensor of a U-Net, by its own name, as far as it has one.

    `config` is the U-Net's; of levels with different numbers of layers the original knows nothing.
    """
    layers = config["layers_per_block"]
    if not isinstance(layers, int):
        return {}
    found = {}
    for name in own:
        pieces = name.split(".")
        if pieces[0] in {"down_blocks", "up_blocks"}:
            attends = "CrossAttn" in config[f"{pieces[0].removesuffix('s')}_types"][int(pieces[1])]
            block, rest = _block(pieces, layers, attends=attends)
        else:
            length = next((n for n in (1, 2, 3) if ".".join(pieces[:n]) in _OUTSIDE), None)
            if length is None:
                continue
            block, rest = _OUTSIDE[".".join(pieces[:length])], pieces[length:]
        if "resnets" in pieces[:3]:
            rest = [_RESNET[rest[0]], *rest[1:]]
        found[name] = ".".join([block, *rest])
    return found


def _block(pieces: list[str], layers: int, *, attends: bool) -> tuple[str, list[str]]:
    """The original's block of a piece of one level, and what of the name is inside of it."""
    side, level, kind, place, *rest = pieces
    down = side == "down_blocks"
    start = (layers + 1) * int(level) + int(down)
    if kind == "downsamplers":
        return f"input_blocks.{start + layers}.0.op", rest[1:]
    if kind == "upsamplers":
        return f"output_blocks.{start + layers}.{1 + attends}.conv", rest[1:]
    blocks = "input_blocks" if down else "output_blocks"
    return f"{blocks}.{start + int(place)}.{int(kind == 'attentions')}", rest
