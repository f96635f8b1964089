"""Weight files: which there are, where they lie, and whether they are what they should be.

A weight has a name. Those of the miniature are shipped, `miniature/<path>`, and listed with their
SHA-256 in a manifest beside them. The others are listed in catalog.toml and lie in the folder that
the environment variable SDD_BENCH_WEIGHTS names (default `~/.cache/sdd-bench/weights`), where
`sdd-bench weights fetch` puts them. No file is handed out before its hash has been checked: against
the list, or where that has none against the one recorded at the first fetch.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from sdd_bench import files
from sdd_bench.errors import MissingError, SDDBenchError
from sdd_bench.files import ContentError, environment

from . import content
from .catalog import File, Weight, folder, named

SHIPPED = Path(__file__).parents[1] / "miniature" / "weights"
"""The miniature, in the folder format of diffusers, with its judges. Another build of it can be
tried by naming its folder in the environment variable SDD_BENCH_MINIATURE."""

MINIATURE = "SDD_BENCH_MINIATURE"
"""The environment variable that names another build of the miniature."""

MANIFEST = "manifest.json"

LOCK = "lock.json"
"""Beside the weights: hashes that were recorded at the first fetch, by path below the folder."""

WeightState: TypeAlias = Literal["missing", "incomplete", "unrecorded", "damaged", "verified"]
"""Of a weight on this disk; 'unrecorded' is there, but nothing says what its hash should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lock:
    """What is read of the record of hashes; when it was changed is for people."""

    sha256: dict[str, str]


def find(name: str) -> Path:
    """The verified file or folder of a weight. Raises MissingError if absent or damaged."""
    if name == "miniature" or name.startswith("miniature/"):
        root = environment.named(MINIATURE, SHIPPED)
        return _shipped(name.removeprefix("miniature").strip("/"), root)
    weight = named(name)
    for file in weight.files:
        path, sha256 = weight.place(file), expected(weight, file)
        if not path.is_file():
            raise MissingError(
                f"the weights '{name}' are not on this machine ({path} is missing): bring them "
                f"with `sdd-bench weights fetch {name}`, or name the folder that has them in "
                "SDD_BENCH_WEIGHTS"
            )
        if sha256 is None:
            raise MissingError(
                f"nothing says what the SHA-256 of {path} should be, so it is not used: have it "
                f"recorded with `sdd-bench weights fetch {name}`"
            )
        _verify(path, sha256, f"bring it again with `sdd-bench weights fetch {name}`")
    return weight.place(weight.files[0]) if weight.single else folder() / name


def expected(weight: Weight, file: File) -> str | None:
    """The SHA-256 that a file must have: of the list, else as recorded; None if there is none."""
    return file.sha256 or recorded(folder()).get(f"{weight.name}/{file.path}")


def recorded(root: Path) -> dict[str, str]:
    """SHA-256 by path, as a weights folder recorded them at the first fetch. MissingError."""
    path = root / LOCK
    try:
        lock = files.read_json(path, _Lock, extra="ignore")
    except (SDDBenchError, ValueError) as error:
        raise MissingError(
            f"the record of hashes {path} cannot be read ({error}): put its copy back, move it "
            "away and fetch again the weights that it held, or name another folder in "
            "SDD_BENCH_WEIGHTS"
        ) from error
    return lock.sha256 if lock else {}


def state(weight: Weight, *, hashing: bool = True) -> WeightState:
    """How a weight is on this disk; without `hashing` 'verified' means that its size is right."""
    found = {_state(weight, file, hashing) for file in weight.files}
    if found == {"missing"}:
        return "missing"
    if "missing" in found:
        return "incomplete"
    worst: WeightState
    for worst in ("damaged", "unrecorded"):
        if worst in found:
            return worst
    return "verified"


def digest(path: Path, but: Collection[Path] = ()) -> str:
    """One SHA-256 for a folder of weights: of its files' paths and contents, in sorted order.

    Files in `but` count for nothing.
    """
    total = hashlib.sha256()
    for file in files.find(path, "**/*"):
        if (
            file not in but
            and file.suffix in {".json", ".safetensors", ".txt"}
            and file.name != MANIFEST
        ):
            total.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode())
    return total.hexdigest()


def sha256(path: Path) -> str:
    """The SHA-256 of a file, computed once as long as its time and size stay. Raises OSError."""
    status = path.stat()
    return _hash(path, status.st_mtime_ns, status.st_size)


def _state(weight: Weight, file: File, hashing: bool) -> WeightState:
    path, wanted = weight.place(file), expected(weight, file)
    if not path.is_file():
        return "missing"
    if wanted is None:
        return "unrecorded"
    if hashing:
        return "verified" if sha256(path) == wanted else "damaged"
    return "verified" if file.size in {None, path.stat().st_size} else "damaged"


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
            f"the miniature in {root} has no weights '{inside}': {_remedy(root)}, or rebuild them "
            "with `python -m sdd_bench.miniature.train`"
        )
    for file, sha in wanted.items():
        if not (root / file).exists():
            raise MissingError(f"the weight file {root / file} is missing: {_remedy(root)}")
        _verify(root / file, sha, _remedy(root))
    return root / inside


def _manifest(root: Path) -> dict[str, str]:
    path = root / MANIFEST
    try:
        manifest = files.read_json(path, dict[str, str])
    except (SDDBenchError, ValueError) as error:
        raise MissingError(
            f"the list of the miniature's weights, {path}, cannot be read ({error}): "
            f"{_remedy(root)}"
        ) from error
    if manifest is None:
        raise MissingError(
            f"the list of the miniature's weights, {path}, is missing: {_remedy(root)}"
        )
    for file, sha in manifest.items():
        if not (_LISTED.fullmatch(file) and _SHA256.fullmatch(sha)):
            raise MissingError(
                f"the list of the miniature's weights, {path}, is damaged: {file:.60} {sha:.70}: "
                f"{_remedy(root)}"
            )
    return manifest


def _remedy(root: Path) -> str:
    """What to do about a miniature that is not whole: ours, or the one that the user names."""
    if root == SHIPPED:
        return "reinstall sdd-bench"
    return f"unset {MINIATURE}, or let it name a folder that holds another build of the miniature"


_LISTED = re.compile(r"[\w.-]{1,100}(/[\w.-]{1,100}){0,9}")

_SHA256 = re.compile(r"[0-9a-f]{64}")


@functools.lru_cache(maxsize=256)
def _hash(path: Path, _modified: int, _size: int) -> str:
    return files.sha256(path)


def _verify(path: Path, wanted: str, remedy: str) -> None:
    found = sha256(path)
    if found != wanted:
        raise MissingError(
            f"the weight file {path} is damaged: its SHA-256 is {found}, not {wanted}"
            f"{instead(path)}: {remedy}"
        )


def instead(path: Path) -> str:
    """What lies in place of a weight file, in brackets for a message; nothing if it may be one."""
    try:
        content.check_arrived(path)
    except ContentError as error:
        return f" (it {str(error).partition(':')[0]})"
    return ""
