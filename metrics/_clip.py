"""CLIP embeddings of images and captions, shared by every metric that reads them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdd_bench.types import Features, Images, Pixels
from sdd_bench.weights import store

from . import _torch

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import CLIPImageProcessorPil, CLIPTokenizer


@dataclass(frozen=True, slots=True)
class Instrument:
    """Where the two towers of a CLIP lie; in the official folders both are one."""

    name: str
    images: str
    """Weight with the image tower, its projection and the preprocessing."""
    texts: str
    """Weight with the text tower and its projection."""
    tokenizer: str

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the weights, each once."""
        return tuple(dict.fromkeys((self.images, self.texts, self.tokenizer)))


MINIATURE = Instrument(
    "miniature",
    images="miniature/judges/clip",
    texts="miniature/text_encoder",
    tokenizer="miniature/tokenizer",
)


def _whole(name: str) -> Instrument:
    """A CLIP in one folder in the format of transformers, as OpenAI and LAION publish theirs."""
    weight = f"clip-vit-{name}"
    return Instrument(name, images=weight, texts=weight, tokenizer=weight)


L14 = _whole("l14")
B32 = _whole("b32")
H14 = _whole("h14")


def embed_images(clip: Instrument, images: Images) -> Features:
    """Unit vectors (N, d) of the images, computed once per batch."""
    key = f"clip/{clip.name}/images"
    if key not in images.memo:
        processor, tower = _image_tower(clip)
        pixels = _prepared(processor, images.pixels)
        with _torch.judging():
            images.memo[key] = _unit(tower(pixel_values=pixels.to(_torch.where())).image_embeds)
    return images.memo[key]


def embed_captions(clip: Instrument, images: Images, prefix: str = "") -> Features:
    """Unit vectors (N, d) of the captions; too long a caption keeps its end token."""
    key = f"clip/{clip.name}/captions/{prefix}"
    if key not in images.memo:
        images.memo[key] = embed_texts(clip, [prefix + caption for caption in images.captions])
    return images.memo[key]


def embed_texts(clip: Instrument, texts: Sequence[str]) -> Features:
    """Unit vectors (N, d) of texts; too long a one keeps its end token."""
    tokenizer, tower = _text_tower(clip)
    tokens = tokenizer(
        list(texts),
        padding="max_length",
        max_length=tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    )
    with _torch.judging():
        return _unit(tower(input_ids=tokens.input_ids.to(_torch.where())).text_embeds)


def _prepared(processor: CLIPImageProcessorPil, pixels: Pixels) -> Tensor:
    """OpenAI's preprocessing to the bit (N, 3, side, side).

    The crop is torchvision's, as theirs: that of transformers is a pixel aside where an odd number
    of them is cut off.
    """
    from PIL import Image
    from torchvision.transforms import CenterCrop, InterpolationMode, Resize

    resize = Resize(processor.size["shortest_edge"], InterpolationMode.BICUBIC)
    crop = CenterCrop(processor.crop_size["height"])
    pictures = [crop(resize(Image.fromarray(image))) for image in pixels]
    prepared: Tensor = processor(
        images=pictures, do_resize=False, do_center_crop=False, return_tensors="pt"
    ).pixel_values
    return prepared


def _unit(vectors: Tensor) -> Features:
    import torch

    unit: Features = torch.nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()
    return unit


@functools.cache
def _image_tower(clip: Instrument) -> tuple[CLIPImageProcessorPil, nn.Module]:
    from transformers import CLIPImageProcessorPil, CLIPVisionModelWithProjection

    folder = store.find(clip.images)
    # The plain processor computes on tensors, and is a grey level off here and there.
    processor = CLIPImageProcessorPil.from_pretrained(folder, local_files_only=True)
    return processor, _torch.pretrained(CLIPVisionModelWithProjection, folder)


@functools.cache
def _text_tower(clip: Instrument) -> tuple[CLIPTokenizer, nn.Module]:
    from transformers import CLIPTextModelWithProjection, CLIPTokenizer

    tower = _torch.pretrained(CLIPTextModelWithProjection, store.find(clip.texts))
    return CLIPTokenizer.from_pretrained(store.find(clip.tokenizer)), tower
