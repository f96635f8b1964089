"""Claims on work: one has it, others wait, and what a crash leaves behind is in nobody's way."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from sdd_bench.runs import claims, processes
from sdd_bench.runs.claims import held, others_in, take
from support import late
from support.clock import Clock
from support.counting import count

HOLD = """
import sys, time
from pathlib import Path
from sdd_bench.runs.claims import take
assert take(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


def holder_of(path: Path) -> subprocess.Popen[str]:
    """Another process that holds the claim on a path."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    process.send_signal(number)
    process.communicate()


def entered(path: Path) -> Path:
    """The file of the one who holds the claim on a path."""
    (file,) = (path.parent / f".{path.name}.claim").iterdir()
    return file


def foreign(path: Path) -> Path:
    """The file of a holder on another machine, of whose process nobody here knows."""
    assert take(path)
    file = entered(path)
    claims._HEART.held.clear()
    return file.rename(file.with_name("0badcafe-1-2-3"))


# --- one has it -------------------------------------------------------------------------------


def test_one_has_it_until_it_is_released(tmp_path: Path) -> None:
    claim = take(tmp_path / "work")
    assert claim is not None
    assert take(tmp_path / "work") is None
    assert take(tmp_path / "other") is not None
    claim.release()
    again = take(tmp_path / "work")
    assert again is not None
    again.release()
    assert not list(tmp_path.glob(".work*"))


def test_three_processes_that_count_miss_no_number(tmp_path: Path) -> None:
    path = tmp_path / "number"
    path.write_text("0")
    context = multiprocessing.get_context("spawn")
    counting = [context.Process(target=count, args=(path, 20)) for _ in range(3)]
    for process in counting:
        process.start()
    for process in counting:
        process.join()
    assert path.read_text() == "60"


def test_the_folder_of_what_is_claimed_may_have_to_be_made(tmp_path: Path) -> None:
    with held(tmp_path / "new" / "folder" / "work", "work"):
        assert take(tmp_path / "new" / "folder" / "work") is None


def test_an_exception_releases_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), held(tmp_path / "work", "work"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nobody_has_to_be_kept_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    with held(tmp_path / "work", "work") as claim:
        assert claim.renew()


# --- others wait, and say for whom ------------------------------------------------------------


def test_who_waits_says_for_whom(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "PATIENCE", 0.05)
    process = holder_of(tmp_path / "work")
    threading.Timer(0.5, end, (process,)).start()
    with caplog.at_level(logging.INFO, "sdd_bench"), held(tmp_path / "work", "sd on toy"):
        pass
    assert f"sd on toy: another process is at work (process {process.pid} on " in caplog.text


def test_a_short_wait_is_no_news(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    claim = take(tmp_path / "work")
    assert claim is not None
    threading.Timer(0.2, claim.release).start()
    with caplog.at_level(logging.INFO, "sdd_bench"), held(tmp_path / "work", "work"):
        pass
    assert caplog.text == ""


# --- the dead ---------------------------------------------------------------------------------


def test_what_a_killed_process_held_is_free_at_once(tmp_path: Path) -> None:
    process = holder_of(tmp_path / "work")
    assert take(tmp_path / "work") is None
    end(process)
    assert take(tmp_path / "work") is not None


def test_a_process_that_nobody_has_waited_for_yet_is_dead_too(tmp_path: Path) -> None:
    process = holder_of(tmp_path / "work")
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert take(tmp_path / "work") is not None
    process.communicate()


def test_another_process_of_the_same_number_is_not_the_holder(tmp_path: Path) -> None:
    process = holder_of(tmp_path / "work")
    file = entered(tmp_path / "work")
    machine, pid, started, rest = file.name.split("-")
    file.rename(file.with_name(f"{machine}-{pid}-{int(started) - 1}-{rest}"))
    assert take(tmp_path / "work") is not None
    end(process)


def test_a_holder_on_another_machine_is_dead_when_it_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(claims, "clock", clock)
    file = foreign(tmp_path / "work")
    assert take(tmp_path / "work") is None
    clock.now += claims.LEASE - 1
    file.write_text("another sign of life")
    assert take(tmp_path / "work") is None
    clock.now += claims.LEASE - 1
    assert take(tmp_path / "work") is None
    clock.now += 1
    assert take(tmp_path / "work") is not None


def test_the_time_of_day_says_nothing_about_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = foreign(tmp_path / "work")
    assert take(tmp_path / "work") is None
    os.utime(file, (0, 0))
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert take(tmp_path / "work") is None


def test_who_was_taken_for_dead_finds_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = take(tmp_path / "work")
    assert first is not None
    assert first.renew()
    claims._HEART.held.clear()
    second = take(tmp_path / "work")
    assert second is not None
    assert not first.renew()
    first.release()
    assert second.renew()
    assert take(tmp_path / "work") is None


def test_a_claim_that_nobody_entered_is_left_alone_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(claims, "clock", clock)
    (tmp_path / ".work.claim").mkdir()
    assert take(tmp_path / "work") is None
    clock.now += claims.EMPTY
    assert take(tmp_path / "work") is not None


def test_what_the_dead_have_left_is_removed_by_who_looks_for_others(tmp_path: Path) -> None:
    process = holder_of(tmp_path / "living")
    end(holder_of(tmp_path / "dead"))
    (tmp_path / "image.png").touch()
    assert others_in(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".living.claim", "image.png"}
    end(process)
    assert not others_in(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["image.png"]


def test_a_long_holder_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BEAT", 0.02)
    monkeypatch.setattr(claims, "_HEART", claims._Heart())
    seen = set()
    with held(tmp_path / "work", "work"):
        for _ in range(20):
            seen.add(entered(tmp_path / "work").read_bytes())
            time.sleep(0.02)
    assert len(seen) > 3


# --- a file system that shows changes late ----------------------------------------------------


class _Machines:
    """Machines that make units of work in one folder, and know of each other by the folder only."""

    def __init__(self, folder: Path) -> None:
        self.units = [late.LatePath(folder / f"unit-{number:02}") for number in range(24)]
        self.made: Counter[str] = Counter()

    def work(self, name: str, dies_at: int) -> None:
        late.be(name)
        own = 0
        while missing := [unit for unit in self.units if not unit.exists()]:
            for unit in missing:
                claim = take(unit)
                if claim is None:
                    continue
                if not unit.exists():
                    time.sleep(0.02)
                    if own == dies_at:
                        claims._HEART.drop(claim)
                        return
                    self.made[unit.name] += 1
                    Path(unit).touch()
                    own += 1
                claim.release()
            time.sleep(0.01)

    def run(self, *dying: int) -> None:
        threads = [
            threading.Thread(target=self.work, args=(f"host{number}", dies_at))
            for number, dies_at in enumerate([*dying, -1, -1, -1])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Machines:
    """Several machines with one folder; each knows its own processes only."""
    monkeypatch.setattr(processes, "machine", late.machine)
    monkeypatch.setattr(claims, "_SEEN", late.Own())
    monkeypatch.setattr(claims, "_HEART", claims._Heart())
    monkeypatch.setattr(claims, "BEAT", 0.05)
    monkeypatch.setattr(claims, "LEASE", 3 * late.LAG)
    return _Machines(tmp_path)


def test_nothing_is_made_twice_though_others_work_is_seen_late(machines: _Machines) -> None:
    machines.run()
    assert machines.made == Counter(unit.name for unit in machines.units)


def test_what_a_dead_machine_was_at_is_made_by_another(machines: _Machines) -> None:
    machines.run(2, 3)
    assert machines.made == Counter(unit.name for unit in machines.units)


def test_without_claims_the_late_view_would_have_work_done_twice(
    machines: _Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "take", lambda path: claims.Claim(path, "", ""))
    machines.run()
    assert max(machines.made.values()) > 1
