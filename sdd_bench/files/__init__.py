"""Files: written whole or not at all, read field by field, with errors that say what to do.

No other module of the core opens files by itself (tests/test_files.py names the few exceptions),
so that each fault is one sentence: a place that cannot be written to, a disk that is full, a field
of JSON that is missing, unknown or no number, a file that is no longer what was written.
"""

from __future__ import annotations

from .content import (
    ContentError,
    Extra,
    UnknownFieldError,
    checked,
    decoded,
    parse_csv,
    parse_json,
    parse_toml,
)
from .damage import set_aside
from .disk import (
    Source,
    append,
    check_place,
    check_seal,
    exists,
    find,
    is_left_behind,
    read,
    sha256,
    too_long,
    unreadable,
    write,
    write_sealed,
    writing,
)
from .documents import (
    parse_record,
    read_csv,
    read_json,
    read_record,
    read_shipped,
    read_text,
    read_toml,
    write_json,
    write_record,
)
from .seals import BLANK, record_hash
from .tables import parquet_columns, read_parquet, write_parquet
from .tensors import in_order

__all__ = [
    "BLANK",
    "ContentError",
    "Extra",
    "Source",
    "UnknownFieldError",
    "append",
    "check_place",
    "check_seal",
    "checked",
    "decoded",
    "exists",
    "find",
    "in_order",
    "is_left_behind",
    "parquet_columns",
    "parse_csv",
    "parse_json",
    "parse_record",
    "parse_toml",
    "read",
    "read_csv",
    "read_json",
    "read_parquet",
    "read_record",
    "read_shipped",
    "read_text",
    "read_toml",
    "record_hash",
    "set_aside",
    "sha256",
    "too_long",
    "unreadable",
    "write",
    "write_json",
    "write_parquet",
    "write_record",
    "write_sealed",
    "writing",
]
