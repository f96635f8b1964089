"""Workers: processes that share a request make what one process makes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from queue import SimpleQueue

import pandas as pd
import pytest

from sdd_bench.benchmark import crew, machine, workers
from sdd_bench.benchmark.request import Options, Request
from sdd_bench.benchmark.workers import End, Heard, Word
from sdd_bench.diffusion import generator
from sdd_bench.errors import InputError
from support.shell import Shell

pytestmark = pytest.mark.slow

PROMPTS = "id,prompt\n" + "".join(f"p{n:02},a red ball number {n}\n" for n in range(20))


@pytest.fixture
def suite(shell: Shell) -> Path:
    """Twenty prompts: blocks of 8, 8 and 4."""
    path = shell.folder / "many.csv"
    path.write_text(PROMPTS)
    return path


def unwanted(*_: object) -> None:
    raise AssertionError("workers leave nothing")


def command(suite: Path, *more: object) -> list[str]:
    given = [
        "run", "--method", "sd", "--suite", suite, "--images-per-prompt", 1, "--steps", 2,
        "--device", "cpu", "--metric", "nude/miniature@0.7", *more,
    ]  # fmt: skip
    return [str(each) for each in given]


def pictures(results: Path) -> dict[str, str]:
    """The hash of every picture, by its path."""
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*.png"))
    }


def scores(results: Path) -> pd.DataFrame:
    (path,) = results.rglob("scores.parquet")
    return pd.read_parquet(path)


@pytest.fixture
def alone(shell: Shell, suite: Path) -> Path:
    """The results of one process."""
    results = shell.folder / "alone"
    assert shell(*command(suite, "--results", results)).code == 0
    return results


def test_two_make_what_one_makes(
    shell: Shell, suite: Path, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = shell.folder / "both"
    monkeypatch.setattr(generator, "pictures", unwanted)  # of this process: nothing is left to it
    answer = shell(*command(suite, "--results", results, "--workers", 2))
    assert answer.code == 0
    assert pictures(results) == pictures(alone)
    pd.testing.assert_frame_equal(scores(results), scores(alone))
    assert not list(results.rglob("*.claim"))


@pytest.fixture
def crews(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many processes were started each time, on two cores, where two pictures are enough."""
    started: list[int] = []
    work = workers.work
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setattr(crew, "ENOUGH", 4)

    def counted(request: Request, count: int) -> None:
        started.append(count)
        work(request, count)

    monkeypatch.setattr(workers, "work", counted)
    return started


def test_on_the_cpu_as_many_share_what_is_missing_as_pay(
    shell: Shell, suite: Path, alone: Path, monkeypatch: pytest.MonkeyPatch, crews: list[int]
) -> None:
    results = shell.folder / "own"
    with monkeypatch.context() as parent:
        parent.setattr(generator, "pictures", unwanted)
        assert shell(*command(suite, "--results", results)).code == 0
    assert crews == [2]
    assert pictures(results) == pictures(alone)
    pd.testing.assert_frame_equal(scores(results), scores(alone), check_exact=True)
    for path in list(results.rglob("*.png"))[:3]:  # two are worth one process, which is this one
        path.unlink()
    assert shell(*command(suite, "--results", results)).code == 0
    assert shell(*command(suite, "--results", results)).code == 0
    assert shell(*command(suite, "--results", shell.folder / "1", "--workers", 1)).code == 0
    assert crews == [2]
    assert pictures(results) == pictures(alone)


def test_weights_of_a_methods_own_are_made_once_and_then_its_pictures_shared(
    shell: Shell, suite: Path, monkeypatch: pytest.MonkeyPatch, crews: list[int]
) -> None:
    monkeypatch.setattr(generator, "pictures", unwanted)
    results = shell.folder / "own"
    words = command(suite, "--results", results, "--method", "uce", "--concept", "nudity")
    assert shell(*words).code == 0
    assert crews == [2]
    assert len(pictures(results)) == 40
    assert len(list(results.rglob("checkpoint.safetensors"))) == 1


def test_what_a_killed_worker_left_the_others_do(
    shell: Shell, suite: Path, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, begin = shell.folder / "killed", subprocess.Popen
    crew: list[subprocess.Popen[str]] = []

    def killing(*given: object, **more: object) -> subprocess.Popen[str]:
        crew.append(begin(*given, **more))  # type: ignore[call-overload]
        if len(crew) == 2:
            crew[0].send_signal(signal.SIGKILL)
        return crew[-1]

    monkeypatch.setattr(subprocess, "Popen", killing)
    answer = shell(*command(suite, "--results", results, "--workers", 2))
    assert answer.code == 0
    assert "worker 1 was ended by SIGKILL" in answer.err
    assert pictures(results) == pictures(alone)


def test_what_is_wrong_with_a_request_is_said_once(shell: Shell, suite: Path) -> None:
    answer = shell(*command(suite, "--workers", 2, "--checkpoint", "none.safetensors"))
    assert answer.failure(2).count("none.safetensors") == 1


def test_workers_end_when_the_one_that_started_them_is_killed(shell: Shell, suite: Path) -> None:
    words = command(suite, "--results", shell.folder / "driver", "--workers", 2, "--steps", 500)
    driver = subprocess.Popen([sys.executable, "-m", "sdd_bench", *words], cwd=shell.folder)
    try:
        wait_for(lambda: len(_children(driver.pid)) == 2)
        crew = _children(driver.pid)
        time.sleep(1)
    finally:
        driver.kill()
        driver.wait()
    wait_for(lambda: not any(_runs(pid) for pid in crew))


def wait_for(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    import psutil

    return [each.pid for each in psutil.Process(pid).children()]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    import psutil

    return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_number_of_workers_is_a_whole_one() -> None:
    with pytest.raises(InputError, match="workers must be from 1 to 256, not 0"):
        Options(workers=0)


def test_each_has_its_share_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    monkeypatch.setattr(machine, "cores", lambda: 8)
    own = workers._environment(3)
    assert (own["OMP_NUM_THREADS"], own["OMP_WAIT_POLICY"]) == ("2", "PASSIVE")
    monkeypatch.setenv("OMP_NUM_THREADS", "5")  # what somebody has set stays
    assert workers._environment(16)["OMP_NUM_THREADS"] == "5"
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert workers._environment(16)["OMP_NUM_THREADS"] == "1"


def test_words_of_workers_are_said_once_and_what_they_came_to_is_handed_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: SimpleQueue[Heard] = SimpleQueue()
    end, lost = End(error="no such suite", exit_code=2), workers.lost(1, "was ended by SIGKILL")
    for place, word in [(0, Word(said="a")), (1, Word(said="a")), (1, lost), (1, None),
                        (0, Word(end=end)), (0, None)]:  # fmt: skip
        heard.put((place, word))
    assert list(workers.ends(heard, 2)) == [end]
    assert [each.getMessage() for each in caplog.records] == [
        "a",
        "worker 2 was ended by SIGKILL: the others do its work",
    ]
