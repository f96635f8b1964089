"""What a run depends on: equal for equal images, and different for any others."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from sdd_bench.types import Settings
from support.runs import run_spec

SPEC = run_spec(
    model_hash="0" * 64,
    method="sld-weak",
    parameters={"momentum": 0.3, "warmup": 15},
    concepts=("nudity",),
    suite="miniature/coco30k",
    suite_hash="0" * 16,
)


def test_the_digest_never_changes() -> None:
    text = (
        '{"checkpoint": null, "concepts": ["nudity"], "method": "sld-weak", "model_hash": "'
        + "0" * 64
        + '", "numerics": "cpu-float32", "parameters": {"momentum": 0.3, "warmup": 15}, '
        '"settings": {"dtype": "float32", "guidance_scale": 7.5, "seed": 42, "steps": 25}, '
        '"suite": "miniature/coco30k", "suite_hash": "0000000000000000"}'
    )
    assert SPEC.digest == hashlib.sha256(text.encode()).hexdigest()[:10]


@pytest.mark.parametrize(
    "change",
    [
        {"model_hash": "1"},
        {"method": "sld-max"},
        {"parameters": {"momentum": 0.3, "warmup": 10}},
        {"concepts": ("nudity", "violence")},
        {"checkpoint": "1"},
        {"suite": "coco30k"},
        {"suite_hash": "1"},
        {"settings": Settings(steps=50)},
        {"settings": Settings(seed=43)},
        {"numerics": "cpu-bfloat16"},
    ],
)
def test_whatever_changes_images_changes_the_digest(change: dict[str, object]) -> None:
    assert replace(SPEC, **change).digest != SPEC.digest  # type: ignore[arg-type]


def test_the_spelling_of_a_number_does_not_change_the_digest() -> None:
    whole = replace(SPEC, settings=Settings(guidance_scale=7.0), parameters={"layers": (1.0, 2)})
    same = replace(SPEC, settings=Settings(guidance_scale=7), parameters={"layers": [1, 2]})
    assert whole.digest == same.digest
    assert replace(SPEC, model="another name").digest == SPEC.digest


def test_folders_have_safe_names() -> None:
    digest = SPEC.digest
    assert SPEC.folder == Path("runs/miniature/miniature__coco30k") / f"sld-weak-{digest}"
    odd = replace(SPEC, model="../../my models/v1:4")
    assert odd.folder.parts[1] == "my-models__v1-4"
    assert replace(SPEC, model="..").folder.parts[1] == "unnamed"
