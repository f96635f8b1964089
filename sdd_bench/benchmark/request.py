"""What the user asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sdd_bench.suites import loading
from sdd_bench.types import ModelSpec, Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for."""

    methods: Sequence[str]
    suites: Sequence[str]
    results: Path
    model: str = "miniature"
    concepts: tuple[str, ...] = ()
    """Replaces the concepts of every method that removes any."""
    metrics: Sequence[str] = ()
    """Definitions, or names of metric files; empty: those of the model and the suite."""
    images_per_prompt: int | None = None
    limit: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """Where files of prompts keep the text, seed, group or id, if not under a known name."""
    steps: int = 25
    guidance_scale: float = 7.5
    seed: int = 42
    batch_size: int | None = None
    device: str = "auto"
    dtype: str = "auto"
    rescale_warmup: bool = False
    """Whether a warm-up, which counts U-Net calls of a 50-step trajectory, follows `steps`."""
    recipe: str | None = None
    """Of the trained methods; None: the model's, or else the method's own."""
    trainable: str | None = None
    """Tensors that trained methods train, instead of the recipe's."""
    checkpoint: Path | None = None
    """Weights of the U-Net that every method runs on; nothing is trained."""


def load_suite(name: str, spec: ModelSpec, request: Request) -> Suite:
    """The suite of that name in the model's world. Raises InputError or MissingError."""
    count = request.images_per_prompt or spec.images_per_prompt.get(name.partition("=")[0])
    return loading.load(
        name,
        images_per_prompt=count,
        limit=request.limit,
        stand_ins=spec.suites,
        columns=request.columns,
    )
