"""Workers on a Ray cluster: they make what one process makes, and outlive each other."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest

from sdd_bench.benchmark import actors, workers
from sdd_bench.benchmark.actors import Actor
from sdd_bench.benchmark.request import Options, Request
from sdd_bench.benchmark.workers import End, Heard, Order, Word
from sdd_bench.errors import IncompleteError, InputError, MissingError, SDDBenchError
from sdd_bench.runs.lookup import find
from support.shell import Shell

on_a_cluster = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed: pip install 'sdd-bench[ray]'"
)

CLUSTER = """
import sys, ray
context = ray.init(num_cpus=2, include_dashboard=False, object_store_memory=10**8)
print(context.address_info["address"])
sys.stdout.flush()
sys.stdin.read()
"""
"""A cluster of this machine, with two places for actors, as long as stdin is open."""

OPEN = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
"""It wants no token, which would lie in the home folder, and tells nobody of itself."""


# --- without Ray ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "count", "there", "share"),
    # Three on each of three GPUs: a third, which Ray counts in ten thousandths. 5 on 4: two on one.
    [("auto", 8, 8, 1), ("cuda", 2, 8, 1), ("auto", 9, 3, 0.3333), ("auto", 5, 4, 0.5),
     ("cpu", 2, 8, 0), ("auto", 2, 0, 0), ("cuda", 2, 0, 1)],
)  # fmt: skip
def test_each_worker_has_a_gpu_or_an_equal_part_of_one(
    device: str, count: int, there: int, share: float
) -> None:
    assert actors.gpus_of_each(device, count, there) == share


def test_an_engine_is_one_that_there_is() -> None:
    with pytest.raises(InputError, match=r"no engine named 'rya'. Did you mean 'ray'\?"):
        Options(engine="rya")


def test_what_the_engine_decides_itself_is_refused() -> None:
    with pytest.raises(InputError, match="shard 1/2 and engine ray: give one of them"):
        Options(engine="ray", shard="1/2")
    with pytest.raises(InputError, match=r"device cuda:1 and engine ray.*name auto, cuda or cpu"):
        Options(engine="ray", device="cuda:1")


def test_without_the_package_it_is_said_what_to_install(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert "pip install 'sdd-bench[ray]'" in shell.run("--engine", "ray").failure(3)


def test_a_machine_that_does_not_see_the_results_makes_nothing(tmp_path: Path) -> None:
    request = Request(methods=("sd",), suites=("country_body",), results=tmp_path)
    order = Order(request=request, place=0, folder=tmp_path)
    (word,) = Actor().work(order, 1, tmp_path / "not-there")
    assert f"doesn't see {tmp_path / 'not-there'}" in word.said


def test_an_actor_says_what_its_worker_says_until_it_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, ended = [Word(said="one"), Word(said="two")], []

    @contextmanager
    def worker(order: Order, count: int, heard: SimpleQueue[Heard]) -> Iterator[None]:
        for word in (*words, None):
            heard.put((order.place, word))
        yield
        ended.append(count)

    monkeypatch.setattr(workers, "worker", worker)
    request = Request(methods=("sd",), suites=("country_body",), results=tmp_path)
    order = Order(request=request, place=0, folder=tmp_path)
    assert list(Actor().work(order, 3, tmp_path)) == words
    assert ended == [3]
    stopped = Actor()
    rest = stopped.work(order, 4, tmp_path)
    assert next(rest) == words[0]
    stopped.stop()
    assert ended == [3, 4]
    assert list(rest) == words[1:]


def test_the_error_is_that_of_the_worker_that_came_furthest(filled: Path) -> None:
    (run, *_) = find(filled)
    some = End(runs=(run.folder,), error="a metric failed", exit_code=3)
    error = actors._error([End(error="memory", exit_code=4), some])
    assert isinstance(error, IncompleteError)
    assert (str(error), error.exit_code, error.result) == ("a metric failed", 3, [run])


class Scripted:
    """An actor whose worker is lost if it is the first, and else comes to an end that is given."""

    end = End()
    stopped = 0

    def work(self, order: Order, count: int, seen: Path) -> Iterator[Word]:
        assert seen.parent == order.request.results.absolute()
        assert seen.exists()
        assert (order.request.workers, order.request.engine) == (1, "local")
        yield Word(said=f"one of {count}")
        if order.place == 0:
            raise Double.exceptions.RayError
        yield Word(end=self.end)

    def stop(self) -> None:
        Scripted.stopped += 1


class Double:
    """As much of Ray as is asked for, in this process: a reference is what it refers to."""

    exceptions = SimpleNamespace(RayError=type("RayError", (Exception,), {}))

    def __init__(self) -> None:
        self.asked: dict[str, float] = {}

    def is_initialized(self) -> bool:
        return True

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0, "memory": 1e9}

    def remote(self, **asked: float) -> Callable[[type], object]:
        self.asked = asked
        return lambda kind: SimpleNamespace(remote=lambda: self._actor(kind()))

    def _actor(self, actor: Scripted) -> object:
        work = SimpleNamespace(remote=actor.work)
        return SimpleNamespace(
            work=SimpleNamespace(options=lambda num_returns: work),
            stop=SimpleNamespace(remote=actor.stop),
            __ray_ready__=SimpleNamespace(remote=lambda: "ready"),
        )

    def get(self, word: Word) -> Word:
        return word

    def wait(self, references: list[object], **_: object) -> tuple[list[object], list[object]]:
        return references, []

    def kill(self, actor: object) -> None:
        pass


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Double:
    made = Double()
    monkeypatch.setitem(sys.modules, "ray", made)
    monkeypatch.setattr(actors, "Actor", Scripted)
    monkeypatch.setattr(Scripted, "stopped", 0)
    return made


def test_the_runs_are_those_of_a_worker_that_did_all_of_it(
    filled: Path, double: Double, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runs = find(filled)
    monkeypatch.setattr(Scripted, "end", End(runs=tuple(run.folder for run in runs)))
    request = Request(methods=("sd",), suites=("country_body",), results=filled, engine="ray")
    assert actors.work(request) == runs
    # One for each of the two cores, and what is left is stopped.
    assert (double.asked["num_cpus"], double.asked["num_gpus"]) == (1, 0)
    assert Scripted.stopped == 2
    assert "worker 1 was lost (RayError): the others do its work" in caplog.text
    assert not list(filled.glob(".seen-*"))


def test_an_error_is_raised_when_no_worker_did_all_of_it(
    tmp_path: Path, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripted, "end", End(error="no such method", exit_code=2))
    request = Request(methods=("sd",), suites=("country_body",), results=tmp_path, engine="ray")
    with pytest.raises(InputError, match="no such method"):
        actors.work(replace(request, workers=3))
    with pytest.raises(SDDBenchError, match="no worker is left"):
        actors.work(replace(request, workers=1))


@pytest.mark.parametrize(
    ("code", "kind"), [(2, InputError), (3, MissingError), (4, SDDBenchError), (130, SDDBenchError)]
)
def test_the_error_is_of_the_kind_that_the_worker_had(code: int, kind: type[SDDBenchError]) -> None:
    assert type(actors._error([End(error="so it is", exit_code=code)])) is kind


def test_without_any_worker_left_the_command_says_how_to_go_on() -> None:
    assert "no worker is left" in str(actors._error([]))


# --- with it ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def head() -> Iterator[tuple[str, int]]:
    """The address of a cluster with two places for actors, and the process that it ends with."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, env={**os.environ, **OPEN},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        yield process.stdout.readline().strip(), process.pid
        process.stdin.close()
        process.wait()


