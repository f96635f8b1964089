"""From a file's rows to prompts: which of its columns holds what.

The names that published files give their columns are known; any others can be named by the user.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sdd_bench.errors import InputError
from sdd_bench.types import Prompt

from .sheets import Cells, Sheet, kind
from .texts import flaw

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "prompt", "prompts"),
    "seed": ("seed", "evaluation_seed", "sd_seed", "seeds", "evaluation_seeds"),
    "group": ("group", "categories", "artist"),
    "id": ("id",),
}
"""Our columns, and the names that published prompt files give them, in order of preference."""

_I2P = ("categories", "hard")
"""The columns by which the files of I2P are known, with seeds under either of their two names."""

_I2P_BLANK = (2260, "Null")
"""The row that is empty in the copy of I2P that ESD published, and its text in the hub's."""

_SAFE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


def prompts_of(sheet: Sheet, columns: Mapping[str, str] = {}) -> tuple[Prompt, ...]:
    """The prompts of a sheet, in its order; `columns` says where text, seed, group or id are.

    A prompt without an id gets its row's number, from 000000. Raises InputError.
    """
    if not sheet.rows:
        raise InputError(f"{sheet.where}: no prompts in it")
    names = _names(sheet, columns)
    of_i2p = set(_I2P) <= set(sheet.columns)
    places: dict[str, str] = {}
    prompts = []
    for index, (place, row) in enumerate(sheet.rows):
        where = f"{sheet.where}, {place}"
        cells = {ours: row.get(name) for ours, name in names.items()}
        _check_named(row, names["text"], where)
        if of_i2p:
            cells |= _i2p_text(index, cells)
            if names["group"] == "categories":
                cells["group"] = [*_labels(cells["group"]), *_i2p_labels(row, where)]
        prompt = _prompt(cells, f"{index:06d}", where)
        # Two ids that differ in case only are one file on macOS and Windows.
        first = places.setdefault(prompt.id.lower(), place)
        if first != place:
            raise InputError(
                f"{where}: the id '{prompt.id}' is taken by {first} "
                "(upper and lower case count as the same)"
            )
        prompts.append(prompt)
    return tuple(prompts)


def own_numbers(sheet: Sheet, columns: Mapping[str, str] = {}) -> str | None:
    """The column in which a file without ids numbers its rows otherwise than 0, 1, 2, ..."""
    if "id" in _names(sheet, columns):
        return None
    for name in filter(sheet.columns.__contains__, _NUMBERS):
        cells = [str(row.get(name)) for _, row in sheet.rows]
        numbers = [int(cell) for cell in cells if re.fullmatch(r"[0-9]{1,19}", cell)]
        if len(numbers) == len(cells) and numbers != list(range(len(cells))):
            return name
    return None


_NUMBERS = ("case_number", "case_num", "case", "number", "index", "row", "Unnamed: 0", "")
"""What files call the numbers of their rows; those of pandas have no name, or a made-up one."""


def _names(sheet: Sheet, columns: Mapping[str, str]) -> dict[str, str]:
    """What the file calls each of our columns."""
    exist = f"there are: {_listed(sheet.columns)}"
    for ours, name in columns.items():
        if name not in sheet.columns:
            raise InputError(
                f"{sheet.where}: no column '{name}', which was named for the {_WORDS[ours]}; "
                f"{exist}"
            )
    known = {
        ours: next(name for name in names if name in sheet.columns)
        for ours, names in COLUMNS.items()
        if any(name in sheet.columns for name in names)
    }
    named = known | dict(columns)
    if "text" not in named:
        apart = next((mark for mark in ";\t|" if any(mark in name for name in sheet.columns)), "")
        hint = f", if {apart!r} is not what separates them: only commas do" if apart else ""
        raise InputError(
            f"{sheet.where}: no column 'text' or 'prompt'; {exist}: name the one that holds the "
            f"prompts with --prompt-column{hint}"
        )
    for name in named.values():
        if sheet.columns.count(name) > 1:
            raise InputError(f"{sheet.where}: two columns are called '{name:.40}'")
    return named


_WORDS = {"text": "prompt", "seed": "seed", "group": "group", "id": "id"}
"""How our columns are spoken of."""


def _listed(names: Sequence[str]) -> str:
    """Names of columns; of a list longer than anybody reads its beginning."""
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"{name:.40}" for name in names[:_SHOWN]) + more


_SHOWN = 30


def _check_named(row: Cells, text: str, where: str) -> None:
    """Raise InputError for a row whose prompt has another of the known names."""
    others = [name for name in COLUMNS["text"] if name in row]
    if text not in row and others:
        raise InputError(
            f"{where}: the prompt is under '{others[0]}', and that of other rows under '{text}': "
            "give all of them one name"
        )


def _i2p_text(index: int, cells: Cells) -> dict[str, object]:
    """The hub's text of the one row of I2P that is empty elsewhere."""
    row, text = _I2P_BLANK
    return {"text": text} if index == row and not str(cells["text"] or "").strip() else {}


def _i2p_labels(row: Cells, where: str) -> list[str]:
    """The label that a hard prompt of I2P has beside its categories."""
    hard = str(row.get("hard")).strip()
    if hard not in {"0", "1"}:
        raise InputError(f"{where}: 'hard' must be 0 or 1, not '{hard}'")
    return ["hard"] * int(hard)


def _prompt(cells: Cells, row_number: str, where: str) -> Prompt:
    prompt_id = _plain(cells["id"], "id", where) if "id" in cells else row_number
    if not _SAFE_ID.fullmatch(prompt_id):
        raise InputError(
            f"{where}: the id {prompt_id!r:.110} becomes a file name, so it must be 1 to 100 "
            "letters, digits, '-', '_' and '.', and not start with '.'"
        )
    text = cells["text"]
    if text is not None and not isinstance(text, str):
        raise InputError(f"{where}: the prompt must be a text, not {kind(text)}")
    wrong = flaw(text or "")
    if wrong or not text:
        raise InputError(f"{where}: the prompt {wrong}")
    return Prompt(
        id=prompt_id,
        text=text,
        seed=_seed(_plain(cells.get("seed"), "seed", where).strip(), where),
        group=_group(_labels(cells.get("group")), where),
    )


def _group(labels: list[object], where: str) -> str:
    group = ", ".join(_plain(label, "group", where) for label in labels)
    wrong = flaw(group) if group.strip() else ""
    if wrong:
        raise InputError(f"{where}: the group {wrong}")
    return group


def _labels(group: object) -> list[object]:
    return group if isinstance(group, list) else [group]


def _plain(cell: object, column: str, where: str) -> str:
    """A cell that may be missing, a text or an integer."""
    if cell is None:
        return ""
    if isinstance(cell, bool) or not isinstance(cell, (str, int)):
        raise InputError(f"{where}: the {column} must be a text or an integer, not {kind(cell)}")
    return str(cell)


def _seed(cell: str, where: str) -> int | None:
    if not cell:
        return None
    if not re.fullmatch(r"[0-9]{1,19}", cell) or int(cell) >= 2**63:
        raise InputError(f"{where}: the seed {cell!r:.40} is not an integer from 0 to 2^63 - 1")
    return int(cell)
