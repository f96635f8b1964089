"""Edits in closed form: once per (model, method, concepts, recipe, seed), a training in one go.

Its folder is a training's (`loop`) with two files in it, train.json and checkpoint.safetensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Generator, Tensor

from sdd_bench import files, plugins
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.loading import exact_numerics
from sdd_bench.plugins import PluginError
from sdd_bench.progress import waiting
from sdd_bench.provenance import utc_now
from sdd_bench.runs.identity import CHECKPOINT, TrainSpec
from sdd_bench.suites.seeds import derived_seed
from sdd_bench.types import Edited

from .checkpoints import Checkpoint
from .folders import is_made, write_facts
from .packed import EDIT, pack
from .trainee import trainable


class View:
    """The `Editable` of a method's edit."""

    def __init__(self, bundle: Bundle, concepts: tuple[str, ...]) -> None:
        self.concepts = concepts
        self.matrices = {
            name: _exact(parameter)
            for name, parameter in trainable(bundle.unet, "xattn-kv").items()
            if parameter.ndim == 2
        }
        self._bundle = bundle

    def states(self, text: str) -> Tensor:
        """The text encoder's last states (tokens, width), padding included."""
        self._bundle.check_read([text], self.concepts)
        return self._bundle.text.encode(text).states

    def last(self, text: str) -> int:
        """The position of the text's last token before the end mark; 0, the begin mark, if there is
        none.
        """
        return self._bundle.text.encode(text).last


@exact_numerics()
def edit(
    bundle: Bundle,
    method: Edited,
    spec: TrainSpec,
    results: Path,
    base: Checkpoint | None = None,
) -> Path:
    """Edit what is not edited yet and return the checkpoint's path.

    `base` is what the bundle has in place of weights of its own; it is in the result, too.

    Raises PluginError for an edit that gives anything but finite matrices of the model's.
    """
    folder = results / spec.folder
    path = folder / CHECKPOINT
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if is_made(path, spec, EDIT, "the edit is made again"):
        return path
    write_facts(folder, spec, finished=None)
    view = View(bundle, spec.concepts)
    shapes = {name: tuple(matrix.shape) for name, matrix in view.matrices.items()}
    seed = derived_seed(spec.seed, "edit", spec.method, 0)
    with waiting(f"editing {spec.method}"), torch.no_grad(), plugins.calling(method, "edit"):
        found = method.edit(view, Generator().manual_seed(seed))
    # What is edited is in single precision even if the backbone is in half, as what is trained is.
    kind = torch.promote_types(bundle.dtype, torch.float32)
    tensors = _checked(found, shapes, kind, f"{plugins.name_of(method)}.edit")
    whole = {**base.tensors, **tensors} if base else tensors
    files.write_sealed(path, pack(whole, spec, EDIT, EDIT))
    write_facts(folder, spec, finished=utc_now())
    return path


def _exact(tensor: Tensor) -> Tensor:
    """A copy on the CPU in double precision."""
    return tensor.detach().to("cpu", torch.float64, copy=True)


def _checked(
    found: object, shapes: Mapping[str, tuple[int, ...]], kind: torch.dtype, part: str
) -> dict[str, Tensor]:
    """What `part` gave, as weights, sorted. Raises PluginError for anything but that."""
    if not isinstance(found, Mapping) or not found:
        raise PluginError(f"{part} gave {type(found).__name__}, not matrices by their names")
    tensors = {}
    for name, tensor in found.items():
        if name not in shapes:
            raise PluginError(f"{part} gave {name!r:.80}, which is none of the matrices it got")
        shape = tuple(tensor.shape) if isinstance(tensor, Tensor) else type(tensor).__name__
        if shape != shapes[name]:
            raise PluginError(f"{part} gave {shape} for {name}, which is {shapes[name]}")
        tensors[name] = tensor.to(kind)
        if not bool(torch.isfinite(tensors[name]).all()):
            raise PluginError(f"{part} gave numbers that are not finite for {name}")
    return dict(sorted(tensors.items()))
