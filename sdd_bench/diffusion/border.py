"""Where methods are called: what they give is checked, and what they are given is theirs alone.

A picture depends on nothing but its own noise and prompt. Whether a method keeps to that can't be
seen from one batch, so each is tried on random numbers before it makes pictures: it has to say the
same again, beside other rows, and where it shares its first calls with other methods.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sdd_bench import plugins
from sdd_bench.plugins import PluginError, is_ours, name_of
from sdd_bench.types import Method, State, WarmsUp

BranchTexts = tuple[str, ...]
"""The texts of one branch, one per image."""

ROWS = 4
"""Rows of a trial."""

ENOUGH = 1.0
"""Seconds after which a trial of a slow method ends, if it has seen FEWEST calls."""

FEWEST = 3


def branches(
    method: Method, prompts: Sequence[str], concepts: Sequence[str]
) -> tuple[BranchTexts, ...]:
    """The texts of each of the method's branches. Raises PluginError."""
    found: list[tuple[str, ...]] = []
    for prompt in prompts:
        with plugins.calling(method, "branches", f" for '{prompt}'"):
            texts: object = method.branches(prompt, concepts)
        if not (
            isinstance(texts, (tuple, list))
            and texts
            and all(isinstance(text, str) for text in texts)
        ):
            raise PluginError(
                f"{name_of(method)}.branches gave {form(texts)}: a tuple of texts is expected"
            )
        if found and len(texts) != len(found[0]):
            raise PluginError(
                f"{name_of(method)}.branches gave {len(found[0])} texts for '{prompts[0]}' and "
                f"{len(texts)} for '{prompt}': all prompts have as many"
            )
        found.append(tuple(texts))
    return tuple(zip(*found, strict=True))


def guide(
    method: Method, call: int, noise: Sequence[Tensor], scale: float, state: State
) -> tuple[Tensor, State]:
    """What the method makes of the estimates of its branches. Raises PluginError."""
    ours = is_ours(method)
    # Other methods read the same estimates, and the sampler keeps what it is given.
    given = list(noise) if ours else [each.clone() for each in noise]
    with plugins.calling(method, "guide", f" at U-Net call {call}"):
        answer: object = method.guide(call, given, scale, state)
    name, wanted = f"{name_of(method)}.guide", noise[0]
    if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], Tensor)):
        shape = tuple(wanted.shape)
        raise PluginError(
            f"{name} gave {form(answer)}: an estimate {shape} and a state are expected"
        )
    estimate, after = answer
    if (estimate.shape, estimate.dtype, estimate.device, estimate.layout) != (
        wanted.shape,
        wanted.dtype,
        wanted.device,
        wanted.layout,
    ):
        raise PluginError(f"{name} gave {form(estimate)}: {form(wanted)} is expected")
    if not (isinstance(after, tuple) and all(isinstance(each, Tensor) for each in after)):
        raise PluginError(f"{name} gave {form(after)} as state: a tuple of tensors is expected")
    if ours:
        return estimate, after
    if not torch.isfinite(estimate).all() and all(torch.isfinite(each).all() for each in noise):
        raise PluginError(f"{name} gave NaN or infinity at U-Net call {call}, for numbers")
    return estimate.clone(), after


def form(answer: object) -> str:
    """What a plugin gave, in a few words."""
    if answer is None:
        return "None"
    if isinstance(answer, Tensor):
        kind = str(answer.dtype).removeprefix("torch.")
        return f"{kind} {tuple(answer.shape)} on {answer.device}"
    if isinstance(answer, (tuple, list)):
        parts = ", ".join(form(each) for each in answer[:4])
        return f"a {type(answer).__name__} of {len(answer)} ({parts})"
    return f"a {type(answer).__name__}"


