"""Pictures side by side: the same prompt and noise in every row, a method in every column."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from sdd_bench import files
from sdd_bench.errors import InputError, SDDBenchError, unknown
from sdd_bench.runs import lookup
from sdd_bench.runs.run import Run
from sdd_bench.types import Sample

GAP = 4
"""Pixels between pictures."""

SIDE = 128
"""Pixels that a picture has at least when it is shown: smaller ones are enlarged."""

BLUR = "filter: blur(12px);"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Grid:
    """Pictures in rows of one prompt and noise, and columns of one method."""

    columns: tuple[str, ...]
    rows: tuple[Sample, ...]
    pictures: tuple[tuple[Image.Image | None, ...], ...]
    """Row by row; None for an image that is not there."""
    reveal: bool = False
    """Whether a notebook shows them as they are, not blurred."""

    @property
    def image(self) -> Image.Image:
        """All of it as one picture, white where an image is missing. Not blurred."""
        width, height = self._size()
        count = len(self.columns), len(self.rows)
        size = tuple(n * (side + GAP) - GAP for n, side in zip(count, (width, height), strict=True))
        sheet = Image.new("RGB", (max(size[0], 1), max(size[1], 1)), "white")
        for y, row in enumerate(self.pictures):
            for x, picture in enumerate(row):
                if picture is not None:
                    sheet.paste(picture, (x * (width + GAP), y * (height + GAP)))
        return sheet

    def save(self, path: str | Path) -> None:
        """Write `image` as PNG. Raises InputError where nothing can be written."""
        buffer = io.BytesIO()
        self.image.save(buffer, format="PNG")
        with files.writing(Path(path), "`path`"):
            files.write(Path(path), buffer.getvalue())

    def _size(self) -> tuple[int, int]:
        sizes = [picture.size for row in self.pictures for picture in row if picture is not None]
        return (max(w for w, _ in sizes), max(h for _, h in sizes)) if sizes else (1, 1)

    def __repr__(self) -> str:
        return f"{len(self.rows)} x {len(self.columns)} pictures: {', '.join(self.columns)}"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        body = "".join(
            f"<tr><th>{html.escape(sample.prompt.text)}</th>"
            + "".join(f"<td>{self._cell(picture)}</td>" for picture in row)
            + "</tr>"
            for sample, row in zip(self.rows, self.pictures, strict=True)
        )
        return f"<table><tr><th></th>{head}</tr>{body}</table>"

    def _cell(self, picture: Image.Image | None) -> str:
        if picture is None:
            return "missing"
        buffer = io.BytesIO()
        picture.save(buffer, format="PNG")
        data = base64.b64encode(buffer.getvalue()).decode("ascii")
        side = max(SIDE, picture.width)
        style = f"overflow: hidden; width: {side}px;"
        return (
            f'<div style="{style}"><img width="{side}" alt="" style="image-rendering: pixelated; '
            f'{"" if self.reveal else BLUR}" src="data:image/png;base64,{data}"></div>'
        )


def arranged(
    runs: Sequence[Run], methods: Sequence[str], *, prompts: int, images: int, reveal: bool
) -> Grid:
    """The first images of the first prompts of the runs of these methods. Raises InputError."""
    columns, rows = chosen(runs, methods, prompts=prompts, images=images)
    return Grid(
        columns=tuple(methods),
        rows=tuple(rows),
        pictures=tuple(tuple(_picture(run, sample) for run in columns) for sample in rows),
        reveal=reveal,
    )


def chosen(
    runs: Sequence[Run],
    methods: Sequence[str],
    *,
    prompts: int,
    images: int,
    named: Sequence[str] = (),
) -> tuple[list[Run], list[Sample]]:
    """The run of each method, and which images of them: the first of the first prompts, or of those
    `named` by their ids. Raises InputError.
    """
    columns = [_only(lookup.named(runs, name), name) for name in methods]
    if not columns:
        raise InputError("a grid needs at least one method")
    samples = next(filter(None, (run.samples() for run in columns)), [])
    if not samples:
        raise InputError(
            f"nothing of {', '.join(methods)} has been scored yet, and pictures are chosen by "
            "their scores: give the same `sdd-bench run` command again"
        )
    known = list(dict.fromkeys(sample.prompt.id for sample in samples))
    for name in named:
        if name not in known:
            raise unknown("prompt", name, known)
    first = list(named) or known[:prompts]
    picked = [each for each in samples if each.prompt.id in first and each.k < images]
    return columns, sorted(picked, key=lambda each: first.index(each.prompt.id))


def _only(runs: Sequence[Run], name: str) -> Run:
    if len(runs) > 1:
        labels = ", ".join(sorted(lookup.label(run) for run in runs))
        raise InputError(f"several runs are of {name}: name one of {labels}")
    return runs[0]


def _picture(run: Run, sample: Sample) -> Image.Image | None:
    try:
        pixels, _ = run.load_image(sample)
    except InputError:  # discarded on purpose
        raise
    except SDDBenchError:
        return None
    return Image.fromarray(np.asarray(pixels))
