"""Style by learned tokens that the user brings: a definition of style of their own.

Apart from the other definitions of style, which a file that holds no tokens must not take along.
"""

from __future__ import annotations

import re

from sdd_bench.errors import InputError
from sdd_bench.types import Metric

from . import _clip, _tokens
from ._style import MINIATURES, PAINTERS, Style, definitions

TOKEN_SPACES = {
    128: (_clip.MINIATURE, MINIATURES),
    512: (_clip.B32, PAINTERS),
    768: (_clip.L14, PAINTERS),
    1024: (_clip.H14, PAINTERS),
}
"""The CLIP that learned tokens are for and whom they may be of, by the width of the tokens."""


def learned() -> tuple[Metric, ...] | None:
    """Style by the tokens that the user brings, None if there are none. Raises InputError."""
    tokens = _tokens.of_user()
    if tokens is None:
        return None
    if tokens.width not in TOKEN_SPACES:
        raise InputError(
            f"{tokens.path} holds tokens {tokens.width} numbers wide, which fit no CLIP here: "
            f"there are {', '.join(map(str, TOKEN_SPACES))}"
        )
    clip, known = TOKEN_SPACES[tokens.width]
    artists = tuple(_artist(placeholder, known) for placeholder in tokens.placeholders)
    if len(artists) < 2 or len(set(artists)) < len(artists):
        raise InputError(
            f"{tokens.path} has to hold one token for each of several artists, not "
            f"{', '.join(tokens.placeholders)}: the style is that of one among others"
        )
    source = (
        f"Kim et al., 2023, appendix B: tokens by textual inversion, zero-shot by {clip.name} "
        f"among {len(artists)} artists; tokens SHA-256 {tokens.sha256}"
    )
    of_tokens = definitions(f"{clip.name}-tokens-{tokens.sha256[:8]}", source)
    return (Style(clip=clip, artists=artists, definitions=of_tokens, tokens=tokens),)


def _artist(placeholder: str, known: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """The names of the artist whom `<van-gogh>` is of; one who isn't known has just this one."""
    name = re.sub(r"[-_\s]+", " ", placeholder.strip("<>")).strip()
    lowered = name.casefold()
    return next((names for names in known if lowered in map(str.casefold, names)), (name,))


METRICS = learned()
