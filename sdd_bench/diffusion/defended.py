"""A method as it runs, as attacks see it: what it says of a picture, and what it draws."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from sdd_bench.errors import InputError
from sdd_bench.plugins import name_of
from sdd_bench.types import Pixels, Prompt, Sample, Settings

from . import border, generator, pndm
from .attackable import TextView
from .bundle import Bundle
from .denoising import Plan, branching_of
from .loading import exact_numerics

_PROMPT = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for a prompt where only its place among a method's texts counts."""


class MethodView(TextView):
    """The `Defended` of an attack on a method, for one image of the weights that a bundle has."""

    def __init__(
        self,
        bundle: Bundle,
        plan: Plan,
        settings: Settings,
        concept: str,
        sample: Sample,
        picture: Tensor,
        judge: Callable[[Pixels, str], bool],
    ) -> None:
        super().__init__(bundle)
        self._bundle = bundle
        self._plan = plan
        self._settings = settings
        self._sample = sample
        self._judge = judge
        self.concept = concept
        """What is to come back."""
        self.picture = picture
        """Finished latents (C, h, w) of the undefended model for the prompt, on the CPU."""

    @cached_property
    def _times(self) -> list[int]:
        """The timestep of every U-Net call."""
        bundle = self._bundle
        return pndm.timesteps(self._settings.steps, len(bundle.alphas), bundle.offset)

    @property
    def levels(self) -> tuple[int, ...]:
        """U-Net calls in the order they come, one for each noise level."""
        return tuple(self._times.index(time) for time in dict.fromkeys(self._times))

    @cached_property
    def _places(self) -> tuple[int, ...]:
        """The branches that are the prompt. Raises InputError for none, or one with it inside."""
        (texts,) = zip(
            *border.branches(self._plan.method, [_PROMPT], self._plan.concepts), strict=True
        )
        places = tuple(place for place, text in enumerate(texts) if text == _PROMPT)
        if not places or any(_PROMPT in text and text != _PROMPT for text in texts):
            raise InputError(
                f"{name_of(self._plan.method)} reads the prompt as a part of other texts, and an "
                "attack on a method follows those that are the prompt: give an attack on the text "
                "encoder, as ring-a-bell is"
            )
        return places

    def noised(self, noise: Tensor, call: int) -> Tensor:
        """The picture with noise (C, h, w) of the strength that a U-Net call sees."""
        alpha = self._bundle.alphas[self._times[call]]
        noised: Tensor = alpha**0.5 * self.picture + (1 - alpha) ** 0.5 * noise
        return noised

    @exact_numerics()
    def estimate(
        self, ids: tuple[int, ...], states: Tensor, latents: Tensor, call: int, scale: float | None
    ) -> Tensor:
        """The method's noise estimate (C, h, w) of latents (C, h, w) at a U-Net call.

        Where a method changes what is read of a prompt, the change counts, and the gradient passes
        it by as if it were none (Athalye et al., 2018, section 4).
        """
        bundle = self._bundle
        text = self.text(ids)
        columns = branching_of(bundle, self._plan, [text]).columns(call)
        # What a walk has remembered cannot be part of a gradient; a copy can.
        rows = [bundle.text.columns(each).clone() for (each,) in columns]
        own = bundle.text.project(states[0].to(bundle.device, bundle.dtype))
        for place in self._places:
            rows[place] = own + (rows[place] - bundle.text.projected(text))
        time = torch.tensor(self._times[call], device=bundle.device)
        noisy = latents.to(bundle.device, bundle.dtype).expand(len(rows), *latents.shape)
        estimates: Tensor = bundle.unet(
            noisy, time, encoder_hidden_states=torch.stack(rows), return_dict=False
        )[0]
        if scale is None:
            return estimates[self._places[0]]
        branches = list(estimates.split(1))
        estimate, _ = border.guide(self._plan.method, call, branches, scale, ())
        return estimate[0]

    def shows(self, ids: tuple[int, ...]) -> bool:
        """Whether the picture that the method draws for these tokens shows the concept."""
        text, own = self.text(ids), self._sample.prompt
        prompt = Prompt(id=own.id, text=text, seed=own.seed, group=own.group)
        sample = Sample(
            suite=self._sample.suite, prompt=prompt, k=self._sample.k, seed=self._sample.seed
        )
        (made,) = generator.pictures(self._bundle, [self._plan], [sample], self._settings)
        return self._judge(made.pixels, text)
