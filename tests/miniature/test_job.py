"""What is done again of a rebuild when something has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from sdd_bench.miniature import data
from sdd_bench.miniature.job import CYCLES, PLANS, Job
from sdd_bench.miniature.renderer import kinds
from sdd_bench.miniature.renderer.kinds import Example

EXAMPLES = 20


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield
    data.digests.cache_clear()


def keys(work: Path, **plans: object) -> dict[str, str]:
    data.digests.cache_clear()
    changed = {name: replace(PLANS[name], **change) for name, change in plans.items()}  # type: ignore[arg-type]
    return dict(Job.of(work, EXAMPLES, {**PLANS, **changed}).keys)


def moved(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def test_nothing_is_done_again_where_nothing_has_changed(tmp_path: Path) -> None:
    assert keys(tmp_path / "here") == keys(tmp_path / "there")


def test_other_captions_of_the_same_pictures_leave_the_autoencoder_and_the_judges_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys(tmp_path)
    original = kinds.objects

    def otherwise(rng: Random) -> Example:
        made = original(rng)
        return replace(made, caption=f"{made.caption}, once")

    monkeypatch.setattr(kinds, "objects", otherwise)
    assert moved(before, keys(tmp_path)) == {
        "clip", *CYCLES, *(name for name in before if name.startswith("encoded-"))
    }  # fmt: skip


def test_a_longer_training_redoes_what_comes_after_it(tmp_path: Path) -> None:
    before = keys(tmp_path)
    cycles = list(CYCLES)
    assert moved(before, keys(tmp_path, calibrated={"steps": 9})) == set(
        cycles[cycles.index("calibrated") :]
    )
    assert moved(before, keys(tmp_path, shows={"steps": 9})) == {"shows"}
    everything = {*before} - {"clip"}
    assert moved(before, keys(tmp_path, autoencoder={"steps": 9})) == everything
