"""What the U-Net reads for each image at each call, where a method changes it.

Most methods leave texts as they are. One that doesn't (`ReadsText`, `ReadsValues`) is asked about
one prompt at a time, before the first U-Net call, and gets copies in double precision on the CPU:
what it makes depends on neither batch nor device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sdd_bench import plugins
from sdd_bench.plugins import PluginError, name_of
from sdd_bench.types import Method, Projected, Reading, ReadsText, ReadsValues

from .border import form
from .conditioning import Rewritten, Text

if TYPE_CHECKING:
    from .conditioning import TextReader


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """What the U-Net reads for one image."""

    starts: tuple[int, ...]
    """The first U-Net call of each reading, rising from 0."""
    readings: tuple[tuple[Text, ...], ...]
    """One text per branch in each."""

    def at(self, call: int) -> tuple[Text, ...]:
        """One text per branch at a U-Net call."""
        return next(
            reading
            for start, reading in zip(self.starts[::-1], self.readings[::-1], strict=True)
            if start <= call
        )


def changes(method: Method) -> bool:
    """Whether a method changes what the U-Net reads."""
    return isinstance(method, (ReadsText, ReadsValues))


@torch.no_grad()
def script(
    reader: TextReader, method: Method, branches: tuple[str, ...], concepts: Sequence[str]
) -> Script:
    """What is read for an image whose method has these branches. Raises PluginError."""
    readings: list[tuple[Text, ...]] = []
    lengths: list[int] = []
    if isinstance(method, ReadsText):
        for reading in _asked_text(reader, method, branches, concepts):
            readings.append(_projected(reader, branches, reading))
            lengths.append(_FOREVER if reading.calls is None else reading.calls)
    readings.append(branches)
    if isinstance(method, ReadsValues):
        readings = [_revalued(reader, method, each, branches, concepts) for each in readings]
    return Script((0, *accumulate(lengths)), tuple(readings))


_FOREVER = 10**9
"""More U-Net calls than there are."""


def try_out(
    reader: TextReader, method: Method, columns: Sequence[tuple[str, ...]], concepts: Sequence[str]
) -> None:
    """Raise PluginError for a method that reads the same prompt in two ways.

    `columns` are the texts of each of its branches, one per prompt.
    """
    rows = list(zip(*columns, strict=True))
    first = [script(reader, method, row, concepts) for row in rows]
    again = [script(reader, method, row, concepts) for row in reversed(rows)]
    for one, other in zip(first, reversed(again), strict=True):
        same = one.starts == other.starts and all(
            torch.equal(reader.columns(left), reader.columns(right))
            for lefts, rights in zip(one.readings, other.readings, strict=True)
            for left, right in zip(lefts, rights, strict=True)
        )
        if not same:
            part = "read_text" if isinstance(method, ReadsText) else "read_values"
            raise PluginError(
                f"{name_of(method)}.{part} gives another reading when it is asked again"
            )


# --- text states --------------------------------------------------------------------------------


def _asked_text(
    reader: TextReader, method: ReadsText, branches: tuple[str, ...], concepts: Sequence[str]
) -> list[Reading]:
    """The method's readings, checked."""
    encoded = [reader.encode(text) for text in branches]
    name = f"{name_of(method)}.read_text"
    with plugins.calling(method, "read_text", f" for {branches!r:.200}"):
        answer: object = method.read_text(encoded, concepts, reader)
    if not isinstance(answer, (tuple, list)) or not all(isinstance(x, Reading) for x in answer):
        raise PluginError(f"{name} gave {form(answer)}: a tuple of Reading is expected")
    for reading in answer:
        calls = reading.calls
        if calls is not None and (isinstance(calls, bool) or not isinstance(calls, int)):
            raise PluginError(f"{name} gave a reading for {calls!r} calls: a whole number or None")
        if calls is not None and calls < 0:
            raise PluginError(f"{name} gave a reading for {calls} calls: 0 or more are expected")
        _check_count(name, reading.states, branches)
        for state, text in zip(reading.states, encoded, strict=True):
            _check_tensor(name, state, text.states)
    return list(answer)


