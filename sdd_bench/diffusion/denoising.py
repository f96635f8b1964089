"""The sampling loop: one trajectory per method, or one for several as long as they agree.

Methods with a warm-up start as plain classifier-free guidance. When several are run together they
walk that stretch once, together with the undefended model, and part where their warm-ups end. The
pictures are those of separate runs to the bit: a network call's result depends on its shape, and
that is fixed whatever the number of rows asked for.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor

from sdd_bench.types import Method, Settings, State, WarmsUp

from . import border, reading
from .bundle import Bundle
from .conditioning import Text
from .pndm import PNDM
from .reading import Script

Column: TypeAlias = tuple[Text, ...]
"""What the U-Net reads of one branch, one text per image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A method and what it removes."""

    method: Method
    concepts: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Branching:
    """A method on its way along a trajectory."""

    method: Method
    texts: tuple[Column, ...]
    """Of its branches."""
    scripts: tuple[Script, ...]
    """What is read in their place, one per image; none if nothing is."""
    state: State = ()

    @property
    def warmup(self) -> int:
        """For how many U-Net calls the guidance is plain."""
        return self.method.warmup if isinstance(self.method, WarmsUp) else 0

    @property
    def watches(self) -> bool:
        """Whether the calls of the warm-up matter to the method."""
        return isinstance(self.method, WarmsUp) and self.method.remembers

    def columns(self, call: int) -> tuple[Column, ...]:
        """What the U-Net reads at a call; as long as the guidance is plain, the texts are."""
        if not self.scripts or call < self.warmup:
            return self.texts
        return tuple(zip(*(script.at(call) for script in self.scripts), strict=True))


@dataclass(frozen=True, slots=True)
class _Trajectory:
    """Latents, and the methods that still agree on them."""

    latents: Tensor
    sampler: PNDM
    branchings: list[Branching]
    plain: tuple[Column, ...]
    """The columns of classifier-free guidance while several methods share it, else empty."""

    def parted(self, call: int) -> list[_Trajectory]:
        """This trajectory, and one for each method whose warm-up ends at this call."""
        if not self.plain:
            return [self]
        staying = [branching for branching in self.branchings if branching.warmup > call]
        alone = [
            _Trajectory(self.latents, copy.copy(self.sampler), [branching], ())
            for branching in self.branchings
            if branching.warmup <= call
        ]
        return [*([replace(self, branchings=staying)] if staying else []), *alone]

    def advanced(self, bundle: Bundle, call: int, scale: float) -> _Trajectory:
        """The trajectory after one U-Net call."""
        active = [branching for branching in self.branchings if not self.plain or branching.watches]
        of_method = [branching.columns(call) for branching in active]
        columns = dict.fromkeys([*self.plain, *(c for each in of_method for c in each)])
        states = bundle.text(tuple(text for column in columns for text in column))
        rows = torch.cat([self.latents] * len(columns))
        estimates = bundle.predict(rows, self.sampler.timesteps[call], states).chunk(len(columns))
        noise = dict(zip(columns, estimates, strict=True))
        estimate = None
        for branching, own in zip(active, of_method, strict=True):
            branches = [noise[column] for column in own]
            estimate, branching.state = border.guide(
                branching.method, call, branches, scale, branching.state
            )
        if self.plain:
            empty, prompt = (noise[column] for column in self.plain)
            estimate = empty + scale * (prompt - empty)
        assert estimate is not None, "a trajectory has a method"
        return replace(self, latents=self.sampler.step(estimate, self.latents))


@torch.inference_mode()
def walk(
    bundle: Bundle, plans: Sequence[Plan], prompts: Sequence[str], noise: Tensor, settings: Settings
) -> list[Tensor]:
    """Final latents (N, C, h, w) of every plan, from the same starting noise (N, C, h, w)."""
    branchings = [branching_of(bundle, plan, prompts) for plan in plans]
    sampler = PNDM(
        bundle.alphas,
        settings.steps,
        final_alpha=bundle.final_alpha,
        offset=bundle.offset,
        double=bundle.dtype == torch.float64,
    )
    start = noise.to(bundle.device, bundle.dtype)
    sharing = [branching for branching in branchings if branching.warmup > 0]
    if len(sharing) < 2:
        sharing = []
    trajectories = [
        _Trajectory(start, copy.copy(sampler), [branching], ())
        for branching in branchings
        if branching not in sharing
    ]
    if sharing:
        plain = (("",) * len(prompts), tuple(prompts))
        trajectories.append(_Trajectory(start, sampler, sharing, plain))
    for call in range(len(sampler.timesteps)):
        parted = [part for trajectory in trajectories for part in trajectory.parted(call)]
        trajectories = [part.advanced(bundle, call, settings.guidance_scale) for part in parted]
    finished = {
        id(branching): trajectory.latents
        for trajectory in trajectories
        for branching in trajectory.branchings
    }
    return [finished[id(branching)] for branching in branchings]


def branching_of(bundle: Bundle, plan: Plan, prompts: Sequence[str]) -> Branching:
    """A method at the begin of a trajectory to pictures of these prompts. Raises PluginError."""
    method, concepts = plan.method, plan.concepts
    texts = border.branches(method, prompts, concepts)
    if not reading.changes(method):
        return Branching(method, texts, ())
    rows = list(zip(*texts, strict=True))
    scripts = {
        row: reading.script(bundle.text, method, row, concepts) for row in dict.fromkeys(rows)
    }
    return Branching(method, texts, tuple(scripts[row] for row in rows))
