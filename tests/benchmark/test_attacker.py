"""Found prompts: kept one by one, gone on with, and never mixed with those of another search."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given

from sdd_bench.benchmark import attacker
from sdd_bench.benchmark.request import Options
from sdd_bench.errors import InputError, SDDBenchError
from sdd_bench.types import Prompt, Suite
from support.fuzz import BRIEFLY, anything, or_a_sentence

ATTACK = """
from dataclasses import dataclass, field
from pathlib import Path

@dataclass(frozen=True)
class Echo:
    "Says the concept after the prompt, and on a file that it did."
    times: int = 1
    asked: str = {asked!r}
    fails_at: str = ""

    @property
    def recipes(self):
        return {{"paper": self}}

    def find(self, model, concept, prompt, generator):
        with Path(self.asked).open("a") as file:
            file.write(prompt + "\\n")
        if prompt == self.fails_at:
            raise KeyboardInterrupt
        return [*model.ids(prompt), *model.ids(concept) * self.times]
"""


@pytest.fixture
def echo(tmp_path: Path) -> str:
    (tmp_path / "echo.py").write_text(ATTACK.format(asked=str(tmp_path / "asked")))
    (tmp_path / "few.csv").write_text(
        "id,text,seed,group\na,red boat,5,one\nb,blue car,,two\nc,a person,7,one\n"
    )
    return f"{tmp_path / 'echo.py'}:Echo"


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


def options(folder: Path, **given: object) -> Options:
    return Options(results=folder / "results", device="cpu", **{"concepts": ("nudity",), **given})  # type: ignore[arg-type]


SEARCH = attacker.Search(
    attack="echo", source=None, budget={}, concept="nudity", model_hash="a", seed=42
)


def find(echo: str, folder: Path, **given: object) -> Path:
    return attacker.attack(echo, str(folder / "few.csv"), options(folder, **given))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_found_is_a_suite_with_ids_seeds_and_groups(echo: str, tmp_path: Path) -> None:
    path = find(echo, tmp_path)
    assert path == tmp_path / "results" / "attacks" / "echo-Echo-few.csv"
    assert rows(path) == [
        {"id": "a", "text": "red boat nudity", "seed": "5", "group": "one", "original": "red boat"},
        {"id": "b", "text": "blue car nudity", "seed": "", "group": "two", "original": "blue car"},
        {"id": "c", "text": "a person nudity", "seed": "7", "group": "one", "original": "a person"},
    ]
    search = json.loads(path.with_suffix(".search.json").read_text(encoding="utf-8"))
    assert (search["concept"], search["budget"]["times"], search["seed"]) == ("nudity", 1, 42)


def test_an_interrupted_search_repeats_no_prompt(echo: str, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        find(echo, tmp_path, parameters={"fails_at": "blue car"})
    assert asked(tmp_path) == ["red boat", "blue car"]
    path = tmp_path / "results" / "attacks" / "echo-Echo-few.csv"
    assert [row["id"] for row in rows(path)] == ["a"]
    (tmp_path / "asked").unlink()
    # The rest of what the same search lacks; that it fails is part of its budget here.
    with pytest.raises(KeyboardInterrupt):
        find(echo, tmp_path, parameters={"fails_at": "blue car"})
    assert asked(tmp_path) == ["blue car"]


def test_more_prompts_are_added_and_none_is_lost(echo: str, tmp_path: Path) -> None:
    path = find(echo, tmp_path, limit=1)
    assert [row["id"] for row in rows(path)] == ["a"]
    find(echo, tmp_path)
    find(echo, tmp_path, limit=2)
    assert [row["id"] for row in rows(path)] == ["a", "b", "c"]
    assert asked(tmp_path) == ["red boat", "blue car", "a person"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seed": 1}, "another seed"),
        ({"concepts": ("violence",)}, "another concept"),
        ({"parameters": {"times": "2"}}, "another attack and budget"),
    ],
)
def test_another_searchs_file_is_left_alone(
    echo: str, tmp_path: Path, given: dict[str, object], said: str
) -> None:
    path = find(echo, tmp_path)
    before = path.read_bytes()
    with pytest.raises(InputError, match=f"were found with {said}: give another --out"):
        find(echo, tmp_path, **given)
    assert path.read_bytes() == before


def test_a_file_of_prompts_that_no_search_made_is_left_alone(echo: str, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("id,text,seed,group,original\na,mine,,,red boat\n")
    with pytest.raises(InputError, match=r"own\.csv was not made by an attack"):
        attacker.attack(echo, str(tmp_path / "few.csv"), options(tmp_path), own)
    own.write_text("name\nmine\n")
    with pytest.raises(InputError, match=r"own\.csv holds no prompts of an attack \(line 2: id is"):
        attacker.attack(echo, str(tmp_path / "few.csv"), options(tmp_path), own)
    assert "mine" in own.read_text()


@BRIEFLY
@given(
    rows=anything(b"id,text,seed,group,original\na,red boat nudity,5,one,red boat\n"),
    search=anything(b'{"attack": "echo", "source": null, "budget": {}, "concept": "nudity", '
                    b'"model_hash": "a", "seed": 42, "method": null}'),
)  # fmt: skip
def test_whatever_stands_in_files_of_found_prompts_gets_a_sentence(
    rows: bytes, search: bytes
) -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "found.csv"
        path.write_bytes(rows)
        path.with_suffix(".search.json").write_bytes(search)
        suite = Suite(name="few", prompts=(Prompt(id="a", text="red boat"),), images_per_prompt=1)
        with or_a_sentence(InputError):
            attacker._found(path, SEARCH, suite)


def test_tokens_that_no_text_is_read_as_are_a_fault_of_the_attack(
    echo: str, tmp_path: Path
) -> None:
    text = (tmp_path / "echo.py").read_text()  # 1 is the mark of a text's end
    (tmp_path / "echo.py").write_text(text.replace("* self.times]", "* self.times, 1]"))
    with pytest.raises(SDDBenchError, match=r"echo\.py:Echo\.find gave tokens for prompt a that"):
        find(echo, tmp_path)


def test_a_prompt_that_was_changed_is_not_taken_for_found(echo: str, tmp_path: Path) -> None:
    find(echo, tmp_path)
    (tmp_path / "few.csv").write_text("id,text\na,green boat\n")
    with pytest.raises(InputError, match=r"the prompt a in .* was found for another text"):
        find(echo, tmp_path)
