"""Workers on the machines of a Ray cluster, which share a request as those of one machine do.

An actor starts a worker beside itself, hands on what it says, and ends it when it is ended itself.
The one who starts the actors computes nothing, so its machine needs no GPU. All of them have to see
one results folder.
"""

from __future__ import annotations

import importlib
import math
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import Any

from sdd_bench import files
from sdd_bench.errors import IncompleteError, InputError, MissingError, SDDBenchError
from sdd_bench.runs.run import Run

from . import workers
from .request import Request
from .workers import GRACE, End, Heard, Order, Word


class Actor:
    """A worker on some machine of the cluster."""

    def __init__(self) -> None:
        self._running = ExitStack()

    def work(self, order: Order, count: int, seen: Path) -> Iterator[Word]:
        """What the worker says, until it has ended.

        None is started where `seen`, a file beside the runs, isn't seen: they would be lost.
        """
        for path in (order.folder, seen):
            if not path.exists():
                yield Word(
                    said=f"{socket.gethostname()} doesn't see {path}, so it does nothing: all "
                    "machines of the cluster have to see one results folder at one path"
                )
                return
        heard: SimpleQueue[Heard] = SimpleQueue()
        with self._running:
            self._running.enter_context(workers.worker(order, count, heard))
            while (word := heard.get()[1]) is not None:
                yield word

    def stop(self) -> None:
        """End the worker, with all that it has done kept."""
        self._running.close()


def work(request: Request) -> list[Run]:
    """The runs of a request, made and scored by actors as far as they are missing.

    Raises what a worker failed with if none did all of it, and MissingError without a cluster.
    """
    failed: list[End] = []
    heard: SimpleQueue[Heard] = SimpleQueue()
    with _cluster() as ray, _seen_by_all(request.results) as seen:
        there = ray.cluster_resources()
        gpus = 0 if request.device == "cpu" else int(there.get("GPU", 0))
        count = request.workers or gpus or max(1, int(there.get("CPU", 0)))
        share = gpus_of_each(request.device, count, gpus)
        kind = ray.remote(num_cpus=1, num_gpus=share, max_concurrency=2)(Actor)
        with _crew(ray, kind, workers.orders(request, count), seen, heard):
            for end in workers.ends(heard, count):
                if not end.error:  # whoever is left has nothing to do, or was never started
                    return _opened(end)
                failed.append(end)
    raise _error(failed)


@contextmanager
def _cluster() -> Iterator[ModuleType]:
    """Within it, Ray is connected: to the cluster that RAY_ADDRESS names or that this machine is
    part of, or else to one of this machine alone. Raises MissingError.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere unasked
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        raise MissingError(
            f"the engine ray needs the package ray ({error}): pip install 'sdd-bench[ray]'"
        ) from error
    if ray.is_initialized():
        yield ray
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(logging_level="WARNING")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise MissingError(
            f"no Ray cluster answers at {os.environ.get('RAY_ADDRESS', 'this machine')}: {error}"
        ) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray has one of its own
    try:
        yield ray
    finally:
        ray.shutdown()


@contextmanager
def _seen_by_all(results: Path) -> Iterator[Path]:
    """A file in the results folder by which others know that theirs is the same."""
    with files.writing(results):
        results.mkdir(parents=True, exist_ok=True)
        mark = tempfile.NamedTemporaryFile(dir=results.absolute(), prefix=".seen-")  # noqa: SIM115
    with mark:
        yield Path(mark.name)


@contextmanager
def _crew(
    ray: ModuleType, kind: Any, orders: list[Order], seen: Path, heard: SimpleQueue[Heard]
) -> Iterator[None]:
    """Actors of a kind at work, whose words are heard; they end when this does."""
    crew, listeners = [], []
    try:
        for order in orders:
            actor = kind.remote()
            crew.append((actor, actor.__ray_ready__.remote()))
            words = actor.work.options(num_returns="streaming").remote(order, len(orders), seen)
            listener = threading.Thread(target=_listen, args=(ray, words, order.place, heard))
            listener.start()
            listeners.append(listener)
        yield
    finally:
        _end(ray, crew, listeners)


def _end(ray: ModuleType, crew: list[tuple[Any, Any]], listeners: list[threading.Thread]) -> None:
    """Have all of them end, and be gone; those that found no place yet cannot be asked to."""
    told = [actor.stop.remote() for actor, ready in crew if ray.wait([ready], timeout=0)[0]]
    if told:
        ray.wait(told, num_returns=len(told), timeout=GRACE)
    for actor, _ in crew:
        ray.kill(actor)
    for listener in listeners:
        listener.join()


def _listen(ray: ModuleType, words: Any, place: int, heard: SimpleQueue[Heard]) -> None:
    try:
        for word in words:
            heard.put((place, ray.get(word)))
    except ray.exceptions.RayError as error:
        heard.put((place, workers.lost(place, f"was lost ({type(error).__name__})")))
    heard.put((place, None))


def gpus_of_each(device: str, count: int, there: int) -> float:
    """How many of the GPUs that are `there` each of so many workers gets: one, or where there are
    fewer GPUs than workers an equal part of one.
    """
    if device == "cpu" or (device == "auto" and not there):
        return 0
    sharing = math.ceil(count / there) if there else 1
    return math.floor(10_000 / sharing) / 10_000  # Ray counts in ten thousandths


def _opened(end: End) -> list[Run]:
    return [Run.open(folder) for folder in end.runs]


def _error(failed: list[End]) -> SDDBenchError:
    """The error of the worker that came furthest."""
    if not failed:
        return SDDBenchError(
            "no worker is left; what is done is kept, and the same command goes on"
        )
    end = max(failed, key=lambda each: len(each.runs))
    if end.runs:
        incomplete = IncompleteError(end.error, end.exit_code)
        incomplete.result = _opened(end)
        return incomplete
    kinds = {each.exit_code: each for each in (InputError, MissingError)}
    return kinds.get(end.exit_code, SDDBenchError)(end.error)
