"""Runs that keep scores and hashes only, from the command line and by several processes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sdd_bench.benchmark import discarding
from sdd_bench.benchmark.generation import Lack
from sdd_bench.errors import InputError
from sdd_bench.runs import claims
from sdd_bench.runs.lookup import find
from support.runs import pngs
from support.scoring import make_run, random_image, samples, score, task
from support.shell import METRICS, Answer, Shell
from support.together import Together
from support.toys import Brightness

NUDE = ("--metric", "nude/miniature@0.7")
DISCARD = "--discard-images"


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with its content and the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- from the command line --------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept_and_discarded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The results of one command, with its pictures and without."""
    kept, discarded = (Shell(tmp_path_factory.mktemp(name)) for name in ("kept", "discarded"))
    assert kept.run("--method", "sd-neg", *METRICS).code == 0
    assert discarded.run("--method", "sd-neg", *METRICS, DISCARD).code == 0
    return kept.results, discarded.results


@pytest.fixture
def discarded(shell: Shell, kept_and_discarded: tuple[Path, Path]) -> Shell:
    """A command line whose results folder has no pictures any more."""
    shutil.copytree(kept_and_discarded[1], shell.results)
    return shell


def test_scores_and_hashes_stay_and_pictures_go(
    kept_and_discarded: tuple[Path, Path], shell: Shell
) -> None:
    kept, discarded = kept_and_discarded
    assert len(pngs(kept)) == 4
    assert pngs(discarded) == []
    for with_pictures, without in zip(find(kept), find(discarded), strict=True):
        assert with_pictures.spec.digest == without.spec.digest
        pd.testing.assert_frame_equal(with_pictures.scores(), without.scores())
        assert without.scores()["image_hash"].str.len().eq(16).all()
        assert without.scores()["noise_hash"].ne("").all()
        assert without.facts().discarded
        assert not with_pictures.facts().discarded
        assert without.facts().images == len(without.stored()) == 2
    commands = (("table",), ("compare", "sd", "sd-neg"), ("table", "--format", "csv"))
    for command in commands:
        first, second = (shell(*command, "--results", each) for each in (kept, discarded))
        assert (first.code, second.code) == (0, 0), second.err
        assert first.out == second.out


def test_a_gate_sees_the_same_run(kept_and_discarded: tuple[Path, Path], shell: Shell) -> None:
    kept, discarded = kept_and_discarded
    file = shell.folder / "baseline.json"
    assert shell("gate", "--results", kept, "--baseline", file, "--update").code == 0
    held = shell("gate", "--results", discarded, "--baseline", file)
    assert held.code == 0, held.out
    assert "all pictures are those of the baseline, bit for bit" in " ".join(held.out.split())


def test_the_same_command_makes_nothing_again_and_touches_no_file(discarded: Shell) -> None:
    before = contents(discarded.results)
    for more in ((DISCARD,), ()):
        again = discarded.run("--method", "sd-neg", *METRICS, *more)
        assert again.code == 0, again.err
        assert contents(discarded.results) == before
        folder = discarded.stored("sd-neg").folder
        line = (
            "the images of sd-neg on toy were discarded on purpose: to have them, delete "
            f"{folder} and run again without --discard-images"
        )
        assert line in again.out.splitlines()


def test_a_bigger_request_makes_only_what_is_new(discarded: Shell, tmp_path: Path) -> None:
    before = discarded.stored("sd-neg").scores()
    assert discarded.run("--method", "sd-neg", *METRICS, "--limit", 3).code == 0
    for method in ("sd", "sd-neg"):
        assert pngs(discarded.stored(method).folder) == ["cat_0000.png"]
    now = discarded.stored("sd-neg").scores()
    pd.testing.assert_frame_equal(now.head(2), before)
    assert now["lpips/miniature"].gt(0).all()
    assert discarded.run("--method", "sd-neg", *METRICS, "--limit", 3, DISCARD).code == 0
    assert pngs(discarded.results) == []
    pd.testing.assert_frame_equal(discarded.stored("sd-neg").scores(), now)


