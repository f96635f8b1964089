"""What methods fulfil: guidance, and the training that may come first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

from .arrays import State
from .ranges import AboveZero, AtLeastZero, Decay

if TYPE_CHECKING:
    from torch import Generator, Tensor


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """A text as the text encoder gives it. A method may write on it: it is its own."""

    ids: tuple[int, ...]
    """Tokens from the begin mark to the end mark, without padding."""
    states: Tensor
    """Text states (tokens, width) after the last layer norm, padding included, in double precision
    on the CPU; those of the end mark, at len(ids) - 1, are CLIP's pooled state."""

    @property
    def last(self) -> int:
        """The position of the last token before the end mark; 0, the begin mark, if there is no
        other.
        """
        return len(self.ids) - 2


class Encoder(Protocol):
    """The model's text encoder, as a method that changes text states sees it."""

    def encode(self, text: str) -> Encoded:
        """A text, cut with its end mark kept if it is too long."""
        ...

    def encode_ids(self, ids: Sequence[int]) -> Encoded:
        """A text of these tokens, begin and end mark included; padded as a text is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """What the U-Net reads in place of a method's branches for some of its calls."""

    states: Sequence[Tensor]
    """Text states (tokens, width) of each branch, in double precision on the CPU."""
    calls: int | None = None
    """For how many U-Net calls; None: for all that are left."""


@runtime_checkable
class ReadsText(Protocol):
    """A method that changes what the U-Net reads of its branches: text states, call by call."""

    def read_text(
        self, branches: Sequence[Encoded], concepts: Sequence[str], encoder: Encoder
    ) -> Sequence[Reading]:
        """The readings of one prompt, one after the other from the first U-Net call on; after the
        last one, the branches are read as they are. Asked once per prompt.

        During a warm-up (`WarmsUp`) the branches are read as they are, and the calls are counted
        all the same.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projected:
    """What one cross-attention layer makes of a text, in double precision on the CPU."""

    keys: Tensor
    """(tokens, width), all heads side by side."""
    values: Tensor
    """(tokens, width), all heads side by side."""
    last: int
    """The position of the text's last token before the end mark; 0, the begin mark, if it has no
    other."""


@runtime_checkable
class ReadsValues(Protocol):
    """A method that changes the keys and values that the U-Net's layers make of its branches."""

    def read_values(
        self, branches: Sequence[Projected], concepts: Sequence[Projected]
    ) -> Sequence[Projected]:
        """The branches of one prompt in one layer, changed; asked once per prompt and layer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
    """How the loss of a trained method is minimised; part of the identity of what comes out."""

    iterations: AboveZero[int]
    """Calls of the loss."""
    rate: AboveZero[float]
    """Peak learning rate."""
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: AtLeastZero[int] = 0
    """Updates of linear rise before a cosine falls; 'constant' has none."""
    optimizer: Literal["adamw", "adam"] = "adamw"
    weight_decay: AtLeastZero[float] = 0.0
    clip: AboveZero[float] | None = None
    """Largest global norm of the gradient."""
    ema: Decay | None = None
    """Decay of the moving average that is the teacher and the result; None: the last weights."""
    trainable: str = "xattn"
    """Which tensors learn: xattn, xattn-kv, selfattn, noxattn, layers-noxattn, layers or full."""
    accumulate: AboveZero[int] = 1
    """Iterations whose mean gradient makes one update."""
    reuse: AboveZero[int] = 1
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


class Editable(Protocol):
    """A model, as an edit sees it: all tensors on the CPU in double precision, and copies."""

    @property
    def concepts(self) -> tuple[str, ...]:
        """What is to be removed."""
        ...

    @property
    def matrices(self) -> Mapping[str, Tensor]:
        """What makes keys and values of text states: (out, width) each, by the U-Net's name for it
        (it has `attn2.to_k` or `attn2.to_v` in it), in the order of the names.
        """
        ...

    def states(self, text: str) -> Tensor:
        """The text encoder's last states (tokens, width), padding included."""
        ...

    def last(self, text: str) -> int:
        """The position of the text's last token before the end mark; 0, the begin mark, if there is
        none.
        """
        ...


@runtime_checkable
class Edited(Method, Protocol):
    """A method whose U-Net is edited in one go first; then it guides like any other."""

    @property
    def recipes(self) -> Mapping[str, Method]:
        """Named variants of the method, for `--recipe`."""
        ...

    def edit(self, model: Editable, generator: Generator) -> Mapping[str, Tensor]:
        """What takes the place of matrices, by their names; all that is random comes from
        `generator`.
        """
        ...


Prepared: TypeAlias = Trained | Edited
"""A method that makes weights of its own before it guides."""
