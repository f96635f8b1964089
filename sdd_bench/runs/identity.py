"""What a result depends on, and the name that follows from it.

A digest is a hash of everything that may change a result, and of nothing else: the same settings
find the same folder again, and any other settings another one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sdd_bench.types import Settings

BASELINE = "sd"
"""The method that others are compared with: it removes nothing."""

IMPORTED = "imported"
"""The parameter that an imported run has instead of those of a method: a hash of its files."""


COMPILED = "-compiled"
"""How the name of an arithmetic ends that has compiled blocks."""

ON_WEIGHTS_OF = "on_weights_of"
"""The parameter of a part of a combination that has another before it: what made its weights."""

CHECKPOINT = "checkpoint.safetensors"
"""The file of finished weights in the folder of a training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What images and trained weights alike depend on, and the name that follows from all of it."""

    model: str
    """Name of the model; its weights count, not its name."""
    model_hash: str
    method: str
    parameters: Mapping[str, object]
    """The fields of the method's dataclass."""
    concepts: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Ten hexadecimal digits that differ between any two that may differ in their results."""
        identity = {key: value for key, value in asdict(self).items() if key != "model"}
        text = json.dumps(_canonical(identity), sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:10]

    def folder_in(self, kind: str, *parts: str) -> Path:
        """`<kind>/<model>/<parts>/<method>-<digest>`, below the results folder."""
        named = (folder_name(part) for part in (self.model, *parts))
        return Path(kind, *named, f"{folder_name(self.method)}-{self.digest}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec(Identity):
    """All that the images of a run have in common: with a sample, an image's identity."""

    checkpoint: str | None
    """Hash of the fine-tuned weights, if there are any."""
    suite: str
    suite_hash: str
    """Hash of the suite's prompts, so that an edited suite is another run."""
    settings: Settings
    numerics: str
    """What arithmetic the images were computed with, such as 'cpu-float32'."""

    @property
    def undefended(self) -> bool:
        """Whether this is the model as it came, which removes nothing."""
        return self.method == BASELINE and self.checkpoint is None

    def undefended_twin_of(self, other: RunSpec) -> bool:
        """Whether this is the undefended model and all else is as there, the noise too."""
        same = replace(
            other,
            method=self.method,
            parameters=self.parameters,
            concepts=self.concepts,
            checkpoint=self.checkpoint,
        )
        return self.undefended and same.digest == self.digest

    @property
    def imported(self) -> bool:
        """Whether somebody else generated the images, so that nothing is known of their noise."""
        return IMPORTED in self.parameters

    @property
    def folder(self) -> Path:
        """Where the run lies below the results folder."""
        return self.folder_in("runs", self.suite)


def _canonical(content: object) -> object:
    """One spelling for equal numbers: a guidance scale of 7 is 7.0."""
    if isinstance(content, Mapping):
        return {str(key): _canonical(item) for key, item in content.items()}
    if isinstance(content, (list, tuple)):
        return [_canonical(item) for item in content]
    if isinstance(content, float) and content.is_integer():
        return int(content)
    return content


def folder_name(name: str) -> str:
    """A name that is safe as a folder's on every system; two names may share it."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name.replace("/", "__")).strip("-._")
    return safe[:100] or "unnamed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSpec(Identity):
    """All that trained weights depend on."""

    seed: int
    numerics: str

    @property
    def folder(self) -> Path:
        """Where the training lies below the results folder."""
        return self.folder_in("trained")
