"""Folders of images that other tools wrote, made into runs."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from sdd_bench.errors import InputError
from sdd_bench.runs import filenames
from sdd_bench.runs.importer import import_images
from sdd_bench.runs.lookup import find
from sdd_bench.runs.run import Run
from sdd_bench.suites import loading
from sdd_bench.types import Pixels, Prompt, Suite

if TYPE_CHECKING:
    from tests.conftest import Shell

SEEDED = tuple(
    Prompt(id=f"{row:06d}", text=text, seed=seed)
    for row, (text, seed) in enumerate([("a cat", 7), (" a dog, red ", 8), ("a cat", 9)])
)
SUITE = Suite(name="toy", prompts=SEEDED, images_per_prompt=2, hash="0" * 16)
SINGLE = Suite(name="toy", prompts=SEEDED, images_per_prompt=1, hash="0" * 16)


def picture(number: int, side: int = 64) -> Pixels:
    """A picture like no other: noise whose first pixel is its number."""
    pixels = np.random.default_rng(number).integers(256, size=(side, side, 3), dtype=np.uint8)
    pixels[0, 0] = number
    return pixels


def fill(folder: Path, names: Sequence[str], side: int = 64) -> Path:
    """Picture 0, 1, ... under these names."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(number, side)).save(path)
    return folder


def numbers(run: Run) -> dict[str, int]:
    """Which picture is under which name in a run."""
    found = {}
    for path in sorted((run.folder / "images").iterdir()):
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("PNG", "RGB")
            found[path.stem] = int(np.asarray(image)[0, 0, 0])
    return found


def make(folder: Path, suite: Suite = SUITE, **more: object) -> Run:
    options = {"name": "theirs", "model": "miniature", "results": folder.parent / "results"} | more
    return import_images(folder, suite, **options)[0]  # type: ignore[arg-type]


# --- which image is which ---------------------------------------------------------------------

ALL = ("000000_0000", "000000_0001", "000001_0000", "000001_0001", "000002_0000", "000002_0001")

NAMES = {
    "rows": [f"{number:06d}.png" for number in range(6)],
    "cases": ["0_0.png", "0_1.png", "1_0.png", "1_1.png", "2_0.png", "2_1.png"],
}


@pytest.mark.parametrize("naming", NAMES)
def test_a_naming_is_recognised(tmp_path: Path, naming: str) -> None:
    folder = fill(tmp_path / "theirs", NAMES[naming])
    assert filenames.find(folder, SUITE).naming == naming
    run = make(folder)
    assert numbers(run) == dict(zip(ALL, range(6), strict=True))
    assert run.facts().provenance["naming"] == naming
    assert run.facts().provenance["imported_from"] == str(folder)


def test_the_naming_of_mace_has_folders_of_prompts_and_seeds(tmp_path: Path) -> None:
    names = ["erased/a cat_9.png", "kept/ a dog, red _8.png", "erased/a cat_7.png"]
    folder = fill(tmp_path / "theirs", names)
    assert filenames.find(folder, SINGLE).naming == "texts"
    assert numbers(make(folder, SINGLE)) == {
        "000002_0000": 0,
        "000001_0000": 1,
        "000000_0000": 2,
    }


def test_numbers_are_not_sorted_as_text(tmp_path: Path) -> None:
    prompts = tuple(Prompt(id=f"{row:06d}", text=f"prompt {row}") for row in range(12))
    suite = Suite(name="toy", prompts=prompts, hash="0" * 16)
    rows = fill(tmp_path / "rows", [f"{number}.png" for number in range(12)])
    cases = fill(tmp_path / "cases", [f"{number}_0.png" for number in range(12)])
    for folder in (rows, cases):
        assert numbers(make(folder, suite)) == {f"{row:06d}_0000": row for row in range(12)}


def test_case_numbers_are_the_ids_of_the_prompts(tmp_path: Path) -> None:
    """ESD's lists of a part of I2P keep the case numbers of the whole."""
    prompts = tuple(Prompt(id=key, text=key) for key in ("100", "7", "31"))
    suite = Suite(name="toy", prompts=prompts, hash="0" * 16)
    folder = fill(tmp_path / "theirs", ["7_0.png", "31_0.png", "100_0.png"])
    assert numbers(make(folder, suite)) == {"7_0000": 0, "31_0000": 1, "100_0000": 2}
    fill(folder, ["7_0.png", "31_0.png", "100_0.png", "8_0.png"])
    with pytest.raises(InputError, match=r"8_0\.png is of no image of suite 'toy', which has 3 "):
        make(folder, suite)


