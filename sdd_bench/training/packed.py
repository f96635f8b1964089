"""Files of weights that a training writes: what made them, how far it was, and their own hash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from sdd_bench import files
from sdd_bench.files import ContentError
from sdd_bench.runs.identity import ON_WEIGHTS_OF, TrainSpec
from sdd_bench.weights import content

METADATA = "sdd_bench"
"""The one metadata entry of our files: several would be written in no fixed order."""

_SEAL = "sha256"

EDIT = 0
"""Iterations of an edit, which is done in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a file of ours says of the training that it is of."""

    spec: Mapping[str, object]
    """The fields of its TrainSpec."""
    done: int
    """Iterations when it was written."""
    planned: int | None
    """Iterations of the whole training; None in files of before."""

    @property
    def method(self) -> str:
        """The name of the method, after those on whose weights it was made."""
        return "+".join(self.parts)

    @property
    def parts(self) -> tuple[str, ...]:
        """The methods that made the weights, one on those of the other."""
        names: list[str] = []
        spec: object = self.spec
        while isinstance(spec, Mapping):
            names.append(str(spec.get("method")))
            parameters = spec.get("parameters")
            spec = parameters.get(ON_WEIGHTS_OF) if isinstance(parameters, Mapping) else None
        return tuple(reversed(names))

    @property
    def progress(self) -> str:
        """`24 iterations`, or `4 of 24 iterations` of a training that went on."""
        if self.planned in {None, self.done}:
            return f"{self.done} iterations"
        return f"{self.done} of {self.planned} iterations"

    @property
    def kind(self) -> str:
        """What the weights are, in words."""
        if self.planned == EDIT:
            return f"{self.method}, edited by sdd-bench"
        return f"{self.method}, trained by sdd-bench for {self.progress}"

    @property
    def finished(self) -> bool:
        """Whether the training was at its end, as far as the file says."""
        return self.planned in {None, self.done}


def pack(tensors: Mapping[str, Tensor], spec: TrainSpec, done: int, planned: int) -> bytes:
    """The content of a file, for `files.write_sealed`."""
    described = asdict(spec) | {"iterations": done, "planned": planned, _SEAL: files.BLANK}
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(plain, {METADATA: json.dumps(described, sort_keys=True)})


def origin(text: str) -> Origin:
    """What the metadata of a file says. Raises ContentError."""
    try:
        described = json.loads(text)
        done, planned = described.pop("iterations"), described.pop("planned", None)
        described.pop(_SEAL, None)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ContentError("its description cannot be read") from error
    if isinstance(done, bool) or not isinstance(done, int):
        raise ContentError("its description cannot be read")
    if isinstance(planned, bool) or not isinstance(planned, int | None):
        raise ContentError("its description cannot be read")
    return Origin(spec=described, done=done, planned=planned)


def check_result(path: Path, spec: TrainSpec, planned: int) -> None:
    """Raise ContentError unless a file holds what a whole training gave, and nothing else.

    SDDBenchError if it cannot be read.
    """
    files.check_seal(path)
    try:
        with safe_open(path, "pt") as file:
            metadata, names = file.metadata() or {}, list(file.keys())
    except (OSError, SafetensorError) as error:
        raise ContentError(f"no safetensors: {content.fault(error)}") from error
    if METADATA not in metadata:
        raise ContentError("it doesn't say which training it is of")
    found = origin(metadata[METADATA])
    wanted = json.loads(json.dumps(asdict(spec)))
    other = [key for key in wanted if key != "model" and found.spec.get(key) != wanted[key]]
    if other:
        raise ContentError(f"it is of another training: its {other[0]} differs")
    if found.done != planned:
        raise ContentError(f"it is of {found.done} of {planned} iterations")
    if any("/" in name for name in names):
        raise ContentError("it holds weights on the way, not the result")
