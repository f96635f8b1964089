"""What the user asks for: methods on suites, and how their images are made and scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import get_args

from sdd_bench.errors import InputError, unknown
from sdd_bench.suites import loading
from sdd_bench.suites.texts import flaw
from sdd_bench.types import ModelSpec, Numerics, Settings, Suite

from .shard import Shard

RANGES: dict[str, tuple[int, int | None]] = {
    "images_per_prompt": (1, None),
    "limit": (1, None),
    "steps": (2, 999),
    "seed": (0, 2**63 - 1),
    "batch_size": (1, None),
    "workers": (1, 256),
}
"""Smallest and largest value of each whole number; None: no limit."""

ENGINES = ("local", "ray")
"""Where workers run."""

_MOST = 10_000_000
"""Images of a run: what is known of them all is in memory at once."""

_DEFAULT = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How runs are made, whatever method and suite they are of. Raises InputError."""

    results: Path = Path("results")
    """Folder of all runs."""
    model: str = "miniature"
    concepts: tuple[str, ...] = ()
    """Replaces the concepts of every method that removes any."""
    metrics: Sequence[str] = ()
    """Definitions, or names of metric files; empty: those of the model and the suite."""
    images_per_prompt: int | None = None
    limit: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """Where files of prompts keep the text, seed, group or id, if not under a known name."""
    steps: int = _DEFAULT.steps
    guidance_scale: float = _DEFAULT.guidance_scale
    seed: int = _DEFAULT.seed
    batch_size: int | None = None
    device: str = "auto"
    dtype: str = "auto"
    numerics: Numerics = "eager"
    """How the U-Net is computed when it makes pictures."""
    rescale_warmup: bool = False
    """Whether a warm-up, which counts U-Net calls of a 50-step trajectory, follows `steps`."""
    recipe: str | None = None
    """Of the trained methods; None: the model's, or else the method's own."""
    trainable: str | None = None
    """Tensors that trained methods train, instead of the recipe's."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Values of methods' parameters that the user sets, as text, by their names."""
    checkpoint: Path | None = None
    """Weights of U-Net or text encoder that every method runs on; nothing is trained."""
    checkpoint_strength: float | None = None
    """How much of the checkpoint, an adapter, is added; None: all of it."""
    workers: int | None = None
    """Processes that share the work; None: as many as pay."""
    engine: str = "local"
    """Where they run: `local`, on this machine, or `ray`, on those of a Ray cluster."""
    shard: str | None = None
    """I/N: only the I-th of N fixed parts of the images is made and judged; None: all of them."""
    timeout: float | None = None
    """Seconds that one call of a method or metric may take; None: as long as it takes."""

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            _check_whole(name, getattr(self, name), low, high)
        scale = self.guidance_scale
        if isinstance(scale, bool) or not isinstance(scale, (int, float)):
            raise InputError(f"the guidance scale must be a number, not {scale!r}")
        if not abs(scale) <= _STRONGEST:
            raise InputError(
                f"the guidance scale must be a number from -{_STRONGEST} to {_STRONGEST}, "
                f"not {scale}"
            )
        if self.timeout is not None:
            _check_seconds(self.timeout)
        if self.checkpoint_strength is not None:
            _check_strength(self.checkpoint_strength, self.checkpoint)
        self._check_engine()
        if self.shard is not None:
            Shard.parse(self.shard)
            if self.workers is not None and self.workers > 1:
                raise InputError(
                    f"shard {self.shard} and {self.workers} workers: give one of them, for workers "
                    "share out the images themselves"
                )
        if self.numerics not in get_args(Numerics):
            raise unknown("numerics", self.numerics, get_args(Numerics))
        check_concepts(self.concepts)

    def _check_engine(self) -> None:
        if self.engine not in ENGINES:
            raise unknown("engine", str(self.engine), ENGINES)
        if self.engine == "ray" and self.shard is not None:
            raise InputError(
                f"shard {self.shard} and engine ray: give one of them, for its workers share out "
                "the images themselves"
            )
        if self.engine == "ray" and ":" in self.device:
            raise InputError(
                f"device {self.device} and engine ray, which gives each worker a GPU of its own: "
                "name auto, cuda or cpu"
            )

    def request(self, *, methods: Sequence[str], suites: Sequence[str]) -> Request:
        """Methods on suites with these options."""
        shared = {each.name: getattr(self, each.name) for each in fields(Options)}
        return Request(**shared, methods=methods, suites=suites)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Options):
    """Methods on suites, and how."""

    methods: Sequence[str]
    suites: Sequence[str]
    discard_images: bool = False
    """Whether pictures are removed when all metrics have judged them."""

    def __post_init__(self) -> None:
        Options.__post_init__(self)
        if self.shard is not None and self.discard_images:
            raise InputError(
                f"shard {self.shard} keeps its pictures: discard images in the run without a shard "
                "that joins them"
            )


def load_suite(name: str, spec: ModelSpec, options: Options) -> Suite:
    """The suite of that name as the model has it. Raises InputError or MissingError."""
    own = spec.images_per_prompt.get(name.partition("=")[0])
    suite = loading.load(
        name,
        images_per_prompt=options.images_per_prompt or own,
        limit=options.limit,
        stand_ins=spec.suites,
        columns=options.columns,
    )
    images = len(suite.prompts) * suite.images_per_prompt
    if images > _MOST:
        raise InputError(
            f"{suite.images_per_prompt:,} images of each of {len(suite.prompts):,} prompts of "
            f"suite '{suite.name}' are more than {_MOST:,}: give fewer with --images-per-prompt "
            "or --limit"
        )
    return suite


def _check_whole(name: str, value: object, low: int, high: int | None) -> None:
    if value is None and name in {"images_per_prompt", "limit", "batch_size", "workers"}:
        return
    words = name.replace("_", " ")
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{words} must be a whole number, not {value!r}")
    if value < low or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"from {low} to {high}"
        raise InputError(f"{words} must be {limits}, not {value}")


def check_concepts(concepts: Sequence[str]) -> None:
    """Raise InputError for a concept that cannot be read, and for one that is given twice."""
    known: dict[str, str] = {}
    for concept in concepts:
        wrong = flaw(concept)
        if wrong:
            raise InputError(f"a concept {wrong}")
        # Text encoders of CLIP see neither capitals nor how many blanks there are.
        text = " ".join(concept.lower().split())
        if text in known:
            raise InputError(
                f"a concept is given twice, {known[text]!r} and {concept!r}: leave one"
            )
        known[text] = concept


def _check_seconds(value: object) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 < float(value) <= _LONGEST:  # type: ignore[arg-type]  # it is one
        raise InputError(
            f"the timeout must be a number of seconds above 0 and up to {_LONGEST}, not {value!r}"
        )


def _check_strength(value: object, checkpoint: Path | None) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not abs(float(value)) <= _STRONGEST:  # type: ignore[arg-type]  # it is one
        raise InputError(
            f"the checkpoint strength must be a number from -{_STRONGEST} to {_STRONGEST}, "
            f"not {value!r}"
        )
    if checkpoint is None:
        raise InputError("a checkpoint strength is that of an adapter: give the checkpoint too")


_STRONGEST = 1000
"""Guidance scale and strength at most; 7.5 is usual, and no float is a number far beyond."""

_LONGEST = 10_000_000
"""Seconds of a timeout at most: timers count no further."""
