"""Data sets of the Hugging Face hub as sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sdd_bench.errors import InputError, MissingError
from sdd_bench.progress import waiting
from sdd_bench.weights.hub import bounded

from .sheets import LARGEST, Sheet

if TYPE_CHECKING:
    from datasets import DatasetBuilder

HUB = "hub:"
"""What the address of a data set of the Hugging Face hub starts with."""

_ADDRESS = re.compile(
    r"hub:(?P<id>[\w.-]+(/[\w.-]+)?)(/(?P<subset>[\w.-]+))?(@(?P<revision>[\w./-]+))?"
    r"(:(?P<split>[\w.-]+))?"
)

_MOST = 10_000_000
"""Rows of a data set: as many as a run has images."""


def read(address: str) -> Sheet:
    """All rows of a data set: `hub:OWNER/NAME[/SUBSET][@REVISION][:SPLIT]`."""
    parts = _ADDRESS.fullmatch(address)
    if not parts:
        raise InputError(
            f"'{address}' is no address of a data set: give {HUB}OWNER/NAME, then /SUBSET, "
            "@REVISION and :SPLIT as needed"
        )
    import datasets

    reason = ""
    try:
        # Data only: since version 4 the library runs no code that a data set brings along.
        with bounded() as reason, _without_bars(), waiting(f"loading {address}"):
            where = {"path": parts["id"], "name": parts["subset"], "revision": parts["revision"]}
            _check_bytes(address, _to_fetch(datasets.load_dataset_builder(**where)))
            splits = datasets.load_dataset(**where)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        reason = reason or " ".join(str(error).split())
        raise MissingError(
            f"cannot load the data set '{parts['id']}' ({reason}): check its name and the "
            "connection, or bring its file and give the path"
        ) from error
    split = parts["split"] or next(iter(splits))
    if split not in splits or (len(splits) > 1 and not parts["split"]):
        raise InputError(f"{address}: add :SPLIT, one of: {', '.join(splits)}")
    data = splits[split]
    _check_bytes(address, data.data.nbytes)
    if len(data) > _MOST:
        raise InputError(f"{address} has {len(data):,} rows: {_MOST:,} are read")
    rows = [(f"row {number}", cells) for number, cells in enumerate(data, 1)]
    return Sheet(where=address, columns=tuple(data.column_names), rows=rows)


def _to_fetch(builder: DatasetBuilder) -> int:
    """Bytes of the files of a data set, or of the first of them that are more than are read."""
    from datasets.utils.file_utils import xgetsize

    total = 0
    for paths in (builder.config.data_files or {}).values():
        for path in paths:
            total += int(xgetsize(path))
            if total > LARGEST:
                return total
    return total


def _check_bytes(address: str, count: int) -> None:
    if count > LARGEST:
        raise InputError(
            f"{address} has {count / 1e6:,.0f} MB or more: data sets of prompts are read up to "
            f"{LARGEST / 1e6:,.0f} MB; save its prompts as a file, and give the path"
        )


@contextmanager
def _without_bars() -> Iterator[None]:
    """Within it, the library of data sets draws none of its own bars: several for each split."""
    import datasets

    silent = datasets.are_progress_bars_disabled()
    if not silent:
        datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not silent:
            datasets.enable_progress_bars()
