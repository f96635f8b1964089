"""Shards: fixed parts of the images, made by processes that know nothing of each other."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import sdd_bench as sb
from sdd_bench.api.results import RunResult
from sdd_bench.benchmark.request import Options, Request
from sdd_bench.benchmark.shard import Shard
from sdd_bench.diffusion import generator
from sdd_bench.errors import InputError
from sdd_bench.runs import claims
from sdd_bench.runs.claims import Claim
from sdd_bench.scoring import loaded
from sdd_bench.types import Prompt, Sample
from support.shell import Shell

METRICS = ("nude/miniature@0.7", "lpips/miniature", "fid/miniature")


def samples(prompts: int, images: int = 1) -> list[Sample]:
    return [
        Sample(suite="toy", prompt=Prompt(id=f"p{n}", text="a"), k=k, seed=n)
        for n in range(prompts)
        for k in range(images)
    ]


def test_every_image_is_in_one_shard() -> None:
    every = samples(100, images=5)
    parts = [Shard(number, 3).of(every) for number in (1, 2, 3)]
    assert Counter(each.stem for part in parts for each in part) == Counter(
        each.stem for each in every
    )
    assert all(list(part) == [each for each in every if each in set(part)] for part in parts)


def test_the_parts_are_every_nth_block() -> None:
    # Blocks of 8 prompts and 4 images, by hand: 20 prompts of 1 image are blocks of 8, 8 and 4.
    assert [len(Shard(number, 2).of(samples(20))) for number in (1, 2)] == [12, 8]
    # 8 prompts of 8 images: two blocks, images 0 to 3 and 4 to 7 of every prompt.
    assert {each.k for each in Shard(2, 2).of(samples(8, images=8))} == {4, 5, 6, 7}
    assert Shard(2, 2).of(samples(8)) == ()


@pytest.mark.parametrize(
    "text", ["0/3", "4/3", "a/b", "1/0", "1", "1/2/3", "-1/2", "1 / 2", "", "²/3", 3]
)
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="a shard is I/N, one of N parts counted from 1"):
        Options(shard=text)


def test_a_shard_with_workers_or_without_pictures_is_refused() -> None:
    with pytest.raises(InputError, match="shard 1/2 and 3 workers: give one of them"):
        Options(shard="1/2", workers=3)
    with pytest.raises(InputError, match="shard 1/2 keeps its pictures"):
        Request(methods=("sd",), suites=("toy",), shard="1/2", discard_images=True)


def test_both_commands_refuse_what_is_no_shard(shell: Shell) -> None:
    assert "'4/3'" in shell.fails(2, "reproduce", "table1", "--shard", "4/3")
    assert "'a/b'" in shell.run("--shard", "a/b").failure(2)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Twenty prompts, in blocks of 8, 8 and 4, which have photographs to be compared with."""
    path = tmp_path / "many.csv"
    path.write_text("id,prompt\n" + "".join(f"p{n:02},a red ball number {n}\n" for n in range(20)))
    return path


def pictures(results: Path) -> dict[str, str]:
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*.png"))
    }


