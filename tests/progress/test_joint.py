"""One bar of several processes."""

from __future__ import annotations

from sdd_bench import progress
from sdd_bench.progress.bar import Bar
from sdd_bench.progress.joint import Count, Joint


def shown(*told: tuple[int, Count | None]) -> list[str]:
    """What bars say of these counts, each of a process by its place; None: it has ended."""
    lines: dict[str, str] = {}

    def listener(bar: Bar) -> None:
        state = "over" if bar.ended is not None else "on"
        lines[bar.description] = f"{bar.description} {bar.done}/{bar.total} {state}"

    with progress.told(listener), Joint().shown() as joint:
        for place, count in told:
            if count is None:
                joint.ended(place)
            else:
                joint.told(place, count)
        return list(lines.values())


def images(done: int, total: int = 10, what: str = "sd", *, over: bool = False) -> Count:
    return Count(what, "images", total, done, over)


def test_what_each_has_done_is_added_up() -> None:
    assert shown((0, images(3)), (1, images(4)), (0, images(5))) == ["sd 9/10 on"]


def test_who_begins_later_finds_less_to_do() -> None:
    assert shown((0, images(4)), (1, images(2, total=6))) == ["sd 6/10 on"]


def test_a_piece_of_work_is_over_when_nobody_is_at_it() -> None:
    done = ((0, images(6, over=True)), (1, images(3)), (1, images(4, over=True)))
    assert shown(*done) == ["sd 10/10 over"]
    assert shown((0, images(6, over=True)), (1, images(3)), (1, None)) == ["sd 9/10 over"]


def test_the_next_bar_begins_where_its_work_is() -> None:
    lines = shown(
        (0, images(5, over=False)),
        (1, images(2, what="scoring")),
        (0, images(10, over=True)),
        (1, images(4, what="scoring")),
    )
    assert lines == ["sd 10/10 over", "scoring 4/10 on"]


def test_what_cannot_be_counted_is_not_shown() -> None:
    assert shown((0, Count("loading", "", None, 0, over=False))) == []
    assert shown((0, Count("a download", "bytes", 100, 3, over=False))) == []


def test_what_was_done_while_another_bar_was_shown_is_no_speed() -> None:
    bars: dict[str, Bar] = {}

    def listener(bar: Bar) -> None:
        bars[bar.description] = bar

    with progress.told(listener), Joint().shown() as joint:
        joint.told(0, images(5, what="training"))
        joint.told(1, images(8, what="sd"))
        joint.told(0, images(10, what="training", over=True))
        joint.told(1, images(9, what="sd"))
        assert (bars["sd"].before, bars["sd"].done) == (8, 9)
