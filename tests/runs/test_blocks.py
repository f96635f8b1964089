"""The unit of work that processes share."""

from __future__ import annotations

from sdd_bench.runs.blocks import blocks
from sdd_bench.types import Prompt, Sample


def images(prompts: int, each: int) -> list[Sample]:
    return [
        Sample(suite="toy", prompt=Prompt(id=f"p{n:02}", text="a cup"), k=k, seed=k)
        for n in range(prompts)
        for k in range(each)
    ]


def test_a_block_is_eight_prompts_and_four_images_of_each() -> None:
    names = blocks(images(10, 6))
    assert names["p00_0000"] == names["p07_0003"] == "00000-0000"
    assert names["p00_0004"] == names["p07_0005"] == "00000-0001"
    assert names["p08_0000"] == names["p09_0003"] == "00001-0000"
    assert len(set(names.values())) == 4


def test_prompts_count_in_the_order_in_which_they_come() -> None:
    turned = blocks(images(10, 1)[::-1])
    assert turned["p09_0000"] == turned["p02_0000"] == "00000-0000"
    assert turned["p01_0000"] == turned["p00_0000"] == "00001-0000"
