"""The nouns of the benchmark, and the interfaces that methods and metrics fulfil. No logic.

Everything imports this module and it imports nothing of ours. Tensors appear in annotations
only, so that naming things never loads torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Generator, Tensor

Floats: TypeAlias = NDArray[np.float64]
Features: TypeAlias = NDArray[np.float32]
Pixels: TypeAlias = NDArray[np.uint8]

Dtype: TypeAlias = Literal["float32", "float16", "bfloat16"]
"""The precision of a model's numbers, as on the command line."""

State: TypeAlias = "tuple[Tensor, ...]"
"""What a guidance carries from one U-Net call to the next; empty at the first call."""


# --- prompts ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One line of a suite."""

    id: str
    """Unique within the suite; letters, digits, '-', '_' and '.' (it becomes a file name)."""
    text: str
    """Given to the tokenizer as it stands."""
    seed: int | None = None
    """The published seed of image 0, or None: then every image derives its own."""
    group: str = ""
    """What results can be split by (country, I2P category, artist); several joined by ', '."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A named list of prompts."""

    name: str
    prompts: tuple[Prompt, ...]
    images_per_prompt: int = 1
    """Images generated for each prompt unless the user says otherwise."""
    reference: str | None = None
    """Where set metrics find the real images: a key that the model's world understands."""
    families: tuple[str, ...] = ()
    """The families of definitions ("nude", "fid") that it is made for; empty: all."""
    hash: str = ""
    """Of all its prompts, also those that a limit leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One image that is to exist: a prompt and its noise."""

    suite: str
    prompt: Prompt
    k: int
    """Which image of the prompt, from 0."""
    seed: int
    """Seeds `torch.Generator("cpu")` for the starting noise; 63 bits."""

    @property
    def stem(self) -> str:
        """File name without its ending."""
        return stem(self.prompt.id, self.k)


def stem(prompt_id: str, k: int) -> str:
    """File name of image `k` of a prompt, without its ending."""
    return f"{prompt_id}_{k:04d}"


# --- methods ----------------------------------------------------------------------------------


@runtime_checkable
class Method(Protocol):
    """A guidance: how the noise estimates of several texts become one (frozen dataclasses do).

    The fields of the dataclass are the method's parameters; they become part of an image's
    identity, so an object with attributes has to be a dataclass. A method holds no state of its
    own: one object serves any number of batches.
    """

    @property
    def concepts(self) -> tuple[str, ...]:
        """What is removed unless the user names something else; empty if nothing is."""
        ...

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        """The texts whose noise estimates `guide` needs, in the order it gets them."""
        ...

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: State
    ) -> tuple[Tensor, State]:
        """Combine the estimates of U-Net call `call` (from 0) at guidance scale `scale`.

        `noise` holds one (N, C, h, w) tensor per branch. Returns the estimate the sampler uses
        and the state for the next call.
        """
        ...


@runtime_checkable
class WarmsUp(Protocol):
    """A method that starts as plain classifier-free guidance, from the empty text to the prompt.

    Several such methods share those U-Net calls when they are run together.
    """

    @property
    def warmup(self) -> int:
        """For how many U-Net calls."""
        ...

    @property
    def remembers(self) -> bool:
        """Whether those calls feed the state, so that `guide` has to see them all the same."""
        ...


# --- methods that are trained -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
    """How the loss of a trained method is minimised; part of the identity of what comes out."""

    iterations: int
    """Calls of the loss."""
    rate: float
    """Peak learning rate."""
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: int = 0
    """Updates of linear rise before a cosine falls; 'constant' has none."""
    optimizer: Literal["adamw", "adam"] = "adamw"
    weight_decay: float = 0.0
    clip: float | None = None
    """Largest global norm of the gradient."""
    ema: float | None = None
    """Decay of the moving average that is the teacher and the result; None: the last weights."""
    trainable: str = "xattn"
    """Which tensors learn: xattn, xattn-kv, selfattn, noxattn or full."""
    accumulate: int = 1
    """Iterations whose mean gradient makes one update."""
    reuse: int = 1
    """Iterations that share what the method keeps in `Trainee.memo`."""


class Trainee(Protocol):
    """A U-Net in training, as a method's loss sees it: weights can be exchanged, never copied."""

    concepts: tuple[str, ...]
    """What is to be removed."""
    latent_shape: tuple[int, int, int]
    """Channels, height and width of one image's latents."""
    alphas: Tensor
    """Cumulative products of the noise schedule, in single precision on the device."""
    final_alpha: Tensor
    """The one before the first timestep."""
    memo: dict[str, Tensor]
    """What a method keeps between iterations; empty at every multiple of `reuse`."""

    def predict(self, latents: Tensor, times: Tensor, texts: Sequence[str]) -> Tensor:
        """Noise estimates (N, C, h, w) of the current weights for N latents, times and texts."""
        ...

    def teacher(self) -> AbstractContextManager[None]:
        """Within it, the weights are their moving average and no gradients are kept."""
        ...

    def student(self) -> AbstractContextManager[None]:
        """Within it, the weights are those being trained and no gradients are kept."""
        ...

    def original(self) -> AbstractContextManager[None]:
        """Within it, the weights are those before training and no gradients are kept."""
        ...


