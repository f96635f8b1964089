"""A model with a checkpoint's weights as a folder that pipelines of diffusers load."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdd_bench import files
from sdd_bench.errors import InputError
from sdd_bench.models import PARTS
from sdd_bench.weights import parts

if TYPE_CHECKING:
    from torch import Tensor

_INDEX = "model_index.json"

_STEMS = {"unet": "diffusion_pytorch_model", "text_encoder": "model"}
"""What the weights are called in the folders of the parts that a checkpoint changes."""

_BEFORE_TEXT = "text_encoder."
"""Before the names of the text encoder's tensors in a checkpoint."""


def write(model: Path, tensors: Mapping[str, Tensor], folder: Path) -> None:
    """Write into an empty folder what is read of a model's, with a checkpoint's tensors in it.

    A part that they change is in single precision, in one file; the others are the model's files.
    Without a safety checker, which blackens pictures that are to be judged.
    """
    of_text = {
        name.removeprefix(_BEFORE_TEXT): each
        for name, each in tensors.items()
        if name.startswith(_BEFORE_TEXT)
    }
    of_unet = {n: each for n, each in tensors.items() if not n.startswith(_BEFORE_TEXT)}
    changed = {"unet": of_unet, "text_encoder": of_text}
    for part in PARTS:
        if changed.get(part):
            _write_changed(model / part, changed[part], _STEMS[part], folder / part)
        else:
            _copy(model / part, folder / part)
    index = files.read_json(model / _INDEX, dict[str, Any]) or {}
    for name, kind in index.items():
        if isinstance(kind, list) and name not in PARTS:
            index[name] = [None, None]
    index |= {"_class_name": "StableDiffusionPipeline", "requires_safety_checker": False}
    for part, kind in _CLASSES.items():
        index.setdefault(part, list(kind))
    text = json.dumps(index, indent=2, sort_keys=True)
    files.write(folder / _INDEX, f"{text}\n".encode())


_CLASSES = {
    "scheduler": ("diffusers", "PNDMScheduler"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "tokenizer": ("transformers", "CLIPTokenizer"),
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "safety_checker": (None, None),
    "feature_extractor": (None, None),
}
"""What a pipeline loads the parts as, where the model's own index doesn't say."""


def _copy(part: Path, to: Path) -> None:
    """The files of a part that are read: its configuration and one form of its weights."""
    to.mkdir()
    for path in files.find(part, "*"):
        if path.suffix in {".json", ".txt"} and not path.name.endswith(".index.json"):
            shutil.copyfile(path, to / path.name)
    for stem in _STEMS.values():
        found = parts.find(part, stem, ("safetensors",))
        if found and found.part_of is None:
            shutil.copyfile(found.paths[0], to / f"{stem}.safetensors")
        elif found:
            for path in (*found.paths, *files.find(part, f"{stem}*.index.json")):
                shutil.copyfile(path, to / path.name)


def _write_changed(part: Path, tensors: Mapping[str, Tensor], stem: str, to: Path) -> None:
    """A part with some of its tensors exchanged, all in single precision: that loses nothing of
    halves, and what is loaded in half is rounded as the checkpoint would be.
    """
    from safetensors.torch import load_file, save

    _copy(part, to)
    for path in files.find(to, f"{stem}*"):
        path.unlink()
    found = parts.find(part, stem, ("safetensors",))
    if found is None:
        raise InputError(f"{part} has no {stem}.safetensors")
    whole = {name: each for path in found.paths for name, each in load_file(path).items()}
    called = {name.removeprefix("text_model."): name for name in whole}
    for name, tensor in tensors.items():
        if name not in called:
            raise InputError(f"{part} has no tensor '{name}' that the checkpoint could replace")
        whole[called[name]] = tensor.reshape(whole[called[name]].shape)
    plain = {
        name: each.float().contiguous() if each.is_floating_point() else each
        for name, each in whole.items()
    }
    files.write(to / f"{stem}.safetensors", save(plain, {"format": "pt"}))
