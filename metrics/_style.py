"""Style: how much an image looks like the artist whom its prompt names (section 4.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from sdd_bench.types import Definition, Floats, Images

from . import _clip, _tokens

TEMPERATURE = 100.0
"""The factor of the cosines that CLIP itself has, as in its zero-shot classification."""


def definitions(instrument: str, source: str) -> tuple[Definition, ...]:
    """The mean probability, and the share of images that rather are the artist's than not."""
    mean = Definition(name=f"style/{instrument}", better="lower", tolerance=0.05, source=source)
    return mean, replace(mean, name=f"{mean.name}@0.5", tolerance=5.0, threshold=0.5)


@dataclass(frozen=True, slots=True)
class Style:
    """P(the artist named in the prompt) by zero-shot CLIP (Radford et al., 2021, section 3.1).

    The classes are the prompt itself with its artist, and with each of the others in that place:
    what else is in the picture then speaks for none of them. Captions without one of the artists
    are unscored.
    """

    clip: _clip.Instrument
    artists: tuple[tuple[str, ...], ...]
    """The names of each artist; the first takes the place of another artist's."""
    definitions: tuple[Definition, ...]
    tokens: _tokens.Tokens | None = None
    """Learned tokens that stand for the artists, one placeholder each and in their order."""

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the weights that it reads."""
        return self.clip.weights

    def score(self, images: Images) -> Floats:
        """The probability for each image, NaN without an artist."""
        scores = np.full(len(images.captions), np.nan)
        variants = [self.variants(caption) for caption in images.captions]
        named = [row for row, (_, artist) in enumerate(variants) if artist is not None]
        if named:
            pictures = _clip.embed_images(self.clip, images).astype(np.float64)
            texts = self._embedded([variants[row][0] for row in named])
            for row, classes in zip(named, texts, strict=True):
                logits = TEMPERATURE * classes @ pictures[row]
                shares = np.exp(logits - logits.max())
                scores[row] = shares[variants[row][1]] / shares.sum()
        return scores

    def variants(self, caption: str) -> tuple[tuple[str, ...], int | None]:
        """The caption with each of the artists, and which is its own; none if it names nobody."""
        for artist, names in enumerate(self.artists):
            for name in names:
                pattern = re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE)
                if pattern.search(caption):
                    words = (word.replace("\\", r"\\") for word in self._words())
                    texts = [pattern.sub(word, caption) for word in words]
                    if self.tokens is None:
                        texts[artist] = caption
                    return tuple(texts), artist
        return (), None

    def _words(self) -> list[str]:
        """The words that stand for each artist in the texts."""
        if self.tokens is None:
            return [names[0] for names in self.artists]
        return [self.tokens.text(placeholder) for placeholder in self.tokens.placeholders]

    def _embedded(self, groups: list[tuple[str, ...]]) -> list[Floats]:
        """Unit vectors (artists, d) of each group of texts; equal texts are embedded once."""
        texts = dict.fromkeys(text for group in groups for text in group)
        if self.tokens is None:
            nothing = np.zeros((0, 0, 0, 3), dtype=np.uint8)
            captions = Images(pixels=nothing, captions=tuple(texts))
            vectors = _clip.embed_captions(self.clip, captions).astype(np.float64)
        else:
            vectors = _tokens.embed(self.clip, self.tokens, list(texts))
        by_text = dict(zip(texts, vectors, strict=True))
        return [np.stack([by_text[text] for text in group]) for group in groups]


PAINTERS = (
    ("Vincent van Gogh", "van Gogh"),
    ("Pablo Picasso", "Picasso"),
    ("Rembrandt", "Rembrant"),
    ("Andy Warhol", "Warhol"),
    ("Caravaggio",),
    ("Leonardo da Vinci",),
    ("Edvard Munch",),
    ("Johannes Vermeer", "Jan Vermeer"),
    ("Katsushika Hokusai", "Hokusai"),
    ("Sandro Botticelli",),
    ("Grant Wood",),
    ("Eugene Delacroix",),
    ("Gustav Klimt",),
    ("Thomas Kinkade",),
    ("Kilian Eng",),
)
"""The artists whom the paper's figures and the published prompts of famous paintings name."""

MINIATURES = (("hokusai",), ("mondrian",), ("monet",), ("seurat",), ("van gogh",))
"""The artists whom the miniature draws."""