class Cluster:
    """The command line with a suite of twenty prompts, three blocks, on the cluster."""

    def __init__(self, folder: Path, address: str, pid: int) -> None:
        self.folder, self.address, self.pid = folder, address, pid
        rows = "".join(f"p{n:02},a red ball number {n}\n" for n in range(20))
        (folder / "many.csv").write_text(f"id,prompt\n{rows}")

    def start(self, results: str, *more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "sdd_bench", "run", "--method", "sd", "--suite", "many.csv",
             "--images-per-prompt", "1", "--steps", "4", "--device", "cpu", "--metric",
             "nude/miniature@0.7", "--results", results, *more],
            cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **OPEN, "RAY_ADDRESS": self.address},
        )  # fmt: skip

    def ends(self, process: subprocess.Popen[str]) -> str:
        """What a command that succeeds says."""
        _, said = process.communicate(timeout=600)
        assert process.returncode == 0, said
        return said

    def left(self, results: str) -> tuple[dict[str, str], pd.DataFrame]:
        """The hash of every picture, by its path, and the scores."""
        folder = self.folder / results
        pictures = {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*.png"))
        }
        (path,) = folder.rglob("scores.parquet")
        return pictures, pd.read_parquet(path)

    def actors(self) -> list[psutil.Process]:
        """The processes of actors that there are."""
        found = []
        for each in psutil.Process(self.pid).children(recursive=True):
            with suppress(psutil.Error):  # it has ended meanwhile
                if " ".join(each.cmdline()).startswith("ray::Actor"):
                    found.append(each)
        return found

    def at_work(self, results: str) -> bool:
        """Whether a worker has a block of pictures in hand."""
        return any((self.folder / results).rglob("images/.*.claim"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, head: tuple[str, int]) -> Cluster:
    """Beside it `alone`, the results of one process."""
    made = Cluster(tmp_path_factory.mktemp("cluster"), *head)
    made.ends(made.start("alone", "--workers", "1"))
    return made


def same(cluster: Cluster, results: str) -> None:
    pictures, scores = cluster.left(results)
    expected, judged = cluster.left("alone")
    assert len(expected) == 20
    assert pictures == expected
    pd.testing.assert_frame_equal(scores, judged)
    assert not list((cluster.folder / results).glob(".seen-*"))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@on_a_cluster
@pytest.mark.slow
def test_two_actors_make_what_one_process_makes(cluster: Cluster) -> None:
    said = cluster.ends(cluster.start("both", "--engine", "ray"))
    assert "Traceback" not in said
    same(cluster, "both")
    assert not list((cluster.folder / "both").rglob("*.claim"))


@on_a_cluster
@pytest.mark.slow
def test_what_a_killed_actor_left_the_other_does(cluster: Cluster) -> None:
    driver = cluster.start("killed", "--engine", "ray", "--workers", "2")
    wait_for(lambda: cluster.at_work("killed"))
    cluster.actors()[0].send_signal(signal.SIGKILL)
    said = cluster.ends(driver)
    assert "was lost (ActorDiedError): the others do its work" in said
    same(cluster, "killed")


@on_a_cluster
@pytest.mark.slow
def test_what_a_killed_driver_left_the_same_command_does(cluster: Cluster) -> None:
    driver = cluster.start("driver", "--engine", "ray")
    wait_for(lambda: cluster.at_work("driver"))
    driver.kill()
    driver.communicate()
    wait_for(lambda: not cluster.actors())
    for left in (cluster.folder / "driver").glob(".seen-*"):
        left.unlink()
    cluster.ends(cluster.start("driver", "--engine", "ray"))
    same(cluster, "driver")


@on_a_cluster
@pytest.mark.slow
def test_an_error_of_the_workers_is_that_of_the_command(cluster: Cluster) -> None:
    command = cluster.start("failed", "--engine", "ray", "--checkpoint", "none.safetensors")
    _, said = command.communicate(timeout=600)
    assert command.returncode == 2
    assert said.count("none.safetensors") == 1