# --- trials -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a method is tried on before it makes pictures."""

    prompts: tuple[str, ...]
    batch: int
    """How many images are made at once."""
    shape: tuple[int, ...]
    """Of one image's latents."""
    calls: int
    """Of the U-Net along a trajectory."""
    scale: float
    device: torch.device
    dtype: torch.dtype

    def noise(self, text: str, row: int, call: int) -> Tensor:
        """What stands for the U-Net's estimate of a text in a row."""
        digest = hashlib.sha256(f"{row} {call} {text}".encode(errors="replace")).digest()
        seed = int.from_bytes(digest[:7], "little")
        drawn = torch.randn(self.shape, generator=torch.Generator("cpu").manual_seed(seed))
        return drawn.to(self.device, self.dtype)

    def equal(self, one: Tensor, other: Tensor) -> bool:
        """Whether two estimates are the same: on the CPU to the last bit."""
        if self.device.type == "cpu":
            return torch.equal(one, other)
        return self.close(one, other)

    def close(self, one: Tensor, other: Tensor) -> bool:
        """Whether two estimates differ in their last bits at most."""
        least = 64 * torch.finfo(self.dtype).eps
        return torch.allclose(one, other, rtol=least, atol=least * max(1.0, abs(self.scale)))


@dataclass(slots=True)
class _Way:
    """A method on its way along the calls of a trial, with rows of its own."""

    rows: tuple[int, ...]
    columns: tuple[BranchTexts, ...]
    state: State = ()

    def step(self, method: Method, trial: Trial, call: int) -> Tensor:
        noise = [
            torch.stack(
                [trial.noise(text, row, call) for text, row in zip(texts, self.rows, strict=True)]
            )
            for texts in self.columns
        ]
        estimate, self.state = guide(method, call, noise, trial.scale, self.state)
        return estimate


@torch.inference_mode()
def try_out(method: Method, concepts: Sequence[str], trial: Trial) -> None:
    """Raise PluginError for a method whose pictures would depend on more than noise and prompt.

    The ways are walked side by side, so that whatever one leaves behind in the method shows.
    """
    name = name_of(method)
    prompts = [trial.prompts[i % len(trial.prompts)] for i in range(ROWS + 2)]
    columns = branches(method, prompts, concepts)
    if branches(method, prompts, concepts) != columns:
        raise PluginError(f"{name}.branches gives other texts when it is asked again")
    whole = torch.zeros(trial.batch, *trial.shape, device=trial.device, dtype=trial.dtype)
    guide(method, 0, [whole] * len(columns), trial.scale, ())
    warmup = method.warmup if isinstance(method, WarmsUp) else 0
    first, second, beside = (
        _Way(rows, tuple(tuple(texts[row] for row in rows) for texts in columns))
        for rows in ((0, 1, 2, 3), (0, 1, 2, 3), (0, 4, 2, 5))
    )
    late = _Way(first.rows, first.columns)
    began = time.monotonic()
    for call in range(trial.calls):
        estimate = first.step(method, trial, call)
        if not trial.equal(estimate, second.step(method, trial, call)):
            raise PluginError(f"{name}.guide gives another estimate when it is asked again")
        other = beside.step(method, trial, call)
        if not trial.equal(estimate[[0, 2]], other[[0, 2]]):
            raise PluginError(
                f"{name}.guide makes an image's estimate depend on the others of its batch"
            )
        if call < warmup and not trial.close(estimate, _plain(trial, prompts, call)):
            raise PluginError(
                f"{name} says that its first {warmup} calls are plain guidance, and call {call} "
                "is not"
            )
        if _forgets(method, call) and not trial.equal(estimate, late.step(method, trial, call)):
            raise PluginError(
                f"{name} says that it remembers nothing of its first {warmup} calls, and call "
                f"{call} depends on them"
            )
        if call + 1 >= FEWEST and time.monotonic() - began > ENOUGH:
            return


def _forgets(method: Method, call: int) -> bool:
    """Whether a call comes after a warm-up that must not matter to it."""
    return isinstance(method, WarmsUp) and 0 < method.warmup <= call and not method.remembers


def _plain(trial: Trial, prompts: Sequence[str], call: int) -> Tensor:
    """Classifier-free guidance of the first rows."""
    empty, prompt = (
        torch.stack([trial.noise(text, row, call) for row, text in enumerate(texts)])
        for texts in ([""] * ROWS, prompts[:ROWS])
    )
    return empty + trial.scale * (prompt - empty)
