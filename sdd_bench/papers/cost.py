"""What a table will cost, before anything is run: images, U-Net forwards, hours and disk.

A method reads the U-Net once per branch at every call, and PNDM calls it once more than it has
steps: 2 x 26 forwards of one sample for an image of 25 steps, 3 x 26 with SLD or SEGA. What methods
of one suite share is counted for each, so the true cost is at most this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd

from sdd_bench import models
from sdd_bench.benchmark import stored
from sdd_bench.benchmark.selection import SelectedMethod, choose
from sdd_bench.formats.page import Page
from sdd_bench.registry import Registry
from sdd_bench.types import Trained

from . import published
from .needs import NeedStatus
from .published import Table

TRAINING_FORWARDS = 54
"""Forwards of one training iteration: 25.5 sampling steps on average with two branches each, and
the loss with its backward pass, which costs as much as three more (SDD and ESD, appendix B.1)."""

BYTES_PER_PIXEL = 1.7
"""Bytes per pixel of a stored PNG: a natural picture compresses to little more than half of three.
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one row costs on one suite."""

    row: str
    suite: str
    images: int
    """How many images the table needs."""
    missing: int
    """How many of these are still to be made."""
    forwards: int
    """U-Net forwards of one sample for the missing images."""
    training: int
    """U-Net forwards of one sample for a training that isn't there; counted where it is first
    needed."""


Made: TypeAlias = tuple[str, tuple[str, ...], str]
"""What makes weights: a method, its concepts and its parameters, which name those before it."""


def costs(table: Table, states: Sequence[NeedStatus], plugins: Registry) -> list[Cost]:
    """The cost of each need, in order. A suite whose prompts are not here counts as published."""
    counted: set[Made] = set()
    rows = []
    for state in states:
        request = state.need.request
        selected = choose(request.methods[0], request, plugins)
        images = len(state.need.stems()) or _published(table, state.need.suite)
        missing = state.missing if state.need.prompts else images
        per_image = len(selected.method.branches("", selected.concepts)) * (request.steps + 1)
        training = _training(selected, state, counted) if missing else 0
        rows.append(
            Cost(
                state.need.row.label,
                state.need.suite,
                images,
                missing,
                missing * per_image,
                training,
            )
        )
    return rows


def page(table: Table, states: Sequence[NeedStatus], plugins: Registry) -> Page:
    """The plan as people read it."""
    rows = costs(table, states, plugins)
    tidy = pd.DataFrame(
        [
            {
                "row": cost.row,
                "suite": cost.suite,
                "images": cost.images,
                "stored": cost.images - cost.missing,
                "missing": cost.missing,
                "forwards": cost.forwards,
                "training": cost.training,
            }
            for cost in rows
        ]
    )
    header = ["method", "suite", "images", "stored", "missing", "U-Net forwards", "of training"]
    body = [
        [str(cell) if isinstance(cell, str) else f"{cell:,}" for cell in line]
        for line in tidy.to_numpy().tolist()
    ]
    totals = [f"{int(tidy[key].sum()):,}" for key in tidy.columns[2:]]
    return Page(
        title=f"The cost of {table.title}; nothing is run",
        header=header,
        rows=[*body, ["all", "", *totals]],
        tidy=tidy,
        notes=_notes(rows, states),
    )


def _notes(rows: Sequence[Cost], states: Sequence[NeedStatus]) -> list[str]:
    model = models.find(states[0].need.request.model)
    world = models.judged_as(model.name).name
    forwards = sum(cost.forwards + cost.training for cost in rows)
    notes = [
        f"{device}: about {_time(forwards / speed.forwards)} ({speed.source})."
        for device, speed in published.speeds().items()
        if speed.model == world
    ]
    pixels = sum(cost.missing for cost in rows) * model.image_side**2
    size = pixels * BYTES_PER_PIXEL / 1e9
    absent = {state.need.absent for state in states if state.need.absent}
    disk = f"{size:,.1f} GB" if size >= 1 else f"{1000 * size:,.0f} MB"
    return [*notes, f"Disk: about {disk}.", *sorted(absent)]


def _time(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h" if seconds >= 3600 else f"{seconds / 60:,.0f} min"


def _published(table: Table, suite: str) -> int:
    """How many images are behind the published numbers of a suite."""
    keys = {column.key for column in table.columns if column.suite == suite}
    return max((cell.n for (_, key), cell in table.cells.items() if key in keys), default=0)


def _training(method: SelectedMethod, state: NeedStatus, counted: set[Made]) -> int:
    """Forwards of a method's trainings that are neither done nor counted, and now are."""
    if state.run is not None:
        return 0
    iterations = 0
    for part in method.chain:
        made = (part.part, part.concepts, repr(part.parameters))
        if not isinstance(part.method, Trained) or made in counted:
            continue
        if not stored.is_trained(part, state.need.request):
            counted.add(made)
            iterations += part.method.optimisation.iterations
    return iterations * TRAINING_FORWARDS
