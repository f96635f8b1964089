"""Files of weights of ours: of which training they are, how far it was, whether they are whole."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from sdd_bench import files
from sdd_bench.runs.identity import TrainSpec
from sdd_bench.training import packed

SPEC = TrainSpec(
    model="miniature",
    model_hash="a" * 64,
    method="sdd",
    parameters={"scale": 3.0, "optimisation": {"rate": 1e-3}},
    concepts=("nudity",),
    seed=42,
    numerics="cpu-float32",
)

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3), "b.bias": torch.zeros(2)}


def written(path: Path, done: int = 24, **changes: object) -> Path:
    spec = replace(SPEC, **changes)  # type: ignore[arg-type]
    files.write_sealed(path, packed.pack(TENSORS, spec, done, 24))
    return path


def test_a_file_says_what_made_it_and_is_always_the_same(tmp_path: Path) -> None:
    path = written(tmp_path / "checkpoint.safetensors")
    packed.check_result(path, SPEC, 24)
    assert written(tmp_path / "again").read_bytes() == path.read_bytes()
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()[packed.METADATA])
        assert torch.equal(file.get_tensor("a.weight"), TENSORS["a.weight"])
    assert (about["method"], about["iterations"], about["planned"]) == ("sdd", 24, 24)
    assert about["sha256"].startswith("sdd_bench:sha256:")
    found = packed.origin(json.dumps(about))
    assert (found.method, found.progress, found.finished) == ("sdd", "24 iterations", True)
    step = replace(found, done=4)
    assert (step.progress, step.finished) == ("4 of 24 iterations", False)


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path / "checkpoint.safetensors")
    whole = path.read_bytes()
    for place in range(0, len(whole), 11):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        if damaged.count(files.BLANK[:17].encode()):
            with pytest.raises(files.ContentError):
                packed.check_result(path, SPEC, 24)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"done": 4}, "it is of 4 of 24 iterations"),
        ({"method": "esd-x-3"}, "it is of another training: its method differs"),
        ({"concepts": ("violence",)}, "its concepts differs"),
        ({"parameters": {"scale": 2.0}}, "its parameters differs"),
        ({"seed": 1}, "its seed differs"),
        ({"model": "renamed"}, ""),
    ],
)
def test_only_the_result_of_that_training_is_one(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = written(tmp_path / "checkpoint.safetensors", **changes)  # type: ignore[arg-type]
    if message:
        with pytest.raises(files.ContentError, match=message):
            packed.check_result(path, SPEC, 24)
    else:
        packed.check_result(path, SPEC, 24)


def test_weights_on_the_way_and_of_other_tools_are_no_result(tmp_path: Path) -> None:
    path = tmp_path / "step-000024.safetensors"
    both = {
        f"{role}/{n}": each.clone()
        for role in ("student", "teacher")
        for n, each in TENSORS.items()
    }
    files.write_sealed(path, packed.pack(both, SPEC, 24, 24))
    with pytest.raises(files.ContentError, match="it holds weights on the way"):
        packed.check_result(path, SPEC, 24)
    save_file(TENSORS, path)
    with pytest.raises(files.ContentError, match="doesn't say which training it is of"):
        packed.check_result(path, SPEC, 24)
    path.write_bytes(b"")
    with pytest.raises(files.ContentError, match="no safetensors"):
        packed.check_result(path, SPEC, 24)


def test_a_file_of_before_has_no_hash_and_no_plan(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    described = asdict(SPEC) | {"iterations": 24}
    save_file(TENSORS, path, {packed.METADATA: json.dumps(described)})
    packed.check_result(path, SPEC, 24)
    with pytest.raises(files.ContentError, match="24 of 30"):
        packed.check_result(path, SPEC, 30)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"iterations": "7"}',
        '{"iterations": true}',
        '{"iterations": 7, "planned": true}',
        "[" * 99999,
    ],
)
def test_a_description_that_is_none_is_damage(text: str) -> None:
    with pytest.raises(files.ContentError, match="its description cannot be read"):
        packed.origin(text)
