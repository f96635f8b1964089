"""Folders of images that other tools wrote, made into runs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdd_bench.errors import InputError
from sdd_bench.runs.lookup import find
from support.images import claiming
from support.importing import ALL, NAMES, SINGLE, fill, make, numbers, picture

# --- what is wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], r"theirs holds no images \(\.bmp, \.jpeg, \.jpg, \.png, \.webp\)"),
        (["notes.txt"], "theirs holds no images"),
        (["cat.png"], r"names like 'cat\.png' do not say which image is of which prompt of suite"),
        (["000006.png"], r"000006\.png is of no image of suite 'toy', which has 3 prompts and 2 "),
        (["3_0.png"], r"3_0\.png is of no image of suite 'toy'"),
        (["0_2.png"], r"0_2\.png is of no image of suite 'toy'"),
        (["0_0.png", "000_0000.png"], r"are the same image: take one of them away"),
        (["000000.png", "000000.jpg"], r"are the same image: take one of them away"),
        (["000000.png", "000001.png", "000002.png"], "those of 1 images per prompt .* asks for 2"),
        (["0_0.png", "1_0.png", "2_0.png"], "those of 1 images per prompt .* asks for 2"),
    ],
)
def test_a_folder_that_does_not_fit(tmp_path: Path, names: list[str], message: str) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    fill(folder, [name for name in names if not name.endswith(".txt")])
    (folder / "prompts.txt").write_text("a cat\n")
    with pytest.raises(InputError, match=message):
        make(folder)
    assert find(tmp_path / "results") == []


def test_one_image_of_each_prompt_is_no_part_of_a_limited_suite(tmp_path: Path) -> None:
    """Three rows of one image each would pass for the first prompt's and the second's."""
    folder = fill(tmp_path / "theirs", NAMES["rows"][:3])
    with pytest.raises(InputError, match="give --images-per-prompt, 1 or whatever"):
        make(folder, limit=1)


def test_a_count_that_was_said_is_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = fill(tmp_path / "theirs", NAMES["rows"][:3])
    run = make(folder, counted=True)
    assert numbers(run) == dict(zip(ALL, range(3), strict=False))
    assert (run.facts().images, len(run.scores())) == (6, 6)
    assert caplog.messages == ["3 images missing: 000001_0001, 000002_0000, 000002_0001"]


def test_what_lacks_or_is_broken_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = fill(tmp_path / "theirs", [*NAMES["rows"], "grid.png"])
    (folder / "000001.png").unlink()
    (folder / "000002.png").write_bytes((folder / "000002.png").read_bytes()[:200])
    Image.fromarray(picture(3, side=32)).save(folder / "000003.png")
    Image.fromarray(np.zeros((64, 64), dtype=np.uint16)).save(folder / "000004.png")
    run = make(folder)
    assert sorted(caplog.messages) == [
        "1 image 32x32 instead of 64x64: 000003.png",
        "1 image missing: 000000_0001",
        "1 image named otherwise and left out: grid.png",
        "1 image not readable: 000002.png",
        "1 image of mode I;16, which RGB cannot show: 000004.png",
    ]
    assert sorted(numbers(run)) == ["000000_0000", "000001_0001", "000002_0001"]
    assert (run.facts().images, len(run.scores())) == (6, 6)


def test_a_pipe_or_device_among_the_images_is_not_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = fill(tmp_path / "theirs", NAMES["rows"])
    for name in ("000001.png", "000002.png"):
        (folder / name).unlink()
    os.mkfifo(folder / "000001.png")
    (folder / "000002.png").symlink_to("/dev/zero")
    run = make(folder)
    assert caplog.messages == ["2 images not a file: 000001.png, 000002.png"]
    assert sorted(numbers(run)) == [ALL[0], *ALL[3:]]


def test_a_picture_too_big_for_a_memory_is_not_readable(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = fill(tmp_path / "theirs", NAMES["rows"])
    (folder / "000002.png").write_bytes(claiming(100_000))
    run = make(folder)
    assert caplog.messages == ["1 image not readable: 000002.png"]
    assert "000001_0000" not in numbers(run)


def test_what_is_no_file_costs_only_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = fill(tmp_path / "theirs", NAMES["rows"])
    for name in ("000001.png", "000002.png"):
        (folder / name).unlink()
    (folder / "000001.png").mkdir()
    (folder / "000002.png").symlink_to("nowhere.png")
    run = make(folder)
    assert sorted(caplog.messages) == [
        "1 image linked to and not there: 000002.png",
        "1 image not a file: 000001.png",
    ]
    assert sorted(numbers(run)) == [ALL[0], *ALL[3:]]
    assert (run.facts().images, len(run.scores())) == (6, 6)


def test_a_picture_on_its_side_is_turned_and_another_run_than_before(tmp_path: Path) -> None:
    """Of the same bytes, earlier versions stored it as it lies in the file."""
    exif = Image.Exif()
    exif[0x0112] = 3
    folder = fill(tmp_path / "theirs", ["0.png", "1.png", "2.png"])
    Image.fromarray(picture(7)).save(folder / "1.png", exif=exif)
    run = make(folder, SINGLE)
    first, second, _ = (run.load_image(sample)[0] for sample in run.samples())
    assert (first == picture(0)).all()
    assert (second == picture(7)[::-1, ::-1]).all()
    lines = [
        f"{stem} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}{more}\n"
        for stem, name, more in (
            ("000000_0000", "0.png", ""),
            ("000001_0000", "1.png", " turned"),
            ("000002_0000", "2.png", ""),
        )
    ]
    total = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert run.spec.parameters == {"imported": total}


def test_any_kind_of_image_becomes_rgb(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    pixels = picture(5)
    alpha = np.full((64, 64, 1), 255, dtype=np.uint8)
    Image.fromarray(np.concatenate([pixels, alpha], axis=2)).save(folder / "0.webp", lossless=True)
    Image.fromarray(pixels[:, :, 0]).save(folder / "1.bmp")
    Image.fromarray(pixels).quantize(16).save(folder / "2.png")
    run = make(folder, SINGLE)
    colour, grey, palette = (run.load_image(sample)[0] for sample in run.samples())
    assert (colour == pixels).all()
    assert (grey == pixels[:, :, :1]).all()
    with Image.open(folder / "2.png") as image:
        assert (palette == np.asarray(image.convert("RGB"))).all()


@pytest.mark.parametrize("name", ["sd", "sld-medium", "SD", "sd ", " Sld-Medium"])
def test_imports_have_names_of_their_own(tmp_path: Path, name: str) -> None:
    folder = fill(tmp_path / "theirs", NAMES["rows"])
    with pytest.raises(
        InputError, match=f"'{name}' is a method of .* --as {name.strip()}-published"
    ):
        make(folder, name=name, taken=("sd", "sld-medium"))


# --- the run ----------------------------------------------------------------------------------


def test_an_import_is_known_by_its_files(tmp_path: Path) -> None:
    folder = fill(tmp_path / "theirs", NAMES["rows"])
    run = make(folder)
    lines = [
        f"{stem} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n"
        for stem, name in zip(ALL, NAMES["rows"], strict=True)
    ]
    total = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert run.spec.parameters == {"imported": total}
    assert run.spec.imported
    assert (run.spec.numerics, run.spec.model_hash, run.spec.method) == ("imported", "", "theirs")
    assert (run.scores()["seed"] == -1).all()
    Image.fromarray(picture(9)).save(folder / "000005.png")
    assert make(folder).spec.digest != run.spec.digest


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    folder = fill(tmp_path / "theirs", NAMES["rows"])
    run = make(folder)
    scores = run.scores().assign(**{"nude/toy": 0.5})
    run.write_scores(scores)
    times = {path: path.stat().st_mtime_ns for path in (run.folder / "images").iterdir()}
    assert make(folder).folder == run.folder
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert run.scores().equals(scores)
