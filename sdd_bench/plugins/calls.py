"""Calls of a plugin's code, which can do anything: bounded, undone, and named when they fail."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sdd_bench.errors import SDDBenchError
from sdd_bench.progress import watch


class PluginError(SDDBenchError):
    """A plugin that failed at its work."""


def name_of(plugin: object) -> str:
    """`file.py:Class`, wherever the plugin comes from."""
    kind = type(plugin)
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return f"{Path(file).name if file else kind.__module__}:{kind.__name__}"


def is_ours(plugin: object) -> bool:
    """Whether it is one of the built-in methods and metrics."""
    return type(plugin).__module__.startswith("sdd_bench.")


@contextmanager
def calling(plugin: object, part: str, about: str = "") -> Iterator[None]:
    """Turns whatever a plugin raises within it, `sys.exit` too, into a PluginError that names it.

    It is bounded in time (`progress.watch`), and what it sets for the whole process is set back:
    others' numbers would depend on it. Errors of ours, such as weights that are missing, and
    an interrupt pass as they are.
    """
    name = f"{name_of(plugin)}.{part}"
    try:
        with settings_kept(), watch.bounded(f"{name}{about}"):
            yield
    except (SDDBenchError, KeyboardInterrupt):
        raise
    except SystemExit as error:
        raise PluginError(f"{name} called sys.exit{about}") from error
    except BaseException as error:
        reason = " ".join(str(error).split())[:_LONGEST]
        said = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
        raise PluginError(f"{name} raised {said}{about}") from error


_LONGEST = 200
"""Characters of a plugin's own words in a message."""


@contextmanager
def settings_kept() -> Iterator[None]:
    """Within it, a plugin may change the folder, numpy's warnings and torch's number types."""
    folder = _folder()
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    errors = numpy.geterr() if numpy else {}
    dtype = torch.get_default_dtype() if torch else None
    try:
        yield
    finally:
        if numpy and errors != numpy.geterr():
            numpy.seterr(**errors)
        torch = sys.modules.get("torch")  # the plugin may be the first to import it
        if torch and torch.get_default_dtype() != (dtype or torch.float32):
            torch.set_default_dtype(dtype or torch.float32)
        if folder is not None and _folder() != folder:
            os.chdir(folder)


def _folder() -> Path | None:
    """Where relative paths start; None where that has been removed."""
    with suppress(OSError):
        return Path.cwd()
    return None
