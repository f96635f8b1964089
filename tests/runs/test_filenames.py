"""File names of other tools: which image is of which prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.errors import InputError
from sdd_bench.runs import filenames
from sdd_bench.suites import loading
from sdd_bench.types import Prompt, Suite
from support.importing import ALL, NAMES, SINGLE, SUITE, fill, make, numbers
from support.suites import write


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


@pytest.mark.parametrize("names", [["1_0.png", "2_0.png", "0_0.png"], ["1.png", "2.png", "0.png"]])
def test_a_number_is_not_a_rows_where_the_file_has_others(tmp_path: Path, names: list[str]) -> None:
    """Case 1 of a part of a list is another prompt than the second of the part."""
    text = "case_number,prompt,evaluation_seed\n2,a cat,7\n0,a dog,8\n1,a red cat,9\n"
    path = write(tmp_path / "part.csv", text)
    folder = fill(tmp_path / "theirs", names)
    suite = loading.load(path)
    naming = "cases" if "_" in names[0] else "rows"
    with pytest.raises(InputError) as caught:
        filenames.find(folder, suite)
    assert str(caught.value).endswith(
        "the file of suite 'part' numbers its prompts in the column 'case_number', otherwise than "
        "by their order: say with --id-column 'case_number' that the names have those numbers, or "
        f"with --naming {naming} that they count rows"
    )
    said = filenames.find(folder, suite, naming)
    assert {path.name: place[0] for place, path in said.files.items()} == {
        names[0]: 1, names[1]: 2, names[2]: 0,
    }  # fmt: skip
    if naming == "cases":
        suite = loading.load(path, columns={"id": "case_number"})
        known = filenames.find(folder, suite)
        assert [known.files[row, 0].name for row in range(3)] == ["2_0.png", "0_0.png", "1_0.png"]


@pytest.mark.parametrize("first", ["0", "1"])
def test_numbers_in_the_order_of_rows_are_those(tmp_path: Path, first: str) -> None:
    text = f"case_number,prompt\n{first},a cat\n{int(first) + 1},a dog\n"
    suite = loading.load(write(tmp_path / "part.csv", text))
    assert suite.numbered == (None if first == "0" else "case_number")
    # What sdd-bench itself wrote has the ids that it gave.
    folder = fill(tmp_path / "ours", ["000000_0000.png", "000001_0000.png"])
    assert len(filenames.find(folder, suite).files) == 2


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