def _projected(reader: TextReader, branches: tuple[str, ...], reading: Reading) -> tuple[Text, ...]:
    """What the U-Net reads of text states; a branch that is as it was stays the text."""
    texts: list[Text] = []
    for text, states in zip(branches, reading.states, strict=True):
        own = reader.states(text)
        given = states.to(own.device, own.dtype)
        texts.append(text if torch.equal(given, own) else Rewritten(reader.project(given)))
    return tuple(texts)


# --- keys and values ----------------------------------------------------------------------------


def _revalued(
    reader: TextReader,
    method: ReadsValues,
    reading: tuple[Text, ...],
    branches: tuple[str, ...],
    concepts: Sequence[str],
) -> tuple[Text, ...]:
    """A reading with the method's keys and values."""
    own = [reader.columns(text) for text in reading]
    given = _layers(reader, own, [reader.encode(text).last for text in branches])
    of_concepts = _layers(
        reader,
        [reader.projected(concept) for concept in concepts],
        [reader.encode(concept).last for concept in concepts],
    )
    made: list[list[Tensor]] = [[] for _ in own]
    for layer, of_concept in zip(given, of_concepts or [[]] * len(given), strict=True):
        for branch, projected in enumerate(_asked_values(method, layer, of_concept, branches)):
            made[branch] += [projected.keys, projected.values]
    texts: list[Text] = []
    for text, before, parts in zip(reading, own, made, strict=True):
        after = torch.cat(parts, dim=-1).to(before.device, before.dtype)
        texts.append(text if torch.equal(after, before) else Rewritten(after))
    return tuple(texts)


def _layers(
    reader: TextReader, columns: Sequence[Tensor], lasts: Sequence[int]
) -> list[list[Projected]]:
    """What each layer makes of texts, layer by layer: copies that a method may write on."""
    of_texts = [
        [
            Projected(keys=keys, values=values, last=last)
            for keys, values in reader.project.layers(each.to("cpu", torch.float64, copy=True))
        ]
        for each, last in zip(columns, lasts, strict=True)
    ]
    return [list(layer) for layer in zip(*of_texts, strict=True)]


def _asked_values(
    method: ReadsValues,
    layer: Sequence[Projected],
    concepts: Sequence[Projected],
    branches: tuple[str, ...],
) -> list[Projected]:
    """What the method makes of one layer's keys and values, checked."""
    name = f"{name_of(method)}.read_values"
    shapes = [(each.keys, each.values) for each in layer]
    with plugins.calling(method, "read_values", f" for {branches!r:.200}"):
        answer: object = method.read_values(layer, concepts)
    if not isinstance(answer, (tuple, list)) or not all(isinstance(x, Projected) for x in answer):
        raise PluginError(f"{name} gave {form(answer)}: a tuple of Projected is expected")
    _check_count(name, answer, branches)
    for made, (keys, values) in zip(answer, shapes, strict=True):
        _check_tensor(name, made.keys, keys)
        _check_tensor(name, made.values, values)
    return list(answer)


# --- checks -------------------------------------------------------------------------------------


def _check_count(name: str, given: object, branches: tuple[str, ...]) -> None:
    if not isinstance(given, (tuple, list)) or len(given) != len(branches):
        raise PluginError(f"{name} gave {form(given)}: one for each of {len(branches)} branches")


def _check_tensor(name: str, given: object, wanted: Tensor) -> None:
    """Raise PluginError for anything but numbers in the form of those that were given."""
    fits = isinstance(given, Tensor) and (given.shape, given.dtype, given.device) == (
        wanted.shape,
        wanted.dtype,
        wanted.device,
    )
    if not fits:
        raise PluginError(f"{name} gave {form(given)}: {form(wanted)} is expected")
    assert isinstance(given, Tensor)
    if not bool(torch.isfinite(given).all()):
        raise PluginError(f"{name} gave NaN or infinity, for numbers")
