"""A U-Net in training: which tensors learn, and whose weights it holds at the moment.

One network serves as student, teacher and frozen model. They differ only in the tensors that are
trained, so these are exchanged (`param.data` is pointed elsewhere) and nothing is ever copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError, unknown

from . import frozen_conv

FILTERS: dict[str, Callable[[str], bool]] = {
    "xattn": lambda name: "attn2" in name,
    "xattn-kv": lambda name: "attn2.to_k" in name or "attn2.to_v" in name,
    "selfattn": lambda name: "attn1" in name,
    "noxattn": lambda name: (
        not (
            name.startswith(("conv_out.", "conv_norm_out."))
            or "attn2" in name
            or "time_embed" in name
        )
    ),
    "layers-noxattn": lambda name: "attn2" not in name and "norm" not in name,
    "layers": lambda name: "norm" not in name,
    "full": bool,
}
"""Names of tensors that learn (Gandikota et al., 2023, train-esd.py; Kim et al., 2023, 3.1).

`noxattn` leaves out conv_norm_out, as `out.` in the CompVis naming does; `full` leaves out nothing.
`layers` are all linear and convolutional ones, of which esd_sd.py (Gandikota, 2025) chooses.
"""


def trainable(network: nn.Module, subset: str) -> dict[str, nn.Parameter]:
    """The parameters that a filter lets learn, by name, sorted. Raises InputError."""
    if subset not in FILTERS:
        raise unknown("set of trainable tensors", subset, FILTERS)
    learns = FILTERS[subset]
    parameters = {name: p for name, p in sorted(network.named_parameters()) if learns(name)}
    if not parameters:
        raise InputError(f"the U-Net has no tensor that '{subset}' would train")
    return parameters


@contextmanager
def swapped(
    parameters: Mapping[str, nn.Parameter], tensors: Mapping[str, Tensor]
) -> Iterator[None]:
    """Within it, the parameters named in `tensors` hold those; afterwards what they held before."""
    kept = {name: parameters[name].data for name in tensors}
    try:
        for name, tensor in tensors.items():
            parameters[name].data = tensor
        yield
    finally:
        for name, tensor in kept.items():
            parameters[name].data = tensor


class Student:
    """The `Trainee` of a method's loss."""

    def __init__(self, bundle: Bundle, concepts: tuple[str, ...], subset: str, ema: bool) -> None:
        self.concepts = concepts
        self.latent_shape = bundle.latent_shape
        # What is trained is in single precision even if the backbone is in half, never in less.
        self._dtype = torch.promote_types(bundle.dtype, torch.float32)
        self.alphas = torch.tensor(bundle.alphas, dtype=self._dtype, device=bundle.device)
        self.final_alpha = torch.tensor(bundle.final_alpha, dtype=self._dtype, device=bundle.device)
        self.memo: dict[str, Tensor] = {}
        self.calls = 0
        """Rows that the U-Net has computed."""
        self.parameters = trainable(bundle.unet, subset)
        self._bundle = bundle
        self._checked: set[str] = set()
        self._base = {name: p.data for name, p in self.parameters.items()}
        for parameter in self.parameters.values():
            parameter.data = parameter.data.to(self._dtype, copy=True)
            parameter.requires_grad_(True)
        frozen_conv.drop_saved_inputs(bundle.unet)
        weights = {name: p.data for name, p in self.parameters.items()}
        self.average = {name: w.clone() for name, w in weights.items()} if ema else weights
        """The teacher: a moving average, or the student itself."""

    def restore(self) -> None:
        """Give the bundle its weights back."""
        for name, parameter in self.parameters.items():
            parameter.requires_grad_(False)
            parameter.grad = None
            parameter.data = self._base[name]
        frozen_conv.restore(self._bundle.unet)
        self._bundle.text.forget()

    def predict(self, latents: Tensor, times: Tensor, texts: Sequence[str]) -> Tensor:
        """Noise estimates (N, C, h, w) of the weights held at the moment, in single precision."""
        self.calls += len(latents)
        bundle = self._bundle
        half = bundle.dtype != self._dtype
        with torch.autocast(bundle.device.type, bundle.dtype if half else None, enabled=half):
            estimate: Tensor = bundle.unet(
                latents, times, encoder_hidden_states=self._read(texts), return_dict=False
            )[0]
        return estimate.to(self._dtype)

    def _read(self, texts: Sequence[str]) -> Tensor:
        different = list(dict.fromkeys(texts))
        self._bundle.check_read(set(different) - self._checked, self.concepts)
        self._checked.update(different)
        states = torch.stack([self._bundle.text.states(text) for text in different])
        projected = self._bundle.text.project(states)
        return projected[[different.index(text) for text in texts]]

    @contextmanager
    def teacher(self) -> Iterator[None]:
        """Within it, the weights are their moving average and no gradients are kept."""
        with torch.no_grad(), swapped(self.parameters, self.average):
            yield

    @contextmanager
    def student(self) -> Iterator[None]:
        """Within it, the weights are those being trained and no gradients are kept."""
        with torch.no_grad():
            yield

    @contextmanager
    def original(self) -> Iterator[None]:
        """Within it, the weights are those before training and no gradients are kept."""
        with torch.no_grad(), swapped(self.parameters, self._base):
            yield

    def follow(self, decay: float) -> None:
        """Move the average: a <- m a + (1 - m) w (Kim et al., 2023, section 3.2)."""
        for name, parameter in self.parameters.items():
            self.average[name].mul_(decay).add_(parameter.data, alpha=1 - decay)
