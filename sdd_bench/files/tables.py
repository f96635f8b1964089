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

_SEAL, _OF = b"sdd_bench", b"sdd_bench.of"
"""The entries of a table's metadata that hold its hash, and whose it is."""


_INDEX = "__index_level_"
"""What pandas calls columns of its own."""


def write_parquet(path: Path, frame: pd.DataFrame, *, of: str = "") -> None:
    """Replace a table, without its index; `of` says whose it is. Raises as `write` does."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.Table.from_pandas(frame, preserve_index=False)
    about = table.schema.metadata | {_SEAL: seals.BLANK.encode(), _OF: of.encode()}
    buffer = io.BytesIO()
    parquet.write_table(table.replace_schema_metadata(about), buffer)
    write_sealed(path, buffer.getbuffer())


def read_parquet(path: Path, *, of: str = "") -> pd.DataFrame | None:
    """A table, as `read` its bytes. Raises ContentError too, also where it says to be another's
    than `of`.
    """
    import pandas as pd
    from pyarrow import parquet

    data = _checked(path)
    if data is None:
        return None
    try:
        about = parquet.read_schema(data).metadata or {}
        data.seek(0)
        found = pd.read_parquet(data)
    except _faults() as error:
        raise ContentError(f"not Parquet: {error}") from error
    seals.check_owner(about.get(_OF, b"").decode(errors="replace"), of)
    return found


def parquet_columns(path: Path, *, of: str = "") -> list[str] | None:
    """The columns of a table, None if there is none; its rows are not decoded. Raises as
    `read_parquet`.
    """
    from pyarrow import parquet

    data = _checked(path)
    try:
        schema = None if data is None else parquet.read_schema(data)
    except _faults() as error:
        raise ContentError(f"not Parquet: {error}") from error
    if schema is None:
        return None
    seals.check_owner((schema.metadata or {}).get(_OF, b"").decode(errors="replace"), of)
    return [name for name in schema.names if not name.startswith(_INDEX)]


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
