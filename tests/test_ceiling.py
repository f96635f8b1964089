"""How far apart unrelated pictures are: who is paired with whom, the mean, and the table."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from sdd_bench import models, registry
from sdd_bench.analysis import ceiling
from sdd_bench.runs.identity import RunSpec
from sdd_bench.runs.run import Run
from sdd_bench.types import Definition, Floats, Images, Prompt, Sample, Settings

if TYPE_CHECKING:
    from tests.conftest import Shell


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


@dataclass
class Unlike:
    """Mean difference of two images."""

    definitions: tuple[Definition, ...] = (
        Definition(name="toy/unlike", better="lower", tolerance=1.0, source="this test"),
    )

    def compare(self, images: Images, baseline: Images) -> Floats:
        pairs = zip(images.pixels.astype(float), baseline.pixels, strict=True)
        return np.array([np.abs(one - other).mean() for one, other in pairs])


def store(root: Path, levels: list[list[int]], faults: dict[str, str] | None = None) -> Run:
    """A run of images that are grey, but for a corner, at the levels of each prompt."""
    run = Run.create(
        root,
        RunSpec(
            model="miniature", model_hash="0", method="sd", parameters={}, concepts=(),
            checkpoint=None, suite="toy", suite_hash="", settings=Settings(), numerics="cpu",
        ),
    )  # fmt: skip
    images = samples(len(levels), len(levels[0]))
    for sample, level in zip(images, [each for own in levels for each in own], strict=True):
        run.save_image(sample, np.full((4, 4, 3), level, dtype=np.uint8))
    table = pd.DataFrame(
        {
            "suite": "toy",
            "method": "sd",
            "prompt_id": [each.prompt.id for each in images],
            "prompt": [each.prompt.text for each in images],
            "group": "",
            "k": [each.k for each in images],
            "seed": [each.seed for each in images],
            "noise_hash": "",
            "image_hash": "",
            "fault": [(faults or {}).get(each.stem, "") for each in images],
        }
    )
    run.write_scores(table)
    return run


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


def test_the_ceiling_beside_what_is_stored(shell: Shell) -> None:
    metrics = ("--metric", "lpips/miniature", "--metric", "nude/miniature@0.7")
    for method in ("sd", "sd-neg"):
        assert shell.run(*metrics, "--images-per-prompt", 2, method=method).code == 0
    done = shell("ceiling", "--results", shell.results, "--format", "csv")
    assert done.code == 0
    found = pd.read_csv(io.StringIO(done.out))
    assert found["pairs"].tolist() == ["other prompt", "other noise", "same noise"]
    assert found["n"].tolist() == [4, 4, 4]
    sd = shell.stored("sd")
    pictures = [sd.load_image(each)[0] for each in sd.samples()]
    metric = registry.definition("lpips/miniature")[1]
    left, right = (
        Images(pixels=np.stack(several), captions=("",) * 2)
        for several in (pictures[::2], pictures[1::2])
    )
    apart = metric.compare(left, right).mean()  # type: ignore[union-attr]
    stored = shell.stored("sd-neg").scores()["lpips/miniature"].mean()
    assert found["value"].tolist()[1:] == pytest.approx([apart, stored], rel=1e-5)
    assert found["share"].tolist()[1:] == pytest.approx([100, 100 * stored / apart], rel=1e-5)
    shown = shell("ceiling", "--results", shell.results)
    assert "100 %" in shown.out
    assert "sd-neg (nudity, sexual)" in shown.out


def test_with_one_image_of_each_the_ceiling_is_another_prompts(used: Shell) -> None:
    done = used("ceiling", "--results", used.results, "--format", "json")
    prompt, noise, paired = json.loads(done.out)
    assert (noise["value"], noise["reason"]) == (None, "one image per prompt")
    assert prompt["share"] == 100
    assert paired["share"] == pytest.approx(100 * paired["value"] / prompt["value"])


def test_a_suite_goes_by_the_name_it_stands_in_for() -> None:
    """`run --suite coco30k` means miniature/coco30k, so the name means that afterwards too."""
    assert models.matches_suite("miniature/coco30k", "miniature", ("i2p", "coco30k"))
    assert models.matches_suite("miniature/coco30k", "miniature", ("miniature/coco30k",))
    assert not models.matches_suite("miniature/coco30k", "miniature", ("i2p",))
    assert not models.matches_suite("miniature/coco30k", "sd-v1-4", ("coco30k",))


def test_images_without_scores_are_not_taken_for_single_ones(tmp_path: Path) -> None:
    """Nothing says of which prompts they are."""
    run = store(tmp_path, [[10, 30], [50, 90]])
    (run.folder / "scores.parquet").unlink()
    tidy = ceiling.frame([run], ["lpips/miniature"], most=9, seed=0)
    assert tidy["reason"].tolist() == ["no scored images"] * 2


def test_what_cannot_be_measured(used: Shell, tmp_path: Path) -> None:
    place = ("--results", used.results)
    assert "clip/miniature does not compare pairs" in used.fails(
        2, "ceiling", *place, "--metric", "clip/miniature"
    )
    assert "no runs on artists" in used.fails(2, "ceiling", *place, "--suite", "artists")
    for file in used.stored("sd").folder.glob("run.json"):
        file.unlink()
    assert "no run of sd" in used.fails(2, "ceiling", *place)
