"""What a file of weights is, told from its beginning and its table of contents.

Nothing is loaded here, and nothing is read that has no end: pipes and devices are no files.
"""

from __future__ import annotations

import math
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from sdd_bench.errors import printable
from sdd_bench.files import ContentError

Format: TypeAlias = Literal["safetensors", "torch"]
"""Of tensors in a file: both are told by their bytes, whatever the file is called."""

_HEAD = 512
"""Bytes that tell what a file is."""

_NAME = 200
"""Characters of a tensor's name that are shown; it may have a million."""

_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a pointer of Git LFS: fetch what it stands for (`git lfs pull`)"),
    (b"<", "a page of HTML or XML, as a failed download leaves it: fetch the file again"),
    (b"{", "a text in JSON, as an error of a server or a configuration: fetch the file again"),
    (b"GGUF", "quantised (GGUF): convert it to safetensors in half precision"),
    (b"\x89HDF", "of Keras (HDF5): convert it to safetensors"),
    (b"\x1f\x8b", "packed by gzip: unpack it"),
    (b"7z\xbc\xaf", "packed by 7-Zip: unpack it"),
)
"""What else lies where weights should, by its first bytes, and what to do."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """What is said of a tensor before it is loaded."""

    kind: str
    """The number type as safetensors calls it, such as `F32`."""
    shape: tuple[int, ...]

    @property
    def numbers(self) -> int:
        """How many it has."""
        return math.prod(self.shape)


_FAULTS = (
    ("overflow computing", "a tensor has more numbers than any file can hold"),
    ("not fully covered", "its tensors need fewer or more bytes than it has"),
    ("invalid shape", "a tensor's shape does not fit its bytes"),
    ("invalid offset", "a tensor does not start where the one before it ends"),
    ("unknown variant", "a tensor is of a number type that is not known here"),
    ("header", "its table of contents cannot be read"),
)
"""What the library of safetensors says, and what that is for people; the first that fits."""


def fault(error: Exception) -> str:
    """What is wrong with a safetensors file, where its library has raised."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # Before a colon stands what it was doing when that happened.
    said = str(error).strip().partition("\n")[0].removeprefix(_DOING)
    return next((meaning for sign, meaning in _FAULTS if sign in said), said)


_DOING = "Error while deserializing header: "


def shown(name: object) -> str:
    """A name out of a file, in quotes: on one line, not too long, and it steers no terminal."""
    text = str(name)
    return f"'{printable(text if len(text) <= _NAME else f'{text[:_NAME]}...')}'"


def size(path: Path) -> int:
    """Bytes of a regular file. Raises ContentError for all that is none, with the reason."""
    try:
        status = path.stat()
    except FileNotFoundError:
        link = path.is_symlink()
        raise ContentError("is a link to a file that is gone" if link else "is missing") from None
    except (OSError, ValueError) as error:
        raise ContentError(f"cannot be read ({getattr(error, 'strerror', error)})") from error
    if stat.S_ISDIR(status.st_mode):
        raise ContentError("is a folder, where a file is expected")
    if not stat.S_ISREG(status.st_mode):
        raise ContentError("is a pipe or a device, which may have no end: give a file")
    return status.st_size


def format_of(path: Path) -> Format:
    """How tensors are kept in a file. Raises ContentError that says what it is instead."""
    length, head = size(path), _head(path)
    # A table of contents in JSON, after the number of its bytes; then a ZIP, or a pickle.
    if head[8:9] == b"{":
        if int.from_bytes(head[:8], "little") > length - 8:
            raise ContentError("is cut off in its table of contents: fetch or copy it again")
        return "safetensors"
    if head.startswith((b"PK\x03\x04", b"\x80")):
        return "torch"
    _check_others(head)
    raise ContentError("is neither safetensors nor what torch.save writes")


def check_arrived(path: Path) -> None:
    """Raise ContentError for a file that is surely not what it is called, or not all of it.

    For files of which nothing is known beforehand: what else lies in place of one, and the formats
    that tell where they end.
    """
    head = _head(path)
    if path.suffix in {".json", ".txt"}:  # which begin as they like, but not like these
        head = b"" if head.startswith(b"{") else head
    _check_others(head)
    if path.suffix == ".safetensors":
        tensors(path)
    elif head.startswith(b"PK\x03\x04") and not zipfile.is_zipfile(path):
        raise ContentError("is cut off: fetch or copy it again")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise ContentError(f"cannot be read ({error.strerror})") from error
    if not head:
        raise ContentError("is empty: fetch or copy it again")
    return head


def _check_others(head: bytes) -> None:
    for mark, meaning in _OTHERS:
        if head.lstrip().startswith(mark):
            raise ContentError(f"is {meaning}")


def tensors(path: Path) -> Mapping[str, Tensor]:
    """The table of contents of a safetensors file. Raises ContentError."""
    from safetensors import SafetensorError, safe_open

    if format_of(path) != "safetensors":
        raise ContentError("is a pickle: convert it to safetensors, in which no code hides")
    try:
        # For arrays: nothing is loaded, and torch is not needed to read what there is.
        with safe_open(path, "np") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - no dict
            return {
                name: Tensor(each.get_dtype(), tuple(each.get_shape()))
                for name, each in slices.items()
            }
    except (OSError, SafetensorError, ValueError) as error:
        raise ContentError(
            f"is damaged or cut off ({fault(error)}): fetch or copy it again"
        ) from error