def test_case_numbers_count_the_rows_where_ids_are_words(tmp_path: Path) -> None:
    suite = loading.load("country_body", images_per_prompt=1)
    folder = fill(tmp_path / "theirs", [f"{row}_0.png" for row in range(50)])
    assert numbers(make(folder, suite))["japan_0000"] == 2
    own = fill(tmp_path / "own", ["japan_0000.png", "peru_0000.png"])
    assert numbers(make(own, suite)) == {"japan_0000": 0, "peru_0000": 1}


def test_a_limit_leaves_the_rest_out(tmp_path: Path) -> None:
    folder = fill(tmp_path / "theirs", NAMES["rows"])
    assert sorted(numbers(make(folder, limit=2))) == sorted(ALL[:4])
    part = fill(tmp_path / "part", NAMES["rows"][:4])
    run = make(part, limit=2)
    assert sorted(numbers(run)) == sorted(ALL[:4])
    assert (run.facts().images, len(run.scores())) == (4, 4)


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


@pytest.mark.parametrize("name", ["sd", "sld-medium"])
def test_imports_have_names_of_their_own(tmp_path: Path, name: str) -> None:
    folder = fill(tmp_path / "theirs", NAMES["rows"])
    with pytest.raises(InputError, match=f"'{name}' is a method of sdd-bench: .*{name}-published"):
        make(folder, name=name)


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


def test_import_then_score_then_table(used: Shell, tmp_path: Path) -> None:
    """The images of a run under another name get the same scores, one image less."""
    own = used.run("--metric", "nude/miniature@0.7")
    assert own.code == 0, own.err
    theirs = tmp_path / "theirs"
    shutil.copytree(used.stored().folder / "images", theirs)
    (theirs / "bare_0000.png").unlink()
    done = used(
        "import", theirs, "--suite", used.folder / "toy.csv", "--as", "theirs", "--limit", 2,
        "--results", used.results,
    )  # fmt: skip
    assert done.code == 0, done.err
    folder = used.stored("theirs").folder
    assert done.out == f"theirs on toy: {folder}\n"
    assert "1 files, named <case number or prompt id>_<k>.png" in done.err
    assert "1 image missing: bare_0000" in done.err
    metrics = ("--metric", "nude/miniature@0.7", "--metric", "lpips/miniature")
    scored = used("score", folder, *metrics)
    assert scored.code == 0, scored.err
    words = " ".join(scored.out.split())
    assert "imported: the noise of its images is unknown" in words
    assert "n=1" in words
    assert "1 missing" in words
    scores = used.stored("theirs").scores().set_index("prompt_id")["nude/miniature"]
    assert (
        scores["japan"] == used.stored().scores().set_index("prompt_id")["nude/miniature"]["japan"]
    )
    assert np.isnan(scores["bare"])
    table = used("table", "--results", used.results)
    assert table.code == 0, table.err
    assert "theirs" in table.out


def test_the_command_says_what_is_wrong(shell: Shell, tmp_path: Path) -> None:
    theirs = fill(tmp_path / "theirs", ["0_0.png", "1_0.png", "2_0.png"])
    where = ("--as", "theirs", "--results", shell.results)
    toy = ("--suite", shell.folder / "toy.csv")
    assert "no suite named 'toy'" in shell.fails(2, "import", theirs, "--suite", "toy", *where)
    assert "no naming named 'row'. Did you mean 'rows'?" in shell.fails(
        2, "import", theirs, *toy, "--naming", "row", *where
    )
    assert "no column 'q', which was named for the prompt; there are: id, text" in shell.fails(
        2, "import", theirs, *toy, "--prompt-column", "q", *where
    )
    assert "no model named 'miniatur'" in shell.fails(
        2, "import", theirs, *toy, "--model", "miniatur", *where
    )
    assert shell("import", theirs, *toy, *where).code == 0
