"""The pictures of a run: found, missing, damaged, and somebody else's."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from sdd_bench.runs.album import Album
from sdd_bench.runs.images import Known
from support.runs import PIXELS, sample


def nothing() -> Mapping[str, Known]:
    """What is known of pictures by scores: none has any."""
    return {}


@pytest.fixture
def album(tmp_path: Path) -> Album:
    """The album of a run without pictures."""
    (tmp_path / "images").mkdir()
    return Album(tmp_path, "0123456789")


def test_pictures_have_the_names_of_their_images(album: Album, tmp_path: Path) -> None:
    first = sample(k=0)
    assert album.names() == set()
    album.save(first, PIXELS, "aa")
    assert album.path(first) == tmp_path / "images" / f"{first.stem}.png"
    assert album.names() == {first.stem}


def test_a_look_finds_what_was_saved_and_says_what_is_missing(album: Album) -> None:
    samples = [sample(k=k) for k in range(3)]
    for each in samples[:2]:
        album.save(each, PIXELS, "aa")
    look = album.look(samples, nothing)
    assert look.missing == samples[2:]
    assert set(look.pixels) == {each.stem for each in samples[:2]}
    assert set(look.states) == set(look.pixels)


def test_a_picture_of_another_run_or_image_is_missing(
    album: Album, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = sample(k=0), sample(k=1)
    replace(album, digest="9876543210").save(first, PIXELS, "aa")
    album.path(second).write_bytes(album.path(first).read_bytes())
    with caplog.at_level(logging.WARNING):
        assert album.look([first, second], nothing).missing == [first, second]
    assert caplog.text.count("is not the picture of this run and prompt") == 2


def test_a_damaged_picture_is_missing(album: Album) -> None:
    first = sample(k=0)
    album.save(first, PIXELS, "aa")
    whole = album.path(first).read_bytes()
    album.path(first).write_bytes(whole[: len(whole) // 2])
    assert album.look([first], nothing).missing == [first]


def test_only_an_import_has_pictures_without_a_mark(album: Album) -> None:
    first = sample(k=0)
    Image.fromarray(PIXELS).save(album.path(first))
    assert replace(album, imported=True).look([first], nothing).missing == []
    assert album.look([first], nothing).missing == [first]
