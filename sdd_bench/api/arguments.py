"""What the functions take: names, one or several, and the options of a request by keyword."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from numbers import Number
from pathlib import Path
from typing import TypeAlias, TypedDict

from sdd_bench import files
from sdd_bench.benchmark.request import Options, Request
from sdd_bench.errors import InputError, unknown
from sdd_bench.suites import concepts
from sdd_bench.suites.texts import flaw
from sdd_bench.types import Numerics

Names: TypeAlias = "str | Path | Iterable[str | Path]"
"""One name or several."""

TEXTS = frozenset(
    {
        "model", "concept_set", "device", "dtype", "engine", "numerics", "recipe", "shard",
        "trainable",
    }
)  # fmt: skip

_ONE_AT_A_TIME = threading.RLock()


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
    """Images at a time. Default: 32 on the CPU; on a GPU 16, of small models 64."""
    device: str
    """auto, cpu, cuda or cuda:N."""
    dtype: str
    """auto, float32, float16 or bfloat16."""
    numerics: Numerics
    """eager, or compiled: the U-Net's repeated blocks by torch.compile. Default: eager."""
    rescale_warmup: bool
    """Whether a method's warm-up, meant for 50 steps, follows the number of steps."""
    recipe: str | None
    """How methods that train do it. Default: paper, and for the miniature its own."""
    trainable: str | None
    """Tensors that learn: xattn, xattn-kv, selfattn, noxattn, layers-noxattn, layers or full.
    Default: the recipe's."""
    parameters: Mapping[str, str | float | bool | None]
    """Values of methods' parameters, by their names: {"rate": 2e-5}. Default: the recipe's."""
    checkpoint: str | Path | None
    """Weights of U-Net or text encoder to run on instead of training: a file or folder of any
    tool."""
    checkpoint_strength: float | None
    """How much of a checkpoint that is an adapter is added. Default: 1."""
    workers: int | None
    """Processes that share the work. Default: on the CPU as many as pay, each of one thread; 1 on a
    GPU; on a cluster one per GPU or core."""
    engine: str
    """Where they run: local, on this machine, or ray, on those of a Ray cluster. Default: local."""
    shard: str | None
    """I/N: only the I-th of N fixed parts of the images. Default: all of them."""
    timeout: float | None
    """Seconds that one call of a method or metric may take. Default: as long as it takes."""


def several(names: Names, what: str = "name") -> tuple[str, ...]:
    """One name or several as a tuple; asked for twice is asked for once. Raises InputError."""
    given: object = [names] if isinstance(names, (str, Path)) else names
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise InputError(f"a {what} is a text, or give a list of them: not {names!r}")
    return tuple(dict.fromkeys(one(name, what) for name in given))


def one(name: object, what: str = "name") -> str:
    """A name as text; a path is one. Raises InputError for anything else, and for nothing."""
    if not isinstance(name, (str, Path)):
        raise InputError(f"a {what} is a text, not {name!r}")
    wrong = flaw(str(name))
    if wrong:
        raise InputError(f"a {what} {wrong}")
    return str(name)


def place(path: object, what: str) -> Path:
    """A path. Raises InputError for what is none."""
    if not isinstance(path, (str, Path)):
        raise InputError(f"{what} is a path, not {path!r}")
    if files.too_long(path):
        raise InputError(f"{what} '{path!s:.100}...' is too long for any disk")
    return Path(path)


def options_of(given: OptionFields) -> Options:
    """The options with these keywords; None is a default. Raises InputError for an unknown one."""
    known = [*(each.name for each in fields(Options)), "concept_set"]
    for name in given:
        if name not in known:
            raise unknown("option", name, known)
    values: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    concept_set = values.pop("concept_set", None)
    parameters = _parameters(values.pop("parameters", {}))
    for name, value in values.items():
        if name in {"concepts", "metrics"}:
            values[name] = several(value, name.removesuffix("s"))  # type: ignore[arg-type]
        elif name in {"results", "checkpoint"}:
            values[name] = place(value, name)
        elif name in TEXTS:
            _check_text(name, value)
        elif isinstance(value, Number):
            # Numbers of numpy, as data frames hold them, are plain ones from here on.
            values[name] = value.item() if hasattr(value, "item") else value
    if concept_set is not None:
        if values.get("concepts"):
            raise InputError("give concepts or a concept set, not both")
        values["concepts"] = concepts.find(str(concept_set))
    return Options(**values, parameters=parameters)  # type: ignore[arg-type]


def _parameters(given: object) -> dict[str, str]:
    """Values as text, as the command line has them. Raises InputError."""
    if not isinstance(given, Mapping):
        raise InputError(f"parameters are values by their names, not {given!r:.60}")
    return {one(name, "parameter"): str(value) for name, value in given.items()}


def _check_text(name: str, value: object) -> None:
    wrong = flaw(value) if isinstance(value, str) else f"is a text, not {value!r}"
    if wrong:
        raise InputError(f"{name.replace('_', ' ')} {wrong}")


def request_of(
    methods: Names, suites: Names, given: OptionFields, *, no_suite: bool = False
) -> Request:
    """Methods on suites with these options. Raises InputError, also for none of either."""
    names, places = several(methods, "method"), several(suites, "suite")
    if not names:
        raise InputError("no method is named; `list_methods()` has them")
    if not places and not no_suite:
        raise InputError("no suite is named; `list_suites()` has them")
    return options_of(given).request(methods=names, suites=places)


@contextmanager
def interruptible() -> Iterator[None]:
    """Within it, an interrupt says that nothing is lost and how to go on.

    One call at a time: the libraries load a model by settings of the whole process.
    """
    try:
        with _ONE_AT_A_TIME:
            yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            "interrupted; what is done is kept, the same call goes on"
        ) from None
