"""A run's images: which files are whole, and which are of another prompt."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdd_bench.errors import SDDBenchError
from sdd_bench.runs.run import Run
from support.images import claiming
from support.runs import PIXELS, SLD_WEAK, sample


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


def test_an_image_of_another_prompt_or_seed_is_missing(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    run.save_image(sample(), PIXELS)
    edited = [sample(text="Japan, body"), replace(sample(), seed=8)]
    assert run.missing(edited) == edited
    assert caplog.text.count("was made from another prompt or seed and will be made again") == 2


def test_an_image_that_somebody_else_wrote_is_valid(run: Run) -> None:
    Image.fromarray(PIXELS).save(run.image_path(sample()))
    assert run.missing([sample()]) == []
