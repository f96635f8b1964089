"""How far apart unrelated pictures are: who is paired with whom, and the mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.analysis import ceiling
from sdd_bench.runs.run import Run
from sdd_bench.types import Prompt, Sample
from support.runs import made_up, run_spec, score_rows
from support.toys import Unlike


def samples(prompts: int, each: int) -> list[Sample]:
    return [
        Sample(suite="toy", prompt=Prompt(id=f"p{at}", text=f"text {at}"), k=k, seed=100 * at + k)
        for at in range(prompts)
        for k in range(each)
    ]


@pytest.mark.parametrize("kind", [ceiling.NOISE, ceiling.PROMPT])
@pytest.mark.parametrize(("prompts", "each"), [(7, 2), (5, 3), (2, 5)])
def test_nobody_is_paired_with_itself_and_everybody_once(
    kind: str, prompts: int, each: int
) -> None:
    images = samples(prompts, each)
    for seed in range(5):
        found = ceiling.pairs(images, kind, seed)
        assert found[:, 0].tolist() == list(range(len(images)))
        assert sorted(found[:, 1].tolist()) == list(range(len(images)))
        for one, other in found:
            assert one != other
            same = images[one].prompt.id == images[other].prompt.id
            assert same == (kind == ceiling.NOISE)
        assert (found == ceiling.pairs(images, kind, seed)).all()


def test_the_seed_decides_who_is_paired() -> None:
    found = {ceiling.pairs(samples(9, 1), ceiling.PROMPT, seed).tobytes() for seed in range(5)}
    assert len(found) == 5


def test_where_there_is_nobody_to_pair_with() -> None:
    assert ceiling.pairs(samples(4, 1), ceiling.NOISE, 0).shape == (0, 2)
    assert ceiling.pairs(samples(1, 4), ceiling.PROMPT, 0).shape == (0, 2)
    uneven = [*samples(1, 3), *samples(2, 1)[1:]]
    assert set(ceiling.pairs(uneven, ceiling.NOISE, 0)[:, 0].tolist()) == {0, 1, 2}
    assert ceiling.pairs(uneven, ceiling.PROMPT, 0).tolist() == [[0, 3], [1, 3], [2, 3], [3, 0]]


def store(root: Path, levels: list[list[int]], faults: dict[str, str] | None = None) -> Run:
    """A run of images that are grey, but for a corner, at the levels of each prompt."""
    images = samples(len(levels), len(levels[0]))
    flat = [level for prompt in levels for level in prompt]
    return made_up(
        root,
        run_spec(suite="toy"),
        pictures=[
            (sample, np.full((4, 4, 3), level, dtype=np.uint8), "")
            for sample, level in zip(images, flat, strict=True)
        ],
        scores=score_rows("sd", images, fault=[(faults or {}).get(s.stem, "") for s in images]),
    )


def test_the_mean_by_hand(tmp_path: Path) -> None:
    """Two images of a prompt can be paired in one way only, and so can two prompts."""
    run = store(tmp_path, [[10, 30], [50, 90]])
    value, low, high, n = ceiling.measure(run, Unlike(), ceiling.NOISE, most=9, seed=0)
    assert (value, n) == (30, 4)  # 20, 20, 40, 40
    assert low < 30 < high
    value, _, _, n = ceiling.measure(run, Unlike(), ceiling.PROMPT, most=9, seed=0)
    assert (value, n) == (50, 4)  # 40, 60, 40, 60
    assert ceiling.measure(run, Unlike(), ceiling.NOISE, most=3, seed=0)[3] == 3


def test_more_pairs_than_a_batch_holds(tmp_path: Path) -> None:
    run = store(tmp_path, [[at, at + 7] for at in range(60)])
    assert ceiling.measure(run, Unlike(), ceiling.NOISE, most=999, seed=0)[::3] == (7, 120)


def test_a_failed_picture_is_nobodys_partner(tmp_path: Path) -> None:
    run = store(tmp_path, [[10, 30], [0, 90]], faults={"p1_0000": "black"})
    assert ceiling.measure(run, Unlike(), ceiling.NOISE, most=9, seed=0)[::3] == (20, 2)


def test_images_without_scores_are_not_taken_for_single_ones(tmp_path: Path) -> None:
    """Nothing says of which prompts they are."""
    run = store(tmp_path, [[10, 30], [50, 90]])
    (run.folder / "scores.parquet").unlink()
    tidy = ceiling.frame([run], ["lpips/miniature"], registry.scan(), most=9, seed=0)
    assert tidy["reason"].tolist() == ["no scored images"] * 2
