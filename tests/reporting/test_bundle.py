"""A page with its pictures in full size beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sdd_bench as sb
from sdd_bench.reporting import bundle
from sdd_bench.runs import claims
from support.reporting import plain, read


def bundled(results: Path, **options: object) -> Path:
    return sb.report(results=results, bundle=results.parent / "bundle", **options)  # type: ignore[arg-type]


def test_every_picture_lies_beside_the_page(results: Path) -> None:
    path = bundled(results)
    assert path == results.parent / "bundle" / "index.html"
    report = read(path).report
    assert report["options"]["images"] == "files"
    for run in report["runs"]:
        shift = 10 if run["method"] == "sd-neg" else 0
        for row, name in enumerate(run["files"]):
            with Image.open(path.parent / name) as image:
                np.testing.assert_array_equal(np.asarray(image), plain(row + shift))
    pictures = {each for each in path.parent.rglob("*") if each.is_file()} - {path}
    assert len(pictures) == 8


def test_names_of_files_are_harmless_in_an_address(results: Path) -> None:
    for run in read(bundled(results)).report["runs"]:
        assert all(
            set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_./") for name in run["files"]
        )


def test_the_same_bundle_may_be_written_again(results: Path) -> None:
    first = bundled(results)
    assert bundled(results) == first


def test_a_folder_with_other_files_is_refused(results: Path) -> None:
    bundled(results)
    with pytest.raises(sb.InputError, match=r"holds pictures/.*, which is no part of this report"):
        bundled(results, runs="sd-neg")
    assert read(results.parent / "bundle" / "index.html").report["runs"][1:]


def test_a_mask_is_part_of_the_files(results: Path) -> None:
    path = bundled(results)
    bundled(results, mask="boxes")  # what was shown is covered where it lay
    files = list(path.parent.rglob("*.png"))
    assert len(files) == 8
    for each in files:
        with Image.open(each) as image:
            assert not np.asarray(image).any()
            assert not image.info  # nothing in it tells of what was covered


def test_a_picture_that_is_not_there_has_no_file(results: Path) -> None:
    images = next((results / "runs").rglob("images"))
    first, second, *_ = sorted(images.iterdir())
    first.unlink()
    second.write_bytes(b"\x89PNG")
    report = read(bundled(results)).report
    assert sorted(run["files"].count("") for run in report["runs"]) == [0, 2]


def test_a_bundle_takes_no_place_of_its_own_for_the_page(results: Path) -> None:
    with pytest.raises(sb.InputError, match="give out or bundle, not both"):
        bundled(results, out=results.parent / "page.html")
    with pytest.raises(sb.InputError, match="a bundle is a page with its pictures"):
        bundled(results, images=False)


def test_what_the_new_page_does_not_show_is_gone(results: Path) -> None:
    path = bundled(results)
    picture = min(results.rglob("images/*.png"))
    picture.write_bytes(b"x")
    left = path.parent / "pictures" / f".{picture.name}.{'0' * 32}.tmp"  # of one that was killed
    left.write_bytes(b"y")
    report = read(bundled(results, mask="boxes")).report
    shown = [name for run in report["runs"] for name in run["files"] if name]
    assert len(shown) == 7
    assert not left.exists()
    assert {each.relative_to(path.parent).as_posix() for each in path.parent.rglob("*.png")} == {
        *shown
    }


def test_where_a_link_leads_is_no_part_of_a_bundle(results: Path) -> None:
    elsewhere = results.parent / "elsewhere"
    elsewhere.mkdir()
    folder = results.parent / "bundle"
    folder.mkdir()
    (folder / "pictures").symlink_to(elsewhere)
    with pytest.raises(sb.InputError, match="holds pictures, which is no part of this report"):
        bundled(results)
    assert [*elsewhere.iterdir()] == []


def test_one_at_a_time_writes_a_bundle(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, write = results.parent / "bundle", bundle.write
    others: list[claims.Claim | None] = []

    def writing(*given: Any) -> None:
        others.append(claims.take(folder))
        write(*given)

    monkeypatch.setattr(bundle, "write", writing)
    bundled(results)
    assert others == [None]
    free = claims.take(folder)
    assert free is not None
    free.release()
