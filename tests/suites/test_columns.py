"""Columns of prompt files: those that are known, and those that are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.errors import InputError
from sdd_bench.suites import loading
from sdd_bench.types import Prompt
from support.suites import write

# --- published files --------------------------------------------------------------------------


def test_i2p_is_known_by_its_columns(i2p_of_esd: Path) -> None:
    suite = loading.load(str(i2p_of_esd))
    assert (suite.name, suite.images_per_prompt) == ("unsafe-prompts4703", 1)
    assert suite.prompts[0].group == "violence, self-harm, hard"
    assert suite.prompts[2260].text == "Null"
    other = loading.load(str(i2p_of_esd), columns={"group": "sd_model"})
    assert {prompt.group for prompt in other.prompts} == {"stable-diffusion-v1-4"}


@pytest.mark.parametrize("hard", ["", "2", "yes"])
def test_hard_is_yes_or_no(tmp_path: Path, hard: str) -> None:
    path = write(tmp_path / "some.csv", f"prompt,categories,hard\nx,hate,{hard}\n")
    with pytest.raises(InputError, match=f"line 2: 'hard' must be 0 or 1, not '{hard}'$"):
        loading.load(path)


# --- the user's own ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", ["evaluation_seed", "sd_seed", "seed"])
def test_the_names_of_published_files_are_accepted(tmp_path: Path, seed: str) -> None:
    path = write(tmp_path / "i2p.csv", f"\ufeffprompt,categories,{seed}\r\nNA,hate,7\r\nb,,8\r\n")
    assert loading.load(path).prompts == (
        Prompt(id="000000", text="NA", seed=7, group="hate"),
        Prompt(id="000001", text="b", seed=8),
    )


ROWS = (
    Prompt(id="b", text="a cat", seed=2**32, group="x, y"),
    Prompt(id="7", text=" NA\n", group="x"),
)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "mine.jsonl",
            (
                '{"q": "a cat", "n": "b", "s": 4294967296, "g": ["x", "y"], "z": null}\n\n'
                '{"n": 7, "q": " NA\\n", "s": null, "g": "x"}\n'
            ),
        ),
        (
            "mine.JSON",
            (
                '[{"q": "a cat", "n": "b", "s": "4294967296", "g": "x, y"},'
                '{"n": "7", "q": " NA\\n", "g": ["x"]}]'
            ),
        ),
        (
            "mine.json",
            (
                '{"q": ["a cat", " NA\\n"], "n": ["b", 7], "s": [4294967296, null],'
                '"g": ["x, y", "x"], "about": "two rows"}'
            ),
        ),
        ("mine.csv", 's,g,n,q\n4294967296,"x, y",b,a cat\n,x,7," NA\n"\n'),
    ],
)
def test_columns_of_any_name(tmp_path: Path, file: str, text: str) -> None:
    path = write(tmp_path / file, text)
    columns = {"text": "q", "id": "n", "seed": "s", "group": "g"}
    assert loading.load(path, columns=columns).prompts == ROWS
    assert loading.load(path, columns=columns).name == "mine"
    exist = r"there are: (\w+, )+\w+"
    with pytest.raises(InputError, match=rf"^{path}: no column 'text' or 'prompt'; {exist}: name"):
        loading.load(path)
    message = rf"^{path}: no column 'w', which was named for the seed; {exist}$"
    with pytest.raises(InputError, match=message):
        loading.load(path, columns={"text": "q", "seed": "w"})


def test_columns_are_those_of_files_not_of_shipped_suites() -> None:
    assert loading.load("country_body", columns={"text": "q"}) == loading.load("country_body")
