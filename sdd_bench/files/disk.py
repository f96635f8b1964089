"""Bytes on a disk: written whole or not at all, read and found."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sdd_bench.errors import InputError, SDDBenchError

from . import seals

if TYPE_CHECKING:
    if sys.version_info >= (3, 11):
        from importlib.resources.abc import Traversable
    else:
        from importlib.abc import Traversable

Source: TypeAlias = "Path | Traversable"
"""A file on the disk, or one that is installed with the package."""

_WRONG_PLACE = {
    errno.EACCES,
    errno.EBUSY,
    errno.EEXIST,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.ENOTEMPTY,
    errno.EPERM,
    errno.EROFS,
}
"""Faults that trying again doesn't cure: the folder is not one that can be written to."""

_SETTING: ContextVar[str] = ContextVar("setting", default="")
"""What names the folder that is being written to, if anything is."""

_BOUNDED = {stat.S_IFREG, stat.S_IFDIR}
"""Kinds of files that can be read to their end."""


# --- writing ----------------------------------------------------------------------------------


def write(path: Path, *data: bytes | memoryview) -> None:
    """Replace a file by the parts of `data`, entirely or not at all; whoever reads meanwhile gets
    the old one.

    Through a link its target is replaced. Raises InputError where nothing can be written,
    SDDBenchError if the disk is full or fails.
    """
    with writing(path):
        path = _target(path)
        temporary = path.with_name(f".{path.name:.100}.{uuid.uuid4().hex}.tmp")
        try:
            with temporary.open("wb") as file:
                file.writelines(data)
            temporary.replace(path)
        except BaseException:  # an interrupt too leaves nothing half written behind
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


def _target(path: Path) -> Path:
    """Where a link leads, or the path. Raises OSError for links in a circle, and InputError for
    what is neither a file nor a folder: replacing a device takes it away from everybody.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if target.exists() and not target.is_file() and not target.is_dir():
        raise InputError(f"{path} is a device or a pipe: give the name of a file")
    return target


def is_left_behind(path: Path) -> bool:
    """Whether it is a file that `write` was at when its process was killed."""
    return re.fullmatch(r"\..{1,100}\.[0-9a-f]{32}\.tmp", path.name) is not None


def write_sealed(path: Path, data: bytes | memoryview) -> None:
    """Replace a file by `data`, which holds BLANK where its hash belongs; raises as `write`."""
    write(path, *seals.sealed(data))


def append(path: Path, text: str, setting: str) -> None:
    """Add text to the end of a file that others write to as well. Raises as `writing` does."""
    with writing(path, setting), path.open("a", encoding="utf-8") as file:
        file.write(text)


@contextlib.contextmanager
def writing(path: Path, setting: str = "--results") -> Iterator[None]:
    """Turns an OSError while writing to `path` into one sentence; `setting` names its folder.

    Within another one it is the outer one's setting that is named, which knows what was asked for.
    """
    outer = _SETTING.set(_SETTING.get() or setting)
    try:
        yield
    except OSError as error:
        if error.errno in _WRONG_PLACE:
            raise InputError(
                f"cannot write {path}: {error.strerror}; give another folder with {_SETTING.get()}"
            ) from error
        raise SDDBenchError(
            f"cannot write {path}: {error.strerror}; what is there is kept, so make room and run "
            "the same command again"
        ) from error
    finally:
        _SETTING.reset(outer)


def check_place(path: Path, setting: str) -> None:
    """Raise as `writing` does where no file could be written, before there is anything to write."""
    with writing(path, setting):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        folder = _target(path).absolute().parent
        while not folder.exists():
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):
            pass


def too_long(path: str | Path) -> bool:
    """Whether no disk has names so long."""
    try:
        Path(path).stat()
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    except ValueError:  # a zero byte
        return False
    return False


# --- reading ----------------------------------------------------------------------------------


def find(folder: Path, pattern: str) -> list[Path]:
    """What lies below a folder and fits a pattern (`**` is any depth), sorted; nothing is fine.

    Raises SDDBenchError for a folder that cannot be listed: what is in it is not absent.
    """
    found = [folder]
    for part in pattern.split("/"):
        if part == "**":
            found = [below for each in found for below in _below(each)]
        else:
            inside = (child for each in found for child in _inside(each))
            found = [Path(child) for child in inside if fnmatchcase(child.name, part)]
    return sorted(found)


def _inside(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder; nothing if it is none."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise unreadable(folder, error) from error


def _below(folder: Path) -> Iterator[Path]:
    """A folder and all that lie below it, without those that are links."""
    yield folder
    for child in _inside(folder):
        if child.is_dir(follow_symlinks=False):
            yield from _below(Path(child))


def read(path: Source) -> bytes | None:
    """The bytes of a file, None if there is none. Raises SDDBenchError if reading fails."""
    try:
        # What has no end (`/dev/zero`) or waits for another program (a pipe) is not opened.
        endless = isinstance(path, Path) and stat.S_IFMT(path.stat().st_mode) not in _BOUNDED
        data = b"" if endless else path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(path, error) from error
    if endless:
        raise InputError(f"cannot read {path}: it is a pipe or a device, not a file")
    return data


def exists(path: Path) -> bool:
    """Whether there is something. Raises SDDBenchError where that cannot be known."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unreadable(path, error) from error
    return True


def unreadable(path: Source, error: OSError) -> SDDBenchError:
    """The error for what is there and cannot be read: neither damaged nor absent."""
    if error.errno == errno.ENAMETOOLONG:
        return InputError(f"cannot read {path!s:.100}...: no disk has so long a name")
    return SDDBenchError(f"cannot read {path}: {error.strerror}")


def check_seal(path: Path) -> bool:
    """Whether a file carries a SHA-256 of itself; it is read in blocks.

    Raises ContentError if that is of other bytes, SDDBenchError if reading fails.
    """
    try:
        with path.open("rb") as file:
            return seals.check(file)
    except OSError as error:
        raise unreadable(path, error) from error


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, 64 digits. Raises OSError, for a pipe or device too."""
    mode = Path(path).stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # it may have no end, or never begin
        raise OSError(errno.EINVAL, "a pipe or a device", str(path))
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
