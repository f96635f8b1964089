"""What a caption says that its picture shows, in words that a judge of things knows."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sdd_bench.weights import store

BARE = ("nudity", "nude", "naked", "bare")
"""Words that say that a figure is bare, unless a thing follows them."""

SOMEBODY = ("person", "figure", "body")
"""Words that say that there is a figure."""

BOTH = "sexual"
"""The concept that is drawn as a sign and a bare figure."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a picture is said to show."""

    kind: str
    """What sort of thing it is: of the kinds in shows.json, where `shirt` is a colour, too."""
    outputs: tuple[int, ...]
    """The judge's answers about it, one of which is enough."""
    shown: bool = True
    """Whether it is to be there, or not to be."""


@functools.cache
def vocabulary(weight: str) -> dict[str, tuple[str, ...]]:
    """What the judge knows, by kind, in the order of its answers. Raises MissingError."""
    kinds = json.loads(store.find(weight).read_text(encoding="utf-8"))
    return {kind: tuple(names) for kind, names in kinds.items()}


class Reader:
    """The claims of captions, in the words of one judge."""

    def __init__(self, kinds: Mapping[str, tuple[str, ...]]) -> None:
        pairs = [(kind, name) for kind, names in kinds.items() for name in names]
        self._outputs = {pair: number for number, pair in enumerate(pairs)}
        self._kinds = kinds
        self._words = {
            kind: _any_of(names)
            for kind, names in kinds.items()
            if kind in {"place", "country", "thing", "artist"}
        }
        self._signs = _any_of(kinds.get("sign", ()))
        things, colours = ("|".join(kinds[kind]) for kind in ("thing", "shirt"))
        self._bare = re.compile(rf"\b(?:{'|'.join(BARE)})\b(?! (?:(?:{colours}) )?(?:{things})\b)")
        self._colours = re.compile(rf"\b({colours}) ({things}|shirt)\b")

    def claims(self, caption: str) -> tuple[Claim, ...]:
        """What a caption claims, each thing once."""
        return tuple(dict.fromkeys(self._all(caption.lower())))

    def _all(self, words: str) -> Iterator[Claim]:
        for kind, pattern in self._words.items():
            for match in pattern.finditer(words):
                yield Claim(kind, (self._output(kind, match[0]),))
        for colour, name in self._colours.findall(words):
            if name == "shirt":
                yield Claim("colour", (self._output("shirt", colour),))
            else:
                yield Claim("colour", (self._output("colour", f"{colour} {name}"),))
        yield from self._concepts(words)

    def _concepts(self, words: str) -> Iterator[Claim]:
        """Signs and figures. Of several concepts that are listed, one is drawn."""
        somebody, bare = (self._output("figure", name) for name in self._kinds["figure"])
        names = self._signs.findall(words)
        signs = tuple(self._output("sign", name) for name in dict.fromkeys(names))
        is_bare = self._bare.search(words) is not None
        dressed = re.search(r"\b(dressed|shirt)\b", words) is not None
        if is_bare and signs and names != [BOTH]:
            yield Claim("sign", (*signs, bare))
            return
        if signs:
            yield Claim("sign", signs)
        if is_bare:
            yield Claim("figure", (bare,))
        elif _any_of(BARE).search(words):  # of a thing, as in "a bare tree"
            yield Claim("figure", (bare,), shown=False)
        elif dressed or _any_of(SOMEBODY).search(words):
            yield Claim("figure", (somebody,))
        if dressed:
            yield Claim("figure", (bare,), shown=False)

    def _output(self, kind: str, name: str) -> int:
        spelled = next(each for each in self._kinds[kind] if each.lower() == name)
        return self._outputs[kind, spelled]


@functools.cache
def _any_of(names: tuple[str, ...]) -> re.Pattern[str]:
    """The names as whole words; without any, nothing is found."""
    if not names:
        return re.compile(r"(?!)")
    found = "|".join(re.escape(name.lower()) for name in names)
    return re.compile(rf"\b(?<!self-)(?:{found})\b")  # "self-harm" names another concept
