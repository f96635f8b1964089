"""Prompts, suites of them, and the images that are to exist."""

from __future__ import annotations

from dataclasses import dataclass


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
    numbered: str | None = None
    """The column in which its file numbers the prompts otherwise than by their order, and which
    was not read as their ids."""


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
