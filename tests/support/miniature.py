"""Examples of the renderer, and what lies beside the shipped weights."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from sdd_bench.files import sha256
from sdd_bench.miniature.renderer.examples import example
from sdd_bench.miniature.renderer.kinds import Example
from sdd_bench.weights import store
from support.paths import ROOT

PROMPTS = ROOT / "prompts" / "miniature"


@cache
def sampled() -> list[Example]:
    """Some of every family."""
    return [example("train", index) for index in range(6000)]


def check_manifest(folder: Path) -> None:
    manifest = json.loads((folder / store.MANIFEST).read_text(encoding="utf-8"))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(manifest) == files - {store.MANIFEST, "README.md"}
    for name, expected in manifest.items():
        assert sha256(folder / name) == expected


def quality_is_known(folder: Path) -> bool:
    """Whether a full rebuild made these weights: its card rests on thousands of renders."""
    card = (folder / "README.md").read_text(encoding="utf-8")
    measured = re.search(
        r"^\| nudity classifier, accuracy % \| (\d+) held-out renders \|", card, re.MULTILINE
    )
    return measured is not None and int(measured[1]) >= 1000
