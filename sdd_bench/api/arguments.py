"""What the functions take: names, one or several, and the options of a request by keyword."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TypedDict

from sdd_bench.benchmark.request import Options, Request
from sdd_bench.errors import InputError, unknown
from sdd_bench.suites import concepts


class OptionFields(TypedDict, total=False):
    """The options of a request, as keywords; they are those of `sdd-bench run`."""

    results: str | Path
    """Folder of all runs. Default: results."""
    model: str
    """A name of `list_models()`, a diffusers folder, or a hub id. Default: miniature."""
    concepts: str | Iterable[str]
    """What is to be removed, instead of the method's own default."""
    concept_set: str | None
    """A set of `list_concepts()` instead."""
    metrics: str | Iterable[str]
    """Definitions, or names of metric files. Default: those of the model and the suite."""
    images_per_prompt: int | None
    """Images of each prompt. Default: the suite's own number."""
    limit: int | None
    """Only the first prompts."""
    columns: Mapping[str, str]
    """Where a file of prompts keeps 'text', 'seed', 'group' or 'id', if not under a known name."""
    steps: int
    """PNDM steps. Default: 25."""
    guidance_scale: float
    """Default: 7.5."""
    seed: int
    """What is random derives from it, but for images with a published seed. Default: 42."""
    batch_size: int | None
    """Images at a time. Default: 32 on the CPU, 16 on a GPU."""
    device: str
    """auto, cpu, cuda or cuda:N."""
    dtype: str
    """auto, float32, float16 or bfloat16."""
    rescale_warmup: bool
    """Whether a method's warm-up, meant for 50 steps, follows the number of steps."""
    recipe: str | None
    """How methods that train do it. Default: paper, and for the miniature its own."""
    trainable: str | None
    """Tensors that learn: xattn, xattn-kv, selfattn, noxattn or full. Default: the recipe's."""
    checkpoint: str | Path | None
    """Weights of the U-Net to run on instead of training: a file or folder of any tool."""


def several(names: str | Iterable[str]) -> tuple[str, ...]:
    """One name or several as a tuple; asked for twice is asked for once."""
    return (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))


def options_of(given: OptionFields) -> Options:
    """The options with these keywords; None is a default. Raises InputError for an unknown one."""
    known = [*(each.name for each in fields(Options)), "concept_set"]
    for name in given:
        if name not in known:
            raise unknown("option", name, known)
    values: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    concept_set = values.pop("concept_set", None)
    for name in ("concepts", "metrics"):
        values[name] = several(values.get(name) or ())  # type: ignore[arg-type]
    for name in ("results", "checkpoint"):
        if values.get(name) is not None:
            values[name] = Path(values[name])  # type: ignore[arg-type]
    if concept_set is not None:
        if values["concepts"]:
            raise InputError("give concepts or a concept set, not both")
        values["concepts"] = concepts.find(str(concept_set))
    return Options(**values)  # type: ignore[arg-type]


def request_of(
    methods: str | Iterable[str], suites: str | Iterable[str], given: OptionFields
) -> Request:
    """Methods on suites with these options. Raises InputError."""
    return options_of(given).request(methods=several(methods), suites=several(suites))


@contextmanager
def interruptible() -> Iterator[None]:
    """Within it, an interrupt says that nothing is lost and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            "interrupted; what is done is kept, the same call goes on"
        ) from None