def test_a_further_metric_is_refused_with_a_reason_and_nothing_known_is_lost(
    discarded: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")  # where no reason is broken into lines
    run = discarded.stored("sd-neg")
    before = run.scores()
    score = ("score", run.folder, "--metric", "clip/miniature", *METRICS)
    asked: tuple[Callable[[], Answer], ...] = (
        lambda: discarded(*score),
        lambda: discarded.run(*METRICS, "--metric", "clip/miniature", method="sd-neg"),
    )
    for ask in asked:
        answer = ask()
        assert "clip/miniature: the images of sd-neg on toy were discarded" in answer.failure(2)
        words = " ".join(answer.out.split())
        assert "not scored: images were discarded" in words
        pd.testing.assert_frame_equal(run.scores(), before)
    assert "clip/miniature" not in run.measures()
    after = contents(discarded.results)
    assert discarded.run(*METRICS, "--metric", "clip/miniature", method="sd-neg").code == 2
    assert contents(discarded.results) == after
    assert discarded.run(*METRICS, method="sd-neg").code == 0


def test_a_discarded_baseline_is_the_reason_of_a_dash(discarded: Shell) -> None:
    done = discarded.run(*METRICS, method="sld-medium")
    assert done.code == 0, done.err
    run = discarded.stored("sld-medium")
    assert run.sets()["lpips/miniature"].reason == "the images of sd were discarded"
    assert "the images of sd were discarded" in " ".join(done.out.split())
    assert len(pngs(run.folder)) == 2
    before = contents(discarded.results)
    assert discarded.run(*METRICS, method="sld-medium").code == 0
    assert contents(discarded.results) == before
    assert discarded.run(*METRICS, DISCARD, method="sld-medium").code == 0
    assert pngs(discarded.results) == []


def test_a_run_json_of_before_is_read_and_its_pictures_may_be_discarded(
    used: Shell,
) -> None:
    path = used.stored().folder / "run.json"
    content = json.loads(path.read_text())
    del content["sha256"]
    path.write_text(json.dumps(content))
    assert not used.stored().facts().discarded
    assert used.run("--method", "sd-neg", *METRICS, DISCARD).code == 0
    assert used.stored().facts().discarded
    assert pngs(used.results) == []


def test_pictures_are_refused_by_name(discarded: Shell) -> None:
    run = discarded.stored()
    with pytest.raises(InputError, match=r"sd on toy were discarded on purpose: to have them"):
        run.load_image(run.samples()[0])


# --- interrupted, and several at once ---------------------------------------------------------


def test_interrupted_on_the_way_the_same_command_goes_on(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink
    removed: list[Path] = []

    def once(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".png":
            if removed:
                raise KeyboardInterrupt
            removed.append(path)
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", once)
    assert shell.run("--method", "sd-neg", *METRICS, DISCARD).code == 130
    monkeypatch.undo()
    assert len(pngs(shell.results)) == 3
    before = {method: shell.stored(method).scores() for method in ("sd", "sd-neg")}
    assert shell.run("--method", "sd-neg", *METRICS, DISCARD).code == 0
    assert pngs(shell.results) == []
    for method, scores in before.items():
        pd.testing.assert_frame_equal(shell.stored(method).scores(), scores)


def test_interrupted_between_scoring_and_discarding_nothing_is_made_again(
    used: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(discarding, "discard", interrupted)
    assert used.run("--method", "sd-neg", *METRICS, DISCARD).code == 130
    monkeypatch.undo()
    assert len(pngs(used.results)) == 4
    assert used.run("--method", "sd-neg", *METRICS, DISCARD).code == 0
    assert pngs(used.results) == []


def test_no_picture_goes_while_another_process_judges_the_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "POLL", 0.01)
    sd, run = make_run(tmp_path, 2, "sd"), make_run(tmp_path, 2)
    score(sd, samples(2), Brightness())
    judging = claims.take(run.folder / "scoring-0")
    assert judging is not None
    thread = threading.Thread(target=discarding.discard, args=([task(sd, 2, Brightness())],))
    thread.start()
    time.sleep(0.3)
    assert len(pngs(sd.folder)) == 2
    judging.release()
    thread.join(20)
    assert pngs(sd.folder) == []


def test_who_saw_a_picture_missing_that_was_discarded_meanwhile_makes_it_no_more(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path, 0)
    lack = Lack.of(run, samples(2))
    assert len(lack.files) == 2
    for each in samples(2):  # by another process, which also discards them
        run.save_image(each, random_image(each.seed), "n")
    score(run, samples(2), Brightness())
    discarding.discard([task(run, 2, Brightness())])
    lack.look_again(samples(2))
    assert lack.files == {}
    assert run.missing(samples(2)) == []


def command(folder: Path) -> list[object]:
    return [
        "run", "--method", "sd", "--method", "sd-neg", "--suite", folder / "toy.csv", "--steps", 2,
        "--limit", 2, "--images-per-prompt", 1, "--device", "cpu", "--results", folder / "results",
        *METRICS, DISCARD,
    ]  # fmt: skip


def test_two_processes_at_once_make_nothing_twice_and_lose_nothing(
    shell: Shell, kept_and_discarded: tuple[Path, Path]
) -> None:
    together = Together(shell.folder)
    for _ in range(2):
        together.start(*command(shell.folder))
    together.end()
    made = [name for name, _ in together.made("image")]
    assert sorted(made) == ["bare_0000"] * 2 + ["japan_0000"] * 2  # of two methods, each once
    assert pngs(shell.results) == []
    for run, right in zip(find(shell.results), find(kept_and_discarded[0]), strict=True):
        pd.testing.assert_frame_equal(run.scores(), right.scores())


KILLED = """
import os, signal, sys
from pathlib import Path
from sdd_bench.cli.main import main

unlink, removed = Path.unlink, []

def killing(path, missing_ok=False):
    if path.suffix == ".png":
        if removed:
            os.kill(os.getpid(), signal.SIGKILL)
        removed.append(path)
    unlink(path, missing_ok=missing_ok)

Path.unlink = killing
main(sys.argv[1:])
"""


def test_killed_in_the_middle_of_discarding_nothing_is_lost(
    shell: Shell, kept_and_discarded: tuple[Path, Path]
) -> None:
    arguments = [str(each) for each in command(shell.folder)]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, timeout=240)
    assert done.returncode == -signal.SIGKILL
    assert len(pngs(shell.results)) == 3
    assert shell(*arguments).code == 0
    assert pngs(shell.results) == []
    for run, right in zip(find(shell.results), find(kept_and_discarded[0]), strict=True):
        pd.testing.assert_frame_equal(run.scores(), right.scores())
