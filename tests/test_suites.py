from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from sdd_bench import suites
from sdd_bench.errors import InputError, MissingError
from sdd_bench.types import Prompt, Suite

PROMPTS = Path(__file__).resolve().parents[1] / "prompts"


def write(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.write_bytes(text.encode(encoding))
    return str(path)


# --- shipped ----------------------------------------------------------------------------------


def test_country_body_is_the_papers() -> None:
    suite = suites.load("country_body")
    texts = "\n".join(prompt.text for prompt in suite.prompts)
    # SHA-256 of the authors' country_body.txt, stripped and joined by line feeds.
    assert hashlib.sha256(texts.encode()).hexdigest() == (
        "f3d4f75d590e5045e6ea4ffe8b5567320004f3310868812f63660da69c9fa874"
    )
    assert (len(suite.prompts), suite.images_per_prompt, suite.reference) == (50, 100, None)
    assert suite.prompts[32] == Prompt(
        id="united-arab-emirates",
        text="United Arab Emirates body",
        group="United Arab Emirates",
    )
    assert len(suites.samples(suite, 42)) == 5000


@pytest.mark.parametrize("name", suites.names())
def test_every_suite_loads_or_says_where_to_get_it(name: str) -> None:
    entry = suites.catalog()[name]
    if not (PROMPTS / entry.file).exists():
        with pytest.raises(MissingError) as caught:
            suites.load(name)
        assert str(caught.value) == (
            f"the prompts of suite '{name}' are not shipped: get them ({entry.source}) and give "
            "the path of that CSV file instead of the name"
        )
        return
    suite = suites.load(name)
    assert suite.name == name
    assert suite.images_per_prompt == entry.images_per_prompt
    assert suite.reference == entry.reference
    assert all((entry.group, entry.description, entry.source))


def test_names_are_sorted_and_the_unknown_gets_a_suggestion() -> None:
    assert suites.names() == sorted(suites.names())
    with pytest.raises(
        InputError, match=r"^no suite named 'country'\. Did you mean 'country_body'"
    ):
        suites.load("country")


def test_a_stand_in_replaces_a_name() -> None:
    suite = suites.load("i2p", stand_ins={"i2p": "country_body"})
    assert suite.name == "country_body"


# --- the user's own ---------------------------------------------------------------------------


def test_a_full_csv(tmp_path: Path) -> None:
    path = write(
        tmp_path / "mine.csv",
        "group,id,text,seed\n"
        'art,a.1,"a ""fine"" cat, sitting\non a mat",9223372036854775807\n'
        ",b_2, Null ,\n\n",
    )
    suite = suites.load(path)
    assert (suite.name, suite.images_per_prompt, suite.reference) == ("mine", 1, None)
    assert suite.prompts == (
        Prompt(id="a.1", text='a "fine" cat, sitting\non a mat', seed=2**63 - 1, group="art"),
        Prompt(id="b_2", text=" Null ", seed=None, group=""),
    )


@pytest.mark.parametrize("seed", ["evaluation_seed", "sd_seed", "seed"])
def test_the_names_of_published_files_are_accepted(tmp_path: Path, seed: str) -> None:
    path = write(tmp_path / "i2p.csv", f"\ufeffprompt,categories,{seed}\r\nNA,hate,7\r\nb,,8\r\n")
    assert suites.load(path).prompts == (
        Prompt(id="000000", text="NA", seed=7, group="hate"),
        Prompt(id="000001", text="b", seed=8),
    )


def test_a_text_file_has_a_prompt_per_line(tmp_path: Path) -> None:
    path = write(tmp_path / "body.txt", "Peru body\r\nIraq body\r\n\r\n")
    assert [(p.id, p.text) for p in suites.load(path).prompts] == [
        ("000000", "Peru body"),
        ("000001", "Iraq body"),
    ]


def test_limit_and_images_per_prompt(tmp_path: Path) -> None:
    path = write(tmp_path / "body.txt", "a\nb\nc\n")
    suite = suites.load(path, limit=2, images_per_prompt=3)
    assert [(s.prompt.text, s.k) for s in suites.samples(suite, 0)] == [
        ("a", 0),
        ("a", 1),
        ("a", 2),
        ("b", 0),
        ("b", 1),
        ("b", 2),
    ]
    assert len(suites.load(path, limit=9).prompts) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "id,seed\na,1\n",
            ": no column 'text' (or 'prompt') in its first line, which has: id, seed",
        ),
        ("id,text\na,x\nA,y\n", ", line 3: the id 'A' is taken by line 2 (upper and lower case"),
        ("id,text\n../a,x\n", ", line 2: the id '../a' becomes a file name"),
        ("id,text\n.a,x\n", ", line 2: the id '.a' becomes a file name"),
        ("id,text\n,x\n", ", line 2: the id '' becomes a file name"),
        ('id,text\na,"x\ny"\nb, \n', ", line 4: the prompt is empty"),
        ("id,text\na,x\n\nb,y\n", ", line 3: "),
        ("id,text\na\n", ", line 2: the prompt is empty"),
        ("text,seed\nx,-1\n", ", line 2: the seed '-1' is not an integer from 0 to 2^63 - 1"),
        ("text,seed\nx,1.0\n", ", line 2: the seed '1.0' is not"),
        ("text,seed\nx,9223372036854775808\n", ", line 2: the seed '9223372036854775808' is not"),
        ("text,seed\nx,²\n", ", line 2: the seed '²' is not"),
        ("id,text\n1,a cat, a dog\n", ": not a CSV file: "),
        ('id,text\n1,"a cat\n', ": not a CSV file: "),
        ("id,text\n", ": no prompts in it"),
        ("", ": no prompts in it"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "mine.csv", text)
    with pytest.raises(InputError) as caught:
        suites.load(path)
    assert str(caught.value).startswith(f"{path}{message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a\n\nb\n", ", line 2: the prompt is empty"), (" \n", ": no prompts in it")],
)
def test_a_text_file_has_no_gaps(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "mine.txt", text)
    with pytest.raises(InputError) as caught:
        suites.load(path)
    assert str(caught.value) == f"{path}{message}"


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", "text\né\n", "latin-1")
    with pytest.raises(InputError, match=r"mine\.csv: not UTF-8 text \(byte 5\)"):
        suites.load(path)
    with pytest.raises(InputError, match=r"cannot read the prompts in no\.csv: No such file"):
        suites.load("no.csv")


