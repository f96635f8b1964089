"""What is known of files without reading them: that they are those of before, or others."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from .disk import unreadable

T = TypeVar("T")

SETTLED = 2.0
"""Seconds after which another change of a file shows in its times: FAT counts in twos."""

KEPT = 32 << 20
"""Bytes of files whose content is kept: the scores of half a million images."""

State: TypeAlias = str
"""By what a file is known to be the one that was there before: its size, when its content was
changed, which tools may set, and when anything of it was, which nobody can (on Windows when it was
made). A text, as folders have ten thousands of files, and Python's collector looks at no texts.
"""


def is_settled(state: State) -> bool:
    """Whether a change from now on would show in the state."""
    latest = max(int(part) for part in state.split()[1:])
    return latest < time.time_ns() - int(SETTLED * 1e9)


def state(path: Path) -> State | None:
    """The state of a file; None if there is none, or it cannot be known: reading it will say."""
    try:
        return _state(path.stat())
    except OSError:
        return None


def states(folder: Path, suffix: str) -> dict[str, State]:
    """The states of all files in a folder that end so, by their names without that; none if there
    is no folder. Raises SDDBenchError if it cannot be listed.
    """
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(suffix):
                    try:
                        found[entry.name.removesuffix(suffix)] = _state(entry.stat())
                    except FileNotFoundError:
                        continue  # another process has just removed it
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise unreadable(folder, error) from error
    return found


def names(folder: Path, suffix: str) -> set[str]:
    """The names of all files in a folder that end so, without that; raises as `states`."""
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in entries if entry.name.endswith(suffix)]
        return {name.removesuffix(suffix) for name in found}
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as error:
        raise unreadable(folder, error) from error


def _state(status: os.stat_result) -> State:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


class Latest(Generic[T]):
    """What the last files held that were read, as long as they are the same files."""

    def __init__(self) -> None:
        self._held: dict[tuple[Path, Hashable], tuple[State, T]] = {}

    def of(self, path: Path, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` says of a file, which depends on the file and the `key` alone. Who gets it
        must not change it.
        """
        there = state(path)
        held = self._held.pop((path, key), None)
        if held is None or held[0] != there:
            content = read()
            if there is None or not is_settled(there):
                return content
            held = there, content
        self._held[path, key] = held
        while len(self._held) > 1 and self._bytes() > KEPT:
            self._held.pop(next(iter(self._held)), None)
        return held[1]

    def _bytes(self) -> int:
        return sum(int(held.split()[0]) for held, _ in list(self._held.values()))
