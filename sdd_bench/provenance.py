"""Where a result comes from: versions, commit, machine, and the hashes of files."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

from . import files
from .errors import InputError

_PACKAGES = (
    "sdd-bench",
    "accelerate",
    "diffusers",
    "lpips",
    "numpy",
    "onnxruntime",
    "open-clip-torch",
    "pandas",
    "pillow",
    "pyarrow",
    "safetensors",
    "scipy",
    "tokenizers",
    "torch",
    "torchvision",
    "transformers",
)
"""The distributions that an image or a score can depend on."""

_CHECKOUT = Path(__file__).resolve().parents[1]
"""The root of the checkout, if this is one."""


def collect() -> dict[str, str]:
    """Everything below as one flat table: what, and which."""
    return {
        "platform": platform.platform(),
        "cpu": cpu(),
        "git_commit": git_commit() or "",
        **versions(),
    }


def versions() -> dict[str, str]:
    """Python and the installed ones of the packages that results depend on; imports none."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def git_commit(root: Path = _CHECKOUT) -> str | None:
    """The commit of the checkout at `root`, with '+modified' if tracked files differ from it.

    None if `root` isn't the top of a checkout: a package installed into somebody's project must
    not report the commit of that project.
    """
    answer = _git(root, "rev-parse", "--show-toplevel", "HEAD")
    if answer is None:
        return None
    top, commit = answer.split("\n")
    if Path(top).resolve() != root.resolve():
        return None
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}+modified" if changes else commit


def cpu() -> str:
    """The model of the processor, as far as the system tells, and the number of its threads."""
    lines = (files.read_text(Path("/proc/cpuinfo")) or "").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} threads"


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, or None if it fails or isn't there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def utc_now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


_FIXED = "SOURCE_DATE_EPOCH"


def stamp() -> str:
    """Now, as `utc_now`, or the time that whoever wants the same bytes again has set. Raises
    InputError for what is none.
    """
    fixed = os.environ.get(_FIXED, "")
    if not fixed:
        return utc_now()
    try:
        seconds = int(fixed)
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            f"the environment variable {_FIXED} is {fixed!r:.40}: give a whole number of seconds "
            "since 1970, or unset it"
        ) from error


def check_environment() -> None:
    """Raise InputError for a time of `stamp` that is none, which libraries fail on with riddles; an
    empty one counts as none from here on.
    """
    if not os.environ.get(_FIXED, "unset"):
        del os.environ[_FIXED]
    stamp()


def plugins(objects: Iterable[object]) -> dict[str, str]:
    """Where plugins that are not ours come from: distribution, version, SHA-256 of their code.

    By `plugin <file or module>:<class>`. Known beside a result, and no part of its identity.
    """
    found = {}
    for each in objects:
        kind = type(each)
        module = sys.modules.get(kind.__module__)
        path = Path(getattr(module, "__file__", None) or "")
        if kind.__module__.startswith("sdd_bench.") or not path.is_file():
            continue
        top = kind.__module__.partition(".")[0]
        owners = metadata.packages_distributions().get(top, [path.name])
        named = [f"{owner} {metadata.version(owner)}" for owner in owners if owner != path.name]
        name = path.name if not named else kind.__module__
        found[f"plugin {name}:{kind.__name__}"] = ", ".join(
            [*(named or [path.name]), f"SHA-256 {_hash(kind.__module__, path)}"]
        )
    return found


def _hash(module: str, path: Path) -> str:
    """The SHA-256 of a plugin's file, or one over all files of the package that it is in."""
    depth = module.count(".") + (path.name == "__init__.py")
    if not depth:
        return files.sha256(path)
    total, folder = hashlib.sha256(), path.parents[depth - 1]
    for file in files.find(folder, "**/*.py"):
        total.update(f"{file.relative_to(folder).as_posix()}\0{files.sha256(file)}\n".encode())
    return total.hexdigest()
