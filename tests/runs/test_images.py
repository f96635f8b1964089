"""A run's images: which files are whole, and which are of another prompt."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from sdd_bench.errors import SDDBenchError
from sdd_bench.runs import changes
from sdd_bench.runs.faults import faults_of
from sdd_bench.runs.run import Run
from sdd_bench.types import Pixels
from support.images import claiming
from support.runs import PIXELS, SLD_WEAK, sample, score_rows


def test_an_image_is_written_whole_and_always_the_same(run: Run, tmp_path: Path) -> None:
    run.save_image(sample(), PIXELS)
    path = run.image_path(sample())
    assert path == run.folder / "images" / "japan_0000.png"
    np.testing.assert_array_equal(np.asarray(Image.open(path)), PIXELS)
    other = Run.create(tmp_path / "other", SLD_WEAK)
    other.save_image(sample(), PIXELS)
    assert other.image_path(sample()).read_bytes() == path.read_bytes()
    assert [file.name for file in path.parent.iterdir()] == ["japan_0000.png"]


@pytest.mark.parametrize("pixels", [PIXELS.astype(np.float32), PIXELS[..., 0], PIXELS[..., :2]])
def test_only_uint8_rgb_is_an_image(run: Run, pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"an image is uint8 \(height, width, 3\), not "):
        run.save_image(sample(), pixels)


def test_only_what_is_missing_is_missing(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    samples = [sample(k=k) for k in range(4)]
    for each in samples[:3]:
        run.save_image(each, PIXELS)
    assert run.missing(samples) == samples[3:]
    assert not caplog.records


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-20],
        lambda data: data[:2000],
        flipped,
        lambda _: b"",
        lambda _: b"GIF89a",
        lambda _: claiming(100_000),
    ],
)
def test_a_damaged_image_is_missing_with_a_warning(
    run: Run, caplog: pytest.LogCaptureFixture, damage: object
) -> None:
    samples = [sample(k=k) for k in range(2)]
    for each in samples:
        run.save_image(each, PIXELS)
    path = run.image_path(samples[1])
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with caplog.at_level(logging.WARNING):
        assert run.missing(samples) == samples[1:]
    assert f"{path} is damaged (" in caplog.text
    assert path.exists()


def test_a_picture_too_big_for_a_memory_cannot_be_read(run: Run) -> None:
    run.image_path(sample()).write_bytes(claiming(100_000))
    with pytest.raises(SDDBenchError, match=r"^cannot read .*\(Image size \(10000000000 pixels\)"):
        run.load_image(sample())


def test_what_claims_no_more_than_it_is_would_be_read(run: Run) -> None:
    Image.fromarray(np.zeros((4, 4, 3), dtype=np.uint8)).save(run.image_path(sample()))
    assert run.load_image(sample())[0].shape == (4, 4, 3)


def test_a_picture_of_another_prompt_seed_or_run_is_missing(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run.save_image(sample(), PIXELS)
    edited = [sample(text="Japan, body"), replace(sample(), seed=8)]
    assert run.missing(edited) == edited
    other = Run.create(tmp_path / "other", replace(SLD_WEAK, method="sd"))
    other.image_path(sample()).write_bytes(run.image_path(sample()).read_bytes())
    assert other.missing([sample()]) == [sample()]
    assert (
        caplog.text.count("is not the picture of this run and prompt and will be made again") == 3
    )
    assert run.missing([sample()]) == []


def saved_by_others(path: Path, picture: Pixels, **texts: str) -> None:
    """A picture as other tools save it, with these texts in its file."""
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    Image.fromarray(picture).save(path, pnginfo=info)


def marks(path: Path) -> dict[str, str]:
    with Image.open(path) as image:
        return {str(key): text for key, text in image.info.items() if isinstance(text, str)}


def test_a_picture_without_marks_is_not_a_generated_runs(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved_by_others(run.image_path(sample()), PIXELS)
    assert run.missing([sample()]) == [sample()]
    assert f"{run.image_path(sample())} is not the picture of this run" in caplog.text
    spec = replace(SLD_WEAK, parameters={"imported": "f" * 64})
    imported = Run.create(tmp_path / "imported", spec)
    saved_by_others(imported.image_path(sample()), PIXELS)
    assert imported.missing([sample()]) == []


def test_pixels_that_were_changed_below_their_marks_are_noticed(run: Run) -> None:
    path = run.image_path(sample())
    run.save_image(sample(), PIXELS, "aa")
    saved_by_others(path, 255 - PIXELS, **marks(path))
    assert run.missing([sample()]) == [sample()]
    with pytest.raises(SDDBenchError, match="its pixels are not those that were written"):
        run.load_image(sample())


def scored(run: Run, noise: str, pixels: Pixels) -> None:
    """Scores of the one image, of these pixels."""
    run.write_scores(
        score_rows("sld-weak", [sample()], noise_hash=noise, image_hash=hash_of(pixels))
    )


def hash_of(pixels: Pixels) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("noise", "pixels", "valid"),
    [
        (None, PIXELS, True),
        ("aa", PIXELS, True),
        ("bb", PIXELS, False),
        ("aa", 255 - PIXELS, False),
    ],
)
def test_a_picture_of_before_counts_where_sample_noise_and_pixels_fit(
    run: Run, noise: str | None, pixels: Pixels, valid: bool
) -> None:
    path = run.image_path(sample())
    former = hashlib.sha256(b'["Japan body", 7]').hexdigest()[:16]
    saved_by_others(path, PIXELS, sdd_bench=former, noise="aa")
    before = path.read_bytes()
    if noise is not None:
        scored(run, noise, pixels)
    assert run.missing([sample()]) == ([] if valid else [sample()])
    assert run.missing([sample(text="Peru body")]) != []
    assert path.read_bytes() == before


def test_a_picture_that_lost_its_marks_gets_them_back_if_its_pixels_are_known(run: Run) -> None:
    path = run.image_path(sample())
    run.save_image(sample(), PIXELS, "aa")
    whole = path.read_bytes()
    scored(run, "aa", PIXELS)
    saved_by_others(path, PIXELS)
    assert run.load_image(sample())[1] == ""
    assert run.missing([sample()]) == []
    assert path.read_bytes() == whole
    assert run.load_image(sample())[1] == "aa"


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_picture_that_cannot_be_read_is_neither_damaged_nor_missing(
    run: Run, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    run.save_image(sample(), PIXELS)

    def refuse(*arguments: object, **options: object) -> object:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(Image, "open", refuse)
    for ask in (
        lambda: run.missing([sample()]),
        lambda: run.load_image(sample()),
        lambda: faults_of(run, [sample()], [""]),
    ):
        with pytest.raises(SDDBenchError, match=f"^cannot read .*: {os.strerror(code)}$") as caught:
            ask()
        assert caught.value.exit_code == 4


def test_scores_are_dropped_of_pictures_that_are_others_now(run: Run) -> None:
    run.save_image(sample(), PIXELS, "aa")
    scored(run, "aa", PIXELS)
    changes.forget_changed(run, [sample()])
    assert len(run.scores()) == 1
    run.save_image(sample(), 255 - PIXELS, "aa")
    changes.forget_changed(run, [sample(k=1)])
    assert len(run.scores()) == 1
    changes.forget_changed(run, [sample()])
    assert len(run.scores()) == 0
