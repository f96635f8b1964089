"""Where a result comes from: versions, commit, machine, and the hashes of files."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

from . import files

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
