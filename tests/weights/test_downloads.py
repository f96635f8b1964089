"""Downloads: whole or not at all, and gone on with where they broke off."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

from sdd_bench.errors import MissingError
from sdd_bench.progress import BYTES
from sdd_bench.weights import downloads, fetcher, store
from support.web import RIGHT, WRONG, Web, left, sha, toy


def test_a_download_is_found_and_not_repeated(web: Web, folder: Path, toys: None) -> None:
    assert fetcher.fetch(toy()) == [f"plain/toy.bin: SHA-256 {sha(RIGHT)}"]
    assert store.find("plain").read_bytes() == RIGHT
    assert fetcher.fetch(toy()) == []
    assert web.asked == [("/toy.bin", None)]
    assert left(folder) == ["plain/toy.bin"]


def begun(folder: Path, content: bytes) -> Path:
    path = folder / fetcher.PARTIAL / "plain" / "toy.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_a_download_goes_on_where_it_broke_off(web: Web, folder: Path, toys: None) -> None:
    begun(folder, RIGHT[:700_000])
    fetcher.fetch(toy())
    assert web.asked == [("/toy.bin", "bytes=700000-")]
    assert store.find("plain").read_bytes() == RIGHT


def test_a_server_that_knows_no_ranges_begins_anew(web: Web, folder: Path, toys: None) -> None:
    web.ranges = False
    begun(folder, RIGHT[:700_000])
    fetcher.fetch(toy())
    assert store.find("plain").read_bytes() == RIGHT


def test_a_connection_that_breaks_is_taken_up_again(web: Web, toys: None) -> None:
    web.breaks_after = [300_000, 300_000]
    fetcher.fetch(toy())
    assert store.find("plain").read_bytes() == RIGHT
    assert [wanted for _, wanted in web.asked] == [None, "bytes=300000-", "bytes=600000-"]


def test_what_has_arrived_is_kept_when_nothing_more_comes(
    web: Web, folder: Path, toys: None
) -> None:
    web.breaks_after = [300_000, 0]
    with pytest.raises(MissingError, match=r"what has arrived is kept \(300,000 bytes\)"):
        fetcher.fetch(toy())
    assert left(folder) == [".partial/plain/toy.bin"]
    fetcher.fetch(toy())
    assert web.asked[-1] == ("/toy.bin", "bytes=300000-")
    assert store.find("plain").read_bytes() == RIGHT


def test_a_wrong_file_is_refused_with_both_hashes_and_kept_nowhere(
    web: Web, folder: Path, toys: None
) -> None:
    web.files["/toy.bin"] = WRONG
    with pytest.raises(MissingError, match=f"{sha(WRONG)} .* not {sha(RIGHT)}"):
        fetcher.fetch(toy())
    assert left(folder) == []


def test_no_more_is_taken_than_a_file_can_have(web: Web, tmp_path: Path) -> None:
    """A server that goes on and on is left as soon as the file can no longer be the right one."""
    web.files["/endless"] = bytes(50 << 20)
    with downloads.client() as client:
        downloads.download(f"{web.address}/endless", tmp_path / "file", client, 1000)
    assert 1000 < (tmp_path / "file").stat().st_size < 1 << 20


def test_rubbish_of_an_earlier_attempt_costs_one_more(web: Web, folder: Path, toys: None) -> None:
    begun(folder, b"?" * (len(RIGHT) + 5))
    with pytest.raises(MissingError, match="refused and deleted"):
        fetcher.fetch(toy())
    fetcher.fetch(toy())
    assert store.find("plain").read_bytes() == RIGHT


def test_a_damaged_file_is_replaced(folder: Path, toys: None) -> None:
    (folder / "plain").mkdir(parents=True)
    (folder / "plain" / "toy.bin").write_bytes(WRONG)
    fetcher.fetch(toy())
    assert store.find("plain").read_bytes() == RIGHT


def test_what_the_server_says_is_passed_on(web: Web, toys: None) -> None:
    web.files.clear()
    with pytest.raises(MissingError, match=r"answers 404 .* --from FOLDER"):
        fetcher.fetch(toy())


# --- the hub's client -------------------------------------------------------------------------


def test_what_the_hub_brings_is_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[Callable[[], int]] = []

    def progress(name: str, total: int | None, unit: str, *, done: Callable[[], int], stays: bool):  # type: ignore[no-untyped-def]  # noqa: ANN202
        assert (name, total, unit, stays) == ("unet", 20, BYTES, False)
        counts.append(done)
        return nullcontext()

    monkeypatch.setattr(downloads, "progress", progress)
    half = folder / "cache" / "abc.incomplete"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"12345")  # of an earlier attempt
    (folder / "other.bin").write_bytes(b"0123456789")
    with downloads.arriving("unet", folder, 20):
        (count,) = counts
        assert count() == 5
        half.write_bytes(b"12345678901234567")
        assert count() == 17
        half.rename(folder / "unet.bin")
        assert count() == 17


def test_the_hubs_client_is_silent_for_as_long() -> None:
    log = logging.getLogger("huggingface_hub")
    before = log.level
    assert not are_progress_bars_disabled()
    with downloads.arriving("unet", Path("nowhere")):
        assert are_progress_bars_disabled()
        assert log.level == logging.ERROR
    assert not are_progress_bars_disabled()
    assert log.level == before


def test_a_client_that_was_silent_stays_so() -> None:
    disable_progress_bars()
    try:
        with downloads.arriving("unet", Path("nowhere")):
            pass
        assert are_progress_bars_disabled()
    finally:
        enable_progress_bars()


def test_a_download_in_a_log_says_how_far_it_is(
    web: Web, toys: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sdd_bench.progress.log.INTERVAL", 0.0)
    fetcher.fetch(toy())
    line = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(r"toy\.bin: 1\.0/1\.0 MB, [\d.]+ .?B/s, in 0:00", line)
