"""A file system as several machines see it over NFS: what others change is seen late.

Changes are made at the server at once, each by one machine alone. What is looked at comes from the
machine's memory, as old as LAG seconds, but for a folder that it has changed itself since.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

LAG = 0.3

T = TypeVar("T")

_HERE = threading.local()


def machine() -> str:
    """The machine that the calling thread is on."""
    return str(getattr(_HERE, "name", "server"))


def be(name: str) -> None:
    """Make the calling thread one of that machine."""
    _HERE.name = name


_KNOWN: dict[tuple[str, Path, str, Path], tuple[float, Callable[[], Any]]] = {}
"""By machine, folder, question and path: when it was asked, and the answer."""


class LatePath(type(Path())):  # type: ignore[misc]
    """A path on that file system."""

    def iterdir(self) -> Iterator[LatePath]:
        names = self._look(self, "names", lambda: [path.name for path in Path(self).iterdir()])
        return iter([self / name for name in names])

    def read_bytes(self) -> bytes:
        return self._look(self.parent, "content", lambda: Path(self).read_bytes())

    def exists(self) -> bool:
        return self._look(self.parent, "exists", lambda: Path(self).exists())

    def mkdir(self) -> None:
        Path(self).mkdir()
        self._changed()

    def rmdir(self) -> None:
        Path(self).rmdir()
        self._changed()

    def unlink(self) -> None:
        Path(self).unlink()
        self._changed()

    def rename(self, new: Path) -> None:
        Path(self).rename(Path(new))
        self._changed()

    def open(self, mode: str) -> Any:
        file = Path(self).open(mode)  # noqa: SIM115 - for the caller to close
        if mode == "xb":
            self._changed()
        return file

    def _look(self, folder: Path, question: str, look: Callable[[], T]) -> T:
        key = (machine(), Path(folder), question, Path(self))
        seen, answer = _KNOWN.get(key, (0.0, look))
        if answer is look or time.monotonic() - seen > LAG:
            answer = _outcome(look)
            _KNOWN[key] = time.monotonic(), answer
        found: T = answer()
        return found

    def _changed(self) -> None:
        for key in list(_KNOWN):
            if key[:2] == (machine(), Path(self.parent)):
                _KNOWN.pop(key, None)


class Own(dict[Any, Any]):
    """A dictionary of which every machine has its own."""

    def get(self, key: object, default: Any = None) -> Any:
        return super().get((machine(), key), default)

    def pop(self, key: object, default: Any = None) -> Any:
        return super().pop((machine(), key), default)

    def __setitem__(self, key: object, value: object) -> None:
        super().__setitem__((machine(), key), value)


def _outcome(look: Callable[[], T]) -> Callable[[], T]:
    """What came of a look, an error too, to be had again and again."""
    try:
        result = look()
    except OSError as error:
        number, text = error.errno, error.strerror

        def fail() -> T:
            raise OSError(number, text)

        return fail
    return lambda: result