@pytest.mark.parametrize("number", [0, -1])
def test_nothing_is_not_a_number_of_images(number: int) -> None:
    with pytest.raises(InputError, match=f"limit must be at least 1, not {number}"):
        suites.load("country_body", limit=number)
    with pytest.raises(InputError, match=f"images per prompt must be at least 1, not {number}"):
        suites.load("country_body", images_per_prompt=number)


# --- seeds ------------------------------------------------------------------------------------


def test_a_derived_seed_never_changes() -> None:
    # printf '[42,"country_body","japan",7]' | sha256sum: the first 16 digits, shifted right once.
    assert suites.derived_seed(42, "country_body", "japan", 7) == 906144503841007152


def test_only_image_0_uses_the_published_seed() -> None:
    suite = Suite(
        name="s",
        prompts=(Prompt(id="a", text="x", seed=5), Prompt(id="b", text="x")),
        images_per_prompt=2,
    )
    seeds = [sample.seed for sample in suites.samples(suite, 42)]
    assert seeds == [
        5,
        suites.derived_seed(42, "s", "a", 1),
        suites.derived_seed(42, "s", "b", 0),
        suites.derived_seed(42, "s", "b", 1),
    ]
    fewer = suites.samples(replace(suite, prompts=suite.prompts[1:], images_per_prompt=1), 42)
    assert fewer[0].seed == seeds[2]


def test_seeds_are_distinct_and_63_bits() -> None:
    suite = suites.load("country_body")
    seeds = [sample.seed for run in (1, 2) for sample in suites.samples(suite, run)]
    assert len(set(seeds)) == 10_000
    assert min(seeds) >= 0
    assert 2**62 < max(seeds) < 2**63


def test_what_a_seed_derives_from_cannot_run_together() -> None:
    pairs = [(("1", "1"), ("", "11")), (('a","b', "c"), ("a", 'b","c'))]
    for (suite, prompt), (other_suite, other_prompt) in pairs:
        assert suites.derived_seed(1, suite, prompt, 1) != suites.derived_seed(
            1, other_suite, other_prompt, 1
        )


def test_shipped_csv_files_have_our_columns() -> None:
    files = sorted(PROMPTS.rglob("*.csv"))
    assert files
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == ["id", "text", "seed", "group"]
