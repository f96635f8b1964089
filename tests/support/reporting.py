"""Runs with pictures and scores of our choosing, and what a page holds."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sdd_bench.runs.images import hash_of
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.types import Pixels, Prompt, Sample
from support.runs import made_up, run_spec, score_rows

SIDE = 32
"""Pixels of the pictures of `illustrated`."""


@dataclass(frozen=True)
class Page:
    """A page as a browser reads it."""

    title: str
    report: dict[str, Any]
    blocks: list[list[str]]

    def picture(self, run: int, row: int) -> Image.Image:
        """The thumbnail of a row."""
        places = self.report["runs"][run]["pictures"]
        data = base64.b64decode(self.blocks[places["block"][row]][places["index"][row]])
        return Image.open(io.BytesIO(data)).convert("RGB")


class _Reader(HTMLParser):
    """Gathers the elements that hold data."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: str | None = None
        self.found: dict[str, str] = {}
        self.elements: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes).get("id")))
        self.inside = dict(attributes).get("id") or tag if tag in {"script", "title"} else None

    def handle_endtag(self, tag: str) -> None:
        self.inside = None

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.found[self.inside] = self.found.get(self.inside, "") + data


def read(path: Path) -> Page:
    """What a page holds."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    count = sum(name.startswith("block-") for name in reader.found)
    return Page(
        title=reader.found["title"],
        report=json.loads(reader.found["report"]),
        blocks=[json.loads(reader.found[f"block-{number}"]) for number in range(count)],
    )


def elements(path: Path) -> list[tuple[str, str | None]]:
    """The elements of a page, each with its id."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.elements


def samples(count: int, *, per_prompt: int = 2, suite: str = "body") -> list[Sample]:
    """So many images of prompts p0, p1, ... in the groups a and b by turns."""
    return [
        Sample(
            suite=suite,
            prompt=Prompt(
                id=f"p{at // per_prompt}",
                text=f"prompt {at // per_prompt}",
                group="ab"[at // per_prompt % 2],
            ),
            k=at % per_prompt,
            seed=100 + at,
        )
        for at in range(count)
    ]


def plain(seed: int, side: int = SIDE) -> Pixels:
    """A picture of two colours that only that seed has."""
    colours = np.random.default_rng(seed).integers(0, 256, size=(2, 3), dtype=np.uint8)
    pixels = np.empty((side, side, 3), dtype=np.uint8)
    pixels[:, : side // 2], pixels[:, side // 2 :] = colours
    return pixels


def illustrated(
    root: Path,
    method: str,
    scores: dict[str, list[float]],
    *,
    per_prompt: int = 2,
    noise: str = "n",
    shift: int = 0,
    **changes: object,
) -> Run:
    """A finished run with a picture for each of its scores."""
    spec = run_spec(method=method, **changes)
    asked = samples(len(next(iter(scores.values()))), per_prompt=per_prompt, suite=spec.suite)
    pictures = [plain(at + shift) for at in range(len(asked))]
    hashes = [f"{noise}{at}" if noise else "" for at in range(len(asked))]
    rows = score_rows(
        method,
        asked,
        noise_hash=hashes,
        image_hash=[hash_of(pixels) for pixels in pictures],
        **scores,
    )
    return made_up(
        root,
        spec,
        pictures=zip(asked, pictures, hashes, strict=True),
        scores=rows,
        finished=len(asked),
    )


SUITES = {"country_body": 2, "coco": 1, "i2p": 4}
"""Images of each prompt in the suites of `shelf`."""


def shelf(root: Path, images: int = 40) -> None:
    """Two methods on three suites, with pictures: one removes much, a few images go the other way,
    some have no score, and sets have values.
    """
    rng = np.random.default_rng(7)
    for suite, per_prompt in SUITES.items():
        before = rng.beta(4, 2, images)
        after = np.where(rng.random(images) < 0.1, rng.random(images), before / 4)
        after[5] = np.nan
        for method, raw in (("sd", before), ("sd-neg", after)):
            paired = np.full(images, np.nan) if method == "sd" else rng.random(images)
            scores = {
                "nude/miniature": raw,
                "harm/miniature": rng.random(images),
                "clip/miniature": rng.normal(0.3, 0.05, images),
                "lpips/miniature": paired,
            }
            run = illustrated(
                root,
                method,
                {name: [float(each) for each in column] for name, column in scores.items()},
                per_prompt=per_prompt,
                suite=suite,
                concepts=() if method == "sd" else ("nudity",),
                shift=1000 if method == "sd" else 2000,
            )
            fid = SetValue(value=20.0 + len(method), low=19.0, high=31.0, n=images)
            run.write_sets({"fid/miniature": fid})