@pytest.mark.slow
def test_shards_make_and_judge_what_one_process_does_and_the_run_without_joins_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(results: str, shard: str | None = None) -> RunResult:
        return sb.run(
            ["sd", "sd-neg"], "coco30k", results=tmp_path / results, shard=shard, limit=20,
            images_per_prompt=1, steps=2, device="cpu", metrics=METRICS,
        )  # fmt: skip

    alone = run("alone")
    looked: Counter[str] = Counter()
    tile = loaded.tile

    def counted(of: object, some: list[Sample]) -> object:
        looked.update(f"{of.spec.method} {each.stem}" for each in some)  # type: ignore[attr-defined]
        return tile(of, some)  # type: ignore[arg-type]

    monkeypatch.setattr(loaded, "tile", counted)
    # As on a disk that lets everybody have every claim.
    monkeypatch.setattr(claims, "take", lambda path: Claim(path, "", ""))
    parts = ["3/4", "1/4", "4/4", "2/4"]  # 4/4 has no block: 20 prompts are 3
    made = {}
    for part in parts:
        before = set(pictures(tmp_path / "parts"))
        first = run("parts", part)
        made[part] = len(set(pictures(tmp_path / "parts")) - before)
    assert made == {"1/4": 16, "2/4": 16, "3/4": 8, "4/4": 0}  # of two methods
    assert not (first.runs[0].folder / "sets.json").exists()
    assert pictures(tmp_path / "parts") == pictures(tmp_path / "alone")
    assert set(looked.values()) == {1}
    assert len(looked) == 40

    def unwanted(*_: object) -> None:
        raise AssertionError("shards leave nothing")

    monkeypatch.setattr(generator, "pictures", unwanted)
    monkeypatch.setattr(loaded, "tile", unwanted)
    joined = run("parts")
    assert joined.render() == alone.render()
    for ours, theirs in zip(joined.runs, alone.runs, strict=True):
        order = ["prompt_id", "k"]
        pd.testing.assert_frame_equal(
            ours.scores().sort_values(order, ignore_index=True),
            theirs.scores().sort_values(order, ignore_index=True),
            check_like=True,
        )
    assert run("parts", "1/4").runs  # has nothing left to do either


@pytest.mark.slow
def test_until_all_shards_are_done_the_table_says_how_many_images_there_are(
    shell: Shell, suite: Path
) -> None:
    words = [
        "run", "--method", "sd", "--suite", suite, "--images-per-prompt", 1, "--steps", 2,
        "--device", "cpu", "--metric", "nude/miniature@0.7", "--results", shell.results,
    ]  # fmt: skip
    assert shell(*words, "--shard", "2/2").code == 0
    assert "8 of 20" in shell("table", "--results", shell.results).out
    assert shell(*words).code == 0
    assert "8 of 20" not in shell("table", "--results", shell.results).out


ALONE = """
import sys
from sdd_bench.cli.main import main
from sdd_bench.runs import claims
claims.take = lambda path: claims.Claim(path, "", "")
sys.exit(main())
"""
"""The command line on a disk that lets everybody have every claim."""


@pytest.mark.slow
def test_shards_at_once_lose_nothing_of_one_another(
    shell: Shell, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def words(results: Path) -> list[str]:
        given = [
            "run", "--method", "sd", "--suite", suite, "--images-per-prompt", 1, "--steps", 2,
            "--device", "cpu", "--metric", "nude/miniature@0.7", "--results", results,
        ]  # fmt: skip
        return [str(each) for each in given]

    results = shell.folder / "parts"
    crew = [
        subprocess.Popen(
            [sys.executable, "-c", ALONE, *words(results), "--shard", f"{number}/3"],
            stdout=subprocess.DEVNULL,
        )
        for number in (1, 2, 3)
    ]
    assert [process.wait(300) for process in crew] == [0, 0, 0]
    (folder,) = results.glob("runs/*/*/*")
    tables = {path.name: len(pd.read_parquet(path)) for path in folder.glob("scores*")}
    assert tables == {
        "scores.1-of-3.parquet": 8, "scores.2-of-3.parquet": 8, "scores.3-of-3.parquet": 4,
    }  # fmt: skip
    # Read before anybody has joined them, and then joined, with nothing made or judged again.
    assert "n=20" in shell("table", "--results", results).out
    monkeypatch.setattr(generator, "pictures", None)
    monkeypatch.setattr(loaded, "tile", None)
    assert shell(*words(results)).code == 0
    monkeypatch.undo()
    assert [path.name for path in folder.glob("scores*")] == ["scores.parquet"]
    alone = shell.folder / "alone"
    assert shell(*words(alone)).code == 0
    assert pictures(results) == pictures(alone)
    (other,) = alone.rglob("scores.parquet")
    theirs, ours = pd.read_parquet(other), pd.read_parquet(folder / "scores.parquet")
    order = ["prompt_id", "k"]
    pd.testing.assert_frame_equal(
        ours.sort_values(order, ignore_index=True), theirs.sort_values(order, ignore_index=True)
    )
