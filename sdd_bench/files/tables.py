"""Tables as Parquet files, each with a SHA-256 of itself."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from . import seals
from .content import ContentError
from .disk import read, write_sealed

if TYPE_CHECKING:
    import pandas as pd

_SEAL = b"sdd_bench"
"""The entry of a table's metadata that holds its hash."""


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Replace a table, without its index. Raises as `write` does."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.Table.from_pandas(frame, preserve_index=False)
    about = table.schema.metadata | {_SEAL: seals.BLANK.encode()}
    buffer = io.BytesIO()
    parquet.write_table(table.replace_schema_metadata(about), buffer)
    write_sealed(path, buffer.getbuffer())


def read_parquet(path: Path) -> pd.DataFrame | None:
    """A table, as `read` its bytes. Raises ContentError too."""
    import pandas as pd

    data = _checked(path)
    try:
        return None if data is None else pd.read_parquet(data)
    except _faults() as error:
        raise ContentError(f"not Parquet: {error}") from error


def parquet_columns(path: Path) -> list[str] | None:
    """The columns of a table, None if there is none; its rows are not decoded. Raises as
    `read_parquet`.
    """
    from pyarrow import parquet

    data = _checked(path)
    try:
        names: list[str] = [] if data is None else parquet.read_schema(data).names
    except _faults() as error:
        raise ContentError(f"not Parquet: {error}") from error
    return None if data is None else names


def _checked(path: Path) -> io.BytesIO | None:
    data = read(path)
    if data is None:
        return None
    file = io.BytesIO(data)
    seals.check(file)
    file.seek(0)
    return file


def _faults() -> tuple[type[Exception], ...]:
    """What pyarrow and pandas raise of a table without a hash that is no whole one."""
    from pyarrow import ArrowException

    return (
        ArithmeticError,
        LookupError,
        MemoryError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
        ArrowException,
    )
