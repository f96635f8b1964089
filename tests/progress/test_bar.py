"""What a bar says: count, speed, time left, on one line of any width."""

from __future__ import annotations

import threading

import pytest
from rich.cells import cell_len

from sdd_bench.progress.bar import BYTES, Bar, duration, shortened
from support.clock import Clock


def test_speed_and_time_left_are_those_of_the_whole_time(clock: Clock) -> None:
    bar = Bar("sd on body", 500, "images", 0)
    assert bar.line() == "sd on body: 0/500 images (0 %), 0:00 so far"
    clock.now += 50
    bar.advance(100)
    # 100 in 50 s are 2 a second, and the other 400 take 200 s.
    assert bar.line() == "sd on body: 100/500 images (20 %), 2.0 images/s, 3:20 left"
    clock.now += 60
    # The next batch is not there yet: no slower, but nearer to the end.
    assert bar.line() == "sd on body: 100/500 images (20 %), 2.0 images/s, 2:20 left"
    clock.now += 500
    assert bar.left() == "0:00 left"


def test_what_was_done_before_says_nothing_about_the_speed(clock: Clock) -> None:
    bar = Bar("training sdd", 1500, "iterations", 900)
    clock.now += 10
    bar.advance(20)
    # 20 in 10 s are 2 a second, and 580 are left.
    assert bar.line() == "training sdd: 920/1500 iterations (61 %), 2.0 iterations/s, 4:50 left"


@pytest.mark.parametrize(
    ("seconds", "rate"),
    [(10.0, "10.0 images/s"), (100.0, "1.0 images/s"), (2000.0, "3.0 images/min"),
     (18_000.0, "20.0 images/h")],
)  # fmt: skip
def test_slow_work_is_told_by_the_minute_or_hour(clock: Clock, seconds: float, rate: str) -> None:
    bar = Bar("sd", 200, "images", 0)
    clock.now += seconds
    bar.advance(100)
    assert bar.rate() == rate


def test_the_end_says_how_long_it_took(clock: Clock) -> None:
    bar = Bar("sd", 2, "images", 0)
    clock.now += 3723
    bar.advance(2)
    bar.end()
    clock.now += 99
    # An hour, two minutes and three seconds; 2 / 3723 * 3600 = 1.93.
    assert bar.line() == "sd: 2/2 images, 1.9 images/h, in 1:02:03"


def test_an_early_end_says_so(clock: Clock) -> None:
    bar = Bar("sd", 20, "images", 0)
    clock.now += 5
    bar.advance(10)
    clock.now += 60
    bar.end()
    assert bar.line() == "sd: 10/20 images, 2.0 images/s, stopped after 1:05"


def test_bytes_are_told_in_bigger_units(clock: Clock) -> None:
    bar = Bar("unet.safetensors", 4_000_000_000, BYTES, 1_000_000_000)
    clock.now += 10
    bar.advance(200_000_000)
    # 20 MB a second, and 2.8 GB are left: 140 s.
    assert bar.line() == "unet.safetensors: 1.2/4.0 GB (30 %), 20.0 MB/s, 2:20 left"


def test_of_an_unknown_number_only_the_count_is_told(clock: Clock) -> None:
    bar = Bar("list.html", None, BYTES, 0)
    clock.now += 2
    bar.advance(4096)
    assert bar.line() == "list.html: 4.1 kB, 2.0 kB/s, 0:02 so far"


def test_what_cannot_be_counted_has_a_time(clock: Clock) -> None:
    bar = Bar("loading sd-v1-4", None, "", 0)
    clock.now += 61
    assert bar.line() == "loading sd-v1-4: 1:01 so far"
    assert bar.fitted(80) == ("loading sd-v1-4", 0, "1:01 so far")


def test_work_that_tells_nobody_is_counted_by_a_function(clock: Clock) -> None:
    arrived = [500_000]
    bar = Bar("model", 2_000_000, BYTES, lambda: arrived[0])
    clock.now += 5
    arrived[0] = 1_000_000
    # Half a megabyte in 5 s; the other megabyte takes twice as long.
    assert bar.line() == "model: 1.0/2.0 MB (50 %), 100.0 kB/s, 0:10 left"
    clock.now += 5
    assert bar.rate() == "50.0 kB/s"
    with pytest.raises(AssertionError, match="what counts itself is told nothing"):
        bar.advance(1)


def test_nothing_to_do_is_done(clock: Clock) -> None:
    bar = Bar("importing", 0, "images", 0)
    assert bar.share == 1.0
    bar.end()
    assert bar.line() == "importing: 0/0 images, in 0:00"


def test_threads_may_count_together() -> None:
    bar = Bar("sd", 40_000, "images", 0)

    def count() -> None:
        for _ in range(10_000):
            bar.advance(1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bar.done == 40_000


# --- one line -----------------------------------------------------------------------------------

LONG = "sd + sd-neg + sld-weak + sld-medium + sld-max + sega on country_body"


@pytest.mark.parametrize("description", ["sd on body", LONG, "画像" * 40, ""])
def test_a_line_never_has_more_than_its_width(clock: Clock, description: str) -> None:
    bar = Bar(description, 30_000, "images", 0)
    clock.now += 100
    bar.advance(1200)
    for width in range(1, 201):
        named, cells, facts = bar.fitted(width)
        parts = [part for part in (named, "=" * cells, facts) if part]
        assert cell_len(" ".join(parts)) <= width
        assert " 1200/30000 12.0 images/s 40:00 left"[:width] == facts


@pytest.mark.parametrize(
    ("width", "line"),
    [
        # 12 images a second; 28,800 are left: 40 minutes. That takes 36 cells, the description 68.
        (60, ("sd + sd-neg…ountry_body", 0)),
        (79, ("sd + sd-neg + s…on country_body", 10)),
        (120, (LONG, 14)),
        (200, (LONG, 40)),
    ],
)
def test_the_description_shrinks_and_then_the_bar_goes(
    clock: Clock, width: int, line: tuple[str, int]
) -> None:
    bar = Bar(LONG, 30_000, "images", 0)
    clock.now += 100
    bar.advance(1200)
    assert bar.fitted(width) == (*line, " 1200/30000 12.0 images/s 40:00 left")


def test_the_count_keeps_its_width(clock: Clock) -> None:
    bar = Bar("sd", 500, "images", 0)
    assert bar.count() == "  0/500"
    bar.advance(42)
    assert bar.count() == " 42/500"


def test_the_middle_of_a_text_is_left_out() -> None:
    assert shortened("sd on body", 10) == "sd on body"
    assert shortened("sd on body", 9) == "sd o…body"
    assert shortened("sd on body", 3) == "s…y"
    assert shortened("sd on body", 1) == shortened("sd on body", -5) == ""
    assert cell_len(shortened("画像画像画像", 7)) == 7


def test_durations_are_those_of_a_clock() -> None:
    spans = (0.9, 59.0, 60.0, 3599.0, 3600.0, 90_061.0)
    assert list(map(duration, spans)) == ["0:00", "0:59", "1:00", "59:59", "1:00:00", "25:01:01"]
