"""Bytes on a disk: replaced, added to, found, set aside, hashed."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from sdd_bench import files
from sdd_bench.errors import InputError, SDDBenchError


def test_sha256_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    assert files.sha256(path) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, b"old")
    files.write(path, b"new")
    assert files.read(path) == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_added_to_what_others_wrote(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("theirs\n")
    files.append(path, "é\n", "--summary")
    assert path.read_bytes() == b"theirs\n\xc3\xa9\n"
    with pytest.raises(InputError, match="Is a directory; give another folder with --summary"):
        files.append(tmp_path, "é", "--summary")


def test_the_remedy_is_that_of_whoever_knows_what_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match="give another folder with --out"),
        files.writing(tmp_path, "--out"),
    ):
        files.write(tmp_path / "file" / "x", b"")
    with pytest.raises(InputError, match="give another folder with --results"):
        files.write(tmp_path / "file" / "x", b"")


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SDDBenchError) as caught:
        files.read(tmp_path)
    assert str(caught.value) == f"cannot read {tmp_path}: Is a directory"


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_has_no_end_is_not_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "endless"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(SDDBenchError) as caught:
        files.read(path)
    assert str(caught.value) == f"cannot read {path}: it is a pipe or a device, not a file"


def test_files_are_found_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.csv", "below/a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in files.find(tmp_path, "*.txt")]
    assert names == ["a.txt", "b.txt"]
    assert len(files.find(tmp_path, "**/*.txt")) == 3
    assert files.find(tmp_path / "nowhere", "*") == []


def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SDDBenchError) as caught:
        files.find(tmp_path, "*")
    assert str(caught.value) == f"cannot read {tmp_path}: Permission denied"
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("fault", [errno.ENOTEMPTY, errno.EBUSY])
def test_what_no_second_try_cures_asks_for_another_place(tmp_path: Path, fault: int) -> None:
    # A folder that another process has filled meanwhile, and one that a disk is mounted at.
    with (
        pytest.raises(InputError, match="; give another folder with --out"),
        files.writing(tmp_path, "--out"),
    ):
        raise OSError(fault, os.strerror(fault))


# --- setting aside ------------------------------------------------------------------------------


def digits(path: Path) -> int:
    """A reader, for which everything but a number is damaged."""
    return int(path.read_text())


def test_a_second_damage_does_not_overwrite_the_first(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for number, name in enumerate(["file.damaged", "file.damaged-2", "file.damaged-3"]):
        path.write_text(f"damage {number}")
        assert files.set_aside(path, digits) == tmp_path / name
        assert not path.exists()
    assert [each.read_text() for each in sorted(tmp_path.iterdir())] == [
        "damage 0",
        "damage 1",
        "damage 2",
    ]


def test_what_another_process_has_written_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("7")
    assert files.set_aside(path, digits) is None
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    path.unlink()
    assert files.set_aside(path, digits) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("links", [True, False])
def test_two_at_once_set_the_same_damage_aside_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def no_links(source: object, target: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "file"
    for _ in range(20):
        path.write_text("damage")
        start = threading.Barrier(4)

        def work(start: threading.Barrier = start) -> None:
            start.wait()
            files.set_aside(path, digits)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert [each.read_text() for each in tmp_path.iterdir()] == ["damage"]
        for left in tmp_path.iterdir():
            left.unlink()


def test_a_file_system_without_links_does_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(source: object, target: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "file"
    path.write_text("damage")
    (tmp_path / "file.damaged").write_text("the first")
    assert files.set_aside(path, digits) == tmp_path / "file.damaged-2"
    assert (tmp_path / "file.damaged").read_text() == "the first"
    path.write_text("7")
    assert files.set_aside(path, digits) is None
    assert path.read_text() == "7"


def test_no_hash_is_taken_of_what_may_have_no_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(OSError, match="a pipe or a device"):
            files.sha256(path)


def test_through_a_link_its_target_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "there" / "page.html", tmp_path / "page.html"
    target.parent.mkdir()
    link.symlink_to(target)
    for data in (b"one", b"two"):  # the first time there is nothing at its end
        files.write(link, data)
        assert link.is_symlink()
        assert target.read_bytes() == data
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_a_device_or_a_pipe_is_never_replaced(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link, Path(os.devnull)):
        with pytest.raises(InputError, match="is a device or a pipe: give the name of a file"):
            files.write(path, b"x")
        with pytest.raises(InputError, match="is a device or a pipe: give the name of a file"):
            files.check_place(path, "--out")
    assert pipe.is_fifo()


def test_links_that_lead_nowhere_are_no_place(tmp_path: Path) -> None:
    circle, lost, behind = tmp_path / "circle", tmp_path / "lost", tmp_path / "behind"
    circle.symlink_to(circle)
    (tmp_path / "file").touch()
    lost.symlink_to(tmp_path / "file" / "page.html")
    behind.symlink_to(tmp_path / "new" / "page.html")
    for path, what in ((circle, "Too many levels"), (lost, "Not a directory")):
        with pytest.raises(InputError, match=f"cannot write {path}: {what}.*; give another folder"):
            files.check_place(path, "--out")
        with pytest.raises(InputError, match=f"{what}.*; give another folder"):
            files.write(path, b"x")
        assert path.is_symlink()
    files.check_place(behind, "--out")  # whoever writes makes folders


def test_what_a_killed_process_was_writing_is_known_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []
    monkeypatch.setattr(Path, "replace", lambda path, _: seen.append(path))
    files.write(tmp_path / "a.png", b"x")
    assert files.is_left_behind(seen[0])
    assert not files.is_left_behind(tmp_path / ".a.png.tmp")