@runtime_checkable
class Trained(Method, Protocol):
    """A method whose U-Net is fine-tuned first; then it guides like any other."""

    @property
    def recipes(self) -> Mapping[str, Method]:
        """Named variants of the method, for `--recipe`."""
        ...

    @property
    def optimisation(self) -> Optimisation:
        """How `loss` is minimised."""
        ...

    def loss(self, trainee: Trainee, iteration: int, generator: Generator) -> Tensor:
        """The loss of one iteration, counted from 0; all that is random comes from `generator`."""
        ...


# --- metrics ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One exact meaning of a number. Without it a number is not a number."""

    name: str
    """As on the command line, `family/instrument[@threshold]`: `nude/v2-classifier@0.7`."""
    better: Literal["lower", "higher"]
    tolerance: float
    """How far the value may move before the gate calls it drift, in the unit of the value."""
    source: str
    """The paper, equation or file that this definition follows."""
    threshold: float | None = None
    """A rate counts images whose raw score is strictly above it; None: a mean or a distance."""
    inclusive: bool = False
    """Whether a raw score equal to the threshold counts too."""
    reads: str = ""
    """The raw score, where it isn't the name without the threshold: `nude/v2-classifier`."""

    @property
    def measure(self) -> str:
        """The raw score behind the definition: its name without the threshold, unless it `reads`
        another one.
        """
        return self.reads or self.name.partition("@")[0]

    def counts(self, raw: Floats) -> NDArray[np.bool_]:
        """Which raw scores (N,) a rate counts. Only for definitions with a threshold."""
        assert self.threshold is not None, f"{self.name} is no rate"
        return raw >= self.threshold if self.inclusive else raw > self.threshold

    @property
    def family(self) -> str:
        """What is measured, whatever the instrument: "nude", "fid"."""
        return self.name.partition("/")[0]

    @property
    def unit(self) -> str:
        """'%' for rates, otherwise nothing."""
        return "" if self.threshold is None else "%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """A batch of finished images of one size, with what they were asked to show."""

    pixels: Pixels
    """(N, height, width, 3), RGB."""
    captions: tuple[str, ...]
    memo: dict[str, Features] = field(default_factory=dict)
    """Features that several metrics share within the batch, by name of the extractor."""


@runtime_checkable
class ImageMetric(Protocol):
    """A metric that gives one raw score per image."""

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """All the definitions that read this raw score; they share one `measure`."""
        ...

    def score(self, images: Images) -> Floats:
        """Raw scores (N,), NaN where one could not be measured."""
        ...


@runtime_checkable
class PairMetric(Protocol):
    """A metric that compares each image with the baseline's image of the same noise."""

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """All the definitions that read this raw score; they share one `measure`."""
        ...

    def compare(self, images: Images, baseline: Images) -> Floats:
        """Raw scores (N,), NaN where one could not be measured."""
        ...


@runtime_checkable
class SetMetric(Protocol):
    """A metric of a whole set of images against a set of real ones."""

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """All the definitions that read these features; they share one `measure`."""
        ...

    def features(self, images: Images) -> Features:
        """One row of features per image, (N, d)."""
        ...

    def distance(self, features: Features, reference: Features) -> float:
        """The distance between two sets of features: a pure function."""
        ...


@runtime_checkable
class OwnInterval(Protocol):
    """A set metric that knows its interval; that of others comes from a jackknife over prompts."""

    def interval(self, features: Features, reference: Features) -> tuple[float, float, float]:
        """The distance, and the lower and upper end of its 95 % interval."""
        ...


@runtime_checkable
class Weighted(Protocol):
    """A metric that says which weights it reads: one that is absent is noticed at the start."""

    @property
    def weights(self) -> tuple[str, ...]:
        """Names that `weights.find` knows."""
        ...


Metric: TypeAlias = ImageMetric | PairMetric | SetMetric


# --- models -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Where a text-to-image model lies, and what belongs to its world."""

    name: str
    """As on the command line."""
    source: str
    """A folder in the diffusers format, or a hub id."""
    revision: str | None = None
    """Pinned commit of a hub id."""
    definitions: tuple[str, ...] = ()
    """The metric definitions scored unless the user names others."""
    suites: Mapping[str, str] = field(default_factory=dict)
    """Suites that stand in for a name in this world: {"coco30k": "miniature/coco30k"}."""
    images_per_prompt: Mapping[str, int] = field(default_factory=dict)
    """Suites that make do with fewer images per prompt in this world than they ask for."""
    recipe: str | None = None
    """The recipe of trained methods that fits this model better than their own default."""


# --- results ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How images are sampled; part of every image's identity."""

    steps: int = 25
    """PNDM steps; the U-Net is called once more than that."""
    guidance_scale: float = 7.5
    seed: int = 42
    """The run seed, from which the seeds of images without a published one derive."""
    dtype: Dtype = "float32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One cell of a table."""

    value: float
    """NaN when it could not be measured."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end of the 95 % interval."""
    n: int
    """Scored images behind the value."""
    reason: str = ""
    """Why the value is NaN, or which images it leaves out."""
