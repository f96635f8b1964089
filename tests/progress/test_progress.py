"""Bars, and who hears of them."""

from __future__ import annotations

from sdd_bench.progress import heard, progress


def test_who_listens_hears_of_each_move_and_of_the_end() -> None:
    said: list[tuple[str, int, bool]] = []
    with progress("before", 1):
        pass
    with (
        heard(lambda bar: said.append((bar.description, bar.done, bar.ended is not None))),
        progress("sd", 3) as advance,
    ):
        advance(1)
        advance(2)
    with progress("after", 1):
        pass
    assert said == [("sd", 1, False), ("sd", 3, False), ("sd", 3, True)]
