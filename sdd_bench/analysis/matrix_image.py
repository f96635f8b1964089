"""The picture of a matrix: one image per cell, of the same noise down every column."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from sdd_bench import files
from sdd_bench.errors import InputError, SDDBenchError
from sdd_bench.suites import seeds
from sdd_bench.types import Sample, Suite

from .matrix_rows import MatrixRow, groups

SIDE = 128
"""Pixels of a thumbnail: smaller images are enlarged by whole numbers, bigger ones reduced."""

GAP = 8
LINE = 18
"""Pixels of a line of text."""

OUTLINE = "#d62728"
BLANK = "#dddddd"


def save(
    path: Path, rows: Sequence[MatrixRow], suite: Suite, tidy: pd.DataFrame, *, number: int
) -> None:
    """Write the picture as PNG, of prompt `number` (from 0) of each group; the first image of it.

    Below each image is the value of the table's first definition in that cell.
    Raises InputError if a group has fewer prompts, or nothing can be written there.
    """
    buffer = io.BytesIO()
    draw(rows, pick_samples(suite, rows[0].request.seed, number), values(tidy)).save(
        buffer, format="PNG"
    )
    with files.writing(path, "--picture"):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, buffer.getvalue())


def values(tidy: pd.DataFrame) -> dict[tuple[str, str], str]:
    """The value of the first definition in each cell, by what is removed and what is prompted."""
    first = tidy[tidy["definition"] == tidy["definition"].iloc[0]]
    return {
        (str(removed), str(prompted)): _value(value, str(unit))
        for removed, prompted, value, unit in zip(
            first["removed"], first["prompted"], first["value"], first["unit"], strict=True
        )
    }


def _value(value: float, unit: str) -> str:
    return "" if math.isnan(value) else f"{value:.1f} %" if unit == "%" else f"{value:.3f}"


def pick_samples(suite: Suite, seed: int, number: int) -> dict[str, Sample]:
    """Image 0 of prompt `number` of each group. Raises InputError."""
    firsts = [sample for sample in seeds.samples(suite, seed) if sample.k == 0]
    by_group = {}
    for group in groups(suite):
        samples = [sample for sample in firsts if group in sample.prompt.group.split(", ")]
        if number >= len(samples):
            raise InputError(
                f"'{group}' has {len(samples)} prompts, counted from 0: there is no {number}"
            )
        by_group[group] = samples[number]
    return by_group


def draw(
    rows: Sequence[MatrixRow], samples: Mapping[str, Sample], shown: Mapping[tuple[str, str], str]
) -> Image.Image:
    """The grid: the rows in their order, a column per sample, and the diagonal outlined."""
    font = ImageFont.load_default(size=14)
    labels = [f"without {row.removed}" if row.removed else "undefended" for row in rows]
    left = math.ceil(max(font.getlength(label) for label in labels)) + 2 * GAP
    across, down = SIDE + GAP, SIDE + LINE + GAP
    size = (left + len(samples) * across, GAP + LINE + len(rows) * down)
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    for column, name in enumerate(samples):
        middle = left + column * across + SIDE / 2
        pen.text((middle, GAP), f"by {name}", "black", font, anchor="mt")
    for line, (row, label) in enumerate(zip(rows, labels, strict=True)):
        top = GAP + LINE + line * down
        pen.text((GAP, top + SIDE / 2), label, "black", font, anchor="lm")
        for column, (name, sample) in enumerate(samples.items()):
            x = left + column * across
            picture.paste(_thumbnail(row, sample), (x, top))
            if name == row.removed:
                box = (x - 3, top - 3, x + SIDE + 2, top + SIDE + 2)
                pen.rectangle(box, outline=OUTLINE, width=3)
            below = (x + SIDE / 2, top + SIDE + 4)
            pen.text(below, shown.get((row.removed, name), ""), "black", font, anchor="mt")
    return picture


def _thumbnail(row: MatrixRow, sample: Sample) -> Image.Image:
    """The image, SIDE pixels square; grey if there is none."""
    try:
        if row.run is None:
            return Image.new("RGB", (SIDE, SIDE), BLANK)
        return thumbnail(Image.fromarray(row.run.load_image(sample)[0]), SIDE)
    except SDDBenchError:
        return Image.new("RGB", (SIDE, SIDE), BLANK)


def thumbnail(image: Image.Image, side: int) -> Image.Image:
    """The image in a square of so many pixels, with white beside it if it isn't one: enlarged by a
    whole number, or reduced.
    """
    scale = side // max(image.size) or side / max(image.size)
    smooth = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS
    width, height = (max(1, round(length * scale)) for length in image.size)
    framed = Image.new("RGB", (side, side), "white")
    framed.paste(image.resize((width, height), smooth), ((side - width) // 2, (side - height) // 2))
    return framed
