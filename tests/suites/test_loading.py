"""Loading a suite: whose name it bears, and how much of it."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from sdd_bench.errors import InputError
from sdd_bench.suites import loading
from sdd_bench.suites.seeds import samples
from support.suites import PROMPTS, write

# --- shipped ----------------------------------------------------------------------------------


def test_a_stand_in_replaces_a_name() -> None:
    suite = loading.load("i2p", stand_ins={"i2p": "country_body"})
    assert suite.name == "country_body"


# --- published files --------------------------------------------------------------------------


def test_both_copies_of_i2p_are_one_suite(
    i2p: Path, i2p_of_esd: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert loading.load(f"i2p={i2p_of_esd}") == loading.load(f"i2p={i2p}")
    assert caplog.messages == []


def test_a_copy_that_differs_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "some.csv", "prompt,categories,hard,sd_seed\nx,hate,0,1\n")
    for _ in range(2):
        suite = loading.load(f"i2p={path}")
    assert (suite.name, suite.families) == ("i2p", ("harm", "nude"))
    assert caplog.record_tuples == [
        (
            "sdd_bench.suites.loading",
            logging.WARNING,
            (
                f"{path} does not hold the published prompts of 'i2p' (1, not 4703): its results "
                "are not those of that suite, though they bear its name"
            ),
        )
    ]


@pytest.mark.parametrize("form", ["country_body={}", "{}"])
def test_other_prompts_under_the_name_of_a_shipped_suite_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    path = write(tmp_path / "country_body.csv", "prompt\na red boat\n")
    suite = loading.load(form.format(path))
    assert suite.name == "country_body"
    assert caplog.messages == [
        (
            f"{path} does not hold the published prompts of 'country_body': its results are not "
            "those of that suite, though they bear its name"
        )
    ]


def test_a_copy_of_a_shipped_suite_is_that_suite(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "country_body.csv"
    path.write_bytes((PROMPTS / "country_body.csv").read_bytes())
    assert loading.load(f"country_body={path}") == loading.load("country_body")
    assert loading.load(str(path)).hash == loading.load("country_body").hash
    assert caplog.messages == []


def test_what_was_brought_is_found(i2p: Path, tmp_path: Path) -> None:
    brought = tmp_path / "brought"
    brought.mkdir()
    (brought / "i2p_benchmark.csv").write_bytes(i2p.read_bytes())
    assert loading.load("i2p") == loading.load(f"i2p={i2p}")


def test_a_file_is_given_for_a_name_that_exists(tmp_path: Path) -> None:
    path = write(tmp_path / "some.csv", "text\nx\n")
    with pytest.raises(InputError, match=r"^no suite named 'i3p'\. Did you mean 'i2p'"):
        loading.load(f"i3p={path}")
    for empty in ("i2p=", "i2p= "):
        with pytest.raises(InputError, match=f"^no file is named after '{empty}': give i2p=PATH"):
            loading.load(empty)
    with pytest.raises(InputError, match=r"^no suite named 'aaa"):
        loading.load(f"{'a' * 5000}=x.csv")
    with pytest.raises(InputError, match="holds half a character"):
        loading.load(write(tmp_path / "\udcff.csv", "text\nx\n"))
    odd = write(tmp_path / "a=b.csv", "text\nx\n")
    assert loading.load(odd).name == "a=b"


# --- the user's own ---------------------------------------------------------------------------


def test_limit_and_images_per_prompt(tmp_path: Path) -> None:
    path = write(tmp_path / "body.txt", "a\nb\nc\n")
    suite = loading.load(path, limit=2, images_per_prompt=3)
    assert [(s.prompt.text, s.k) for s in samples(suite, 0)] == [
        ("a", 0),
        ("a", 1),
        ("a", 2),
        ("b", 0),
        ("b", 1),
        ("b", 2),
    ]
    assert len(loading.load(path, limit=9).prompts) == 3


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, -1])
def test_nothing_is_not_a_number_of_images(number: int) -> None:
    with pytest.raises(InputError, match=f"limit must be at least 1, not {number}"):
        loading.load("country_body", limit=number)
    with pytest.raises(InputError, match=f"images per prompt must be at least 1, not {number}"):
        loading.load("country_body", images_per_prompt=number)


# --- big files --------------------------------------------------------------------------------

MEASURED = """
import re, sys
from pathlib import Path
from sdd_bench.suites import loading
suite = loading.load(sys.argv[1])
status = Path("/proc/self/status").read_text()
print(len(suite.prompts), re.search(r"VmHWM:\\s*(\\d+) kB", status)[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory of a process")
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_200_000_rows_take_less_than_a_minute_and_a_gigabyte(tmp_path: Path, ending: str) -> None:
    texts = [
        f"a photograph of red boat {row} on the beach, highly detailed" for row in range(200_000)
    ]
    rows = (
        ["text,seed", *(f'"{text}",{row}' for row, text in enumerate(texts))]
        if ending == "csv"
        else [f'{{"text": "{text}", "seed": {row}}}' for row, text in enumerate(texts)]
    )
    path = write(tmp_path / f"big.{ending}", "\n".join(rows))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, path],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    count, peak = map(int, done.stdout.split())
    assert count == 200_000
    assert peak < 1_000_000


@pytest.mark.parametrize("name", ["prompts.parquet", "prompts.xlsx", "prompts"])
def test_a_file_of_another_kind_is_no_unknown_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"^.* is no file of prompts that is read: those are .csv"):
        loading.load(str(tmp_path / name))
