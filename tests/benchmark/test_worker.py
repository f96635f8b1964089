"""One of the processes that share a request."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sdd_bench.benchmark import worker
from sdd_bench.benchmark.request import Request
from sdd_bench.benchmark.workers import Order, Word
from sdd_bench.progress.bar import Bar
from sdd_bench.runs import claims

ORDER = Order(request=Request(methods=("sd",), suites=("country_body",)), place=5, folder=Path())


@pytest.mark.parametrize(
    ("there", "asked", "own"),
    [(4, "auto", "cuda:1"), (4, "cuda", "cuda:1"), (4, "cuda:3", "cuda:3"), (4, "cpu", "cpu"),
     (1, "auto", "auto"), (0, "auto", "auto")],
)  # fmt: skip
def test_each_has_a_gpu_of_its_own(
    monkeypatch: pytest.MonkeyPatch, there: int, asked: str, own: str
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    order = replace(ORDER, request=replace(ORDER.request, device=asked))
    assert worker._device(order) == own


def test_what_was_done_before_it_began_is_not_its_work() -> None:
    bar = Bar("training sdd", 100, "iterations", 40)
    bar.advance(7)
    count = worker._count(bar)
    assert (count.what, count.total, count.done, count.over) == ("training sdd", 100, 7, False)


def test_warnings_are_words_and_waiting_for_each_other_is_none() -> None:
    told = io.StringIO()
    root, waiting = logging.getLogger(), logging.getLogger(claims.__name__)
    before = root.handlers[:], root.level, waiting.level
    try:
        worker._log_to(told)
        logging.getLogger("sdd_bench.runs").warning("%s is damaged", "a file")
        waiting.info("sd: another process is at work")
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        waiting.setLevel(before[2])
    (line,) = told.getvalue().splitlines()
    assert Word(**json.loads(line)) == Word(said="a file is damaged", level=logging.WARNING)
