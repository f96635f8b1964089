"""Files that are damaged: set aside under another name, and nothing of them lost."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

from .disk import writing


def set_aside(path: Path, reader: Callable[[Path], object]) -> Path | None:
    """Give a damaged file a name of its own (`.damaged`, `.damaged-2`, ...), and return that.

    None if there is nothing to do: `reader`, which raises ValueError of what is damaged, can read
    the file after all, because another process has written it anew, or it is gone.
    """
    with writing(path):
        aside = _second_name(path)
        if aside is None:
            return None
        try:
            reader(aside)
        except ValueError:
            with contextlib.suppress(FileNotFoundError):
                if aside.samefile(path):
                    path.unlink()
            return aside
        except BaseException:
            _give_back(aside, path)
            raise
        _give_back(aside, path)
        return None


def _second_name(path: Path) -> Path | None:
    """Another name for the file that nothing else has or gets; None if there is no file.

    On a file system without links it is the only name from then on.
    """
    for number in count(1):
        aside = path.with_name(f"{path.name}.damaged{f'-{number}' if number > 1 else ''}")
        try:
            os.link(path, aside)
        except FileExistsError:
            with contextlib.suppress(FileNotFoundError):
                if aside.samefile(path):  # another process is about to set it aside
                    return aside
            continue
        except FileNotFoundError:
            return None
        except OSError:
            try:
                aside.touch(exist_ok=False)
                path.replace(aside)
            except FileExistsError:
                continue
            except FileNotFoundError:
                aside.unlink()
                return None
        return aside
    raise AssertionError("there is always a next number")


def _give_back(aside: Path, path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.exists():
            aside.unlink()
        else:
            aside.replace(path)
