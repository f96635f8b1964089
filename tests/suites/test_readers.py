"""Readers of the user's own prompts: csv, text, json, and the hub."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdd_bench.errors import InputError
from sdd_bench.suites import loading, readers
from sdd_bench.suites.columns import own_numbers, prompts_of
from sdd_bench.types import Prompt
from support.fuzz import BRIEFLY, anything, or_a_sentence
from support.suites import write

# --- the user's own ---------------------------------------------------------------------------


def test_a_full_csv(tmp_path: Path) -> None:
    path = write(
        tmp_path / "mine.csv",
        "group,id,text,seed\n"
        'art,a.1,"a ""fine"" cat, sitting\non a mat",9223372036854775807\n'
        ",b_2, Null ,\n\n",
    )
    suite = loading.load(path)
    assert (suite.name, suite.images_per_prompt, suite.reference) == ("mine", 1, None)
    assert suite.prompts == (
        Prompt(id="a.1", text='a "fine" cat, sitting\non a mat', seed=2**63 - 1, group="art"),
        Prompt(id="b_2", text=" Null ", seed=None, group=""),
    )


def test_a_text_file_has_a_prompt_per_line(tmp_path: Path) -> None:
    path = write(tmp_path / "body.txt", "Peru body\r\nIraq body\r\n\r\n")
    assert [(p.id, p.text) for p in loading.load(path).prompts] == [
        ("000000", "Peru body"),
        ("000001", "Iraq body"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "id,seed\na,1\n",
            (
                ": no column 'text' or 'prompt'; there are: id, seed: name the one that holds the "
                "prompts with --prompt-column"
            ),
        ),
        ("id,text\na,x\nA,y\n", ", line 3: the id 'A' is taken by line 2 (upper and lower case"),
        ("id,text\n../a,x\n", ", line 2: the id '../a' becomes a file name"),
        ("id,text\n.a,x\n", ", line 2: the id '.a' becomes a file name"),
        ("id,text\n,x\n", ", line 2: the id '' becomes a file name"),
        ('id,text\na,"x\ny"\nb, \n', ", line 4: the prompt is empty"),
        ("id,text\na,x\n\nb,y\n", ", line 3: the line is empty"),
        ("id,text\na\n", ", line 2: 1 cell for the 2 columns of the header: the row is cut"),
        ('id,text\na,"x\ny"\nb\n', ", line 4: 1 cell for the 2 columns"),
        ("text,seed\nx,-1\n", ", line 2: the seed '-1' is not an integer from 0 to 2^63 - 1"),
        ("text,seed\nx,1.0\n", ", line 2: the seed '1.0' is not"),
        ("text,seed\nx,9223372036854775808\n", ", line 2: the seed '9223372036854775808' is not"),
        ("text,seed\nx,²\n", ", line 2: the seed '²' is not"),
        (
            "id,text\n1,a cat, a dog\n",
            ", line 2: 3 cells for the 2 columns of the header: a text with a comma in it needs",
        ),
        ('id,text\n1,"a cat\n', ", line 2: not CSV: unexpected end of data; a quote may lack"),
        # The quote of line 2 would reach to line 4, and three rows were one prompt.
        ('id,text\n1,"a\n2,b\n3,"c"\n', ", line 2: not CSV: ',' expected after '\"'"),
        (f'id,text\n1,"{"a" * 200_000}"\n', ", line 2: not CSV: field larger than field limit"),
        ("text\na red\0 boat\n", ", line 2: a zero byte, which no text has"),
        (f"text\nx\n{chr(0) * 4096}", ", line 3: a zero byte, which no text has"),
        ("text\n\u200b\x07\n", ", line 2: the prompt is empty"),
        ("text,id,text\nx,1,y\n", ": two columns are called 'text'"),
        (
            "prompt;seed\na cat;3\n",
            (
                ": no column 'text' or 'prompt'; there are: prompt;seed: name the one that holds "
                "the prompts with --prompt-column, if ';' is not what separates them: only commas"
            ),
        ),
        ("<html><body>404</body></html>", " is a page of HTML: download the file itself"),
        ("id,text\n", ": no prompts in it"),
        ("", ": no prompts in it"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "mine.csv", text)
    with pytest.raises(InputError) as caught:
        loading.load(path)
    assert str(caught.value).startswith(f"{path}{message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n\nb\n", ", line 2: the prompt is empty"),
        ("\n\na red boat\na green cup\n", ", line 1: the prompt is empty"),
        (" \n", ": no prompts in it"),
    ],
)
def test_a_text_file_has_no_gaps(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "mine.txt", text)
    with pytest.raises(InputError) as caught:
        loading.load(path)
    assert str(caught.value) == f"{path}{message}"


@pytest.mark.parametrize("ending", ["csv", "txt", "jsonl"])
def test_the_end_mark_of_dos_is_no_prompt(tmp_path: Path, ending: str) -> None:
    lines = {"csv": "text\na\nb\n", "txt": "a\nb\n", "jsonl": '"a"\n"b"\n'}[ending]
    path = write(tmp_path / f"mine.{ending}", f"{lines}\x1a")
    assert [prompt.text for prompt in loading.load(path).prompts] == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_sixteen_bits_is_read_if_it_says_so(tmp_path: Path, encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    path = write(tmp_path / "mine.txt", f"{mark}é cat\r\na dog\r\n", encoding)
    assert [prompt.text for prompt in loading.load(path).prompts] == ["é cat", "a dog"]
    if mark:
        path = write(tmp_path / "mine.txt", "a cat\r\n", encoding)
        with pytest.raises(InputError, match=r"mine\.txt, line 1: a zero byte"):
            loading.load(path)


def test_the_lines_of_a_row_are_counted_whatever_ends_them(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", 'id,text\r\na,"x\r\ny\rz"\r\nb,\r\n')
    with pytest.raises(InputError, match=r"mine\.csv, line 5: the prompt is empty$"):
        loading.load(path)


def test_what_is_no_file_of_prompts_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.txt").symlink_to("/dev/zero")
    for name in ("pipe.csv", "zero.txt"):
        with pytest.raises(InputError, match=f"{name}: it is a pipe or a device, not a file$"):
            loading.load(str(tmp_path / name))
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(InputError, match=r"folder\.json: Is a directory$"):
        loading.load(str(tmp_path / "folder.json"))
    with pytest.raises(InputError, match=r"File name too long$"):
        loading.load(f"{'a' * 5000}.csv")
    with (tmp_path / "big.txt").open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(InputError, match=r"big\.txt has 2,000 MB: files of prompts are read up to"):
        loading.load(str(tmp_path / "big.txt"))


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", "text\né\n", "latin-1")
    with pytest.raises(InputError, match=r"mine\.csv: not UTF-8 text \(byte 5\): save it as UTF-8"):
        loading.load(path)
    with pytest.raises(InputError, match=r"cannot read the prompts in no\.csv: No such file"):
        loading.load("no.csv")
    path = write(tmp_path / "mine.xls", "text\n")
    with pytest.raises(InputError, match=r"^cannot tell the format of '.*mine\.xls': .*\.csv, "):
        loading.load(f"i2p={path}")


@pytest.mark.parametrize(
    "text",
    [
        '["x", "y"]',
        '[{"prompt": "x"}, {"prompt": "y"}]',
        '{"prompts": ["x", "y"]}',
    ],
)
def test_the_three_kinds_of_json_that_the_authors_script_reads(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "mine.json", text)
    assert [prompt.text for prompt in loading.load(path).prompts] == ["x", "y"]
    seeded = text.replace('"}', '", "evaluation_seed": 3}').replace(
        "]}", '], "evaluation_seeds": [3, 3]}'
    )
    if seeded != text:
        path = write(tmp_path / "mine.json", seeded)
        assert [prompt.seed for prompt in loading.load(path).prompts] == [3, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"text": 5}', "line 1: the prompt must be a text, not 5 (int)"),
        ('{"text": "x"}\n{"text": null}', "line 2: the prompt is empty"),
        ('{"text": "x"}\n\n{"seed": 1}', "line 3: the prompt is empty"),
        ('{"text": "x", "seed": 1.5}', "line 1: the seed must be a text or an integer, not 1.5"),
        ('{"text": "x", "seed": true}', "line 1: the seed must be a text or an integer, not True"),
        ('{"text": "x", "seed": -1}', "line 1: the seed '-1' is not an integer from 0"),
        ('{"text": "x", "group": {}}', "line 1: the group must be a text or an integer, not {}"),
        ('{"text": "x", "id": [1]}', "line 1: the id must be a text or an integer, not [1]"),
        ('{"text": "x", "id": null}', "line 1: the id '' becomes a file name"),
        (
            '{"text": "x", "id": 1}\n{"text": "x", "id": "1"}',
            "line 2: the id '1' is taken by line 1",
        ),
        ('"x"\n3', "line 2: neither a text nor an object, but 3 (int)"),
        ("x", "line 1: not JSON: "),
        (
            '{"prompt": "x"}\n{"text": "y"}',
            "line 1: the prompt is under 'prompt', and that of other",
        ),
        ('{"text": "x", "text": "y"}', "line 1: an object has 'text' twice"),
        ('{"text": "x\\ud800"}', "line 1: the prompt holds half a character"),
        ('{"text": "x\\u0000"}', "line 1: the prompt holds a zero byte"),
        ('{"text": "x", "group": "\\udfff"}', "line 1: the group holds half a character"),
        ('{"text": "x", "id": "\\ud800"}', "line 1: the id '\\ud800' becomes a file name"),
        (f'"{"x" * 200_000}"', "line 1: the prompt has 200,000 characters, and 100,000 are read"),
        (f'{{"text": "x", "seed": {"9" * 5000}}}', "line 1: a number of 5000 digits"),
        ('{"text": "x", "seed": NaN}', "line 1: the seed must be a text or an integer, not nan"),
        ('{"text": "x", "seed": 1e400}', "line 1: the seed must be a text or an integer, not inf"),
        ("[" * 100_000, "line 1: nested too deep to be prompts: a list of texts, "),
    ],
)
def test_what_is_wrong_in_json_lines(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "mine.jsonl", text)
    with pytest.raises(InputError) as caught:
        loading.load(path)
    assert str(caught.value).startswith(f"{path}, {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", ": not JSON: "),
        (
            '{"text": "x"}\n{"text": "y"}',
            ": not JSON: Extra data: line 2 column 1 (char 14); JSON l",
        ),
        ("[" * 100_000, ": nested too deep to be prompts: a list of texts, "),
        (
            '{"prompt": {"0": "x", "1": "y"}}',
            ": an object of 'prompt': {'0': 'x', '1': 'y'} (dict), and so on; read are a list of ",
        ),
        ('{"a": {"prompt": "x"}}', ": an object of 'a': {'prompt': 'x'} (dict), and so on; read "),
        ('{"a": "x", "b": "y"}', ": an object of 'a': 'x' (str), and so on; read are a list of "),
        ("3", ": neither a list of prompts nor an object of columns"),
        ("[]", ": no prompts in it"),
        ("{}", ": no prompts in it"),
        ('{"text": ["x"], "seed": [1, 2]}', ": columns of different lengths: 'text' 1, 'seed' 2"),
        ('["x", 3]', ", entry 2: neither a text nor an object, but 3 (int)"),
    ],
)
def test_what_is_wrong_in_json(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "mine.json", text)
    with pytest.raises(InputError) as caught:
        loading.load(path)
    assert str(caught.value).startswith(f"{path}{message}")


# --- anything at all --------------------------------------------------------------------------

SAMPLES = {
    "csv": (
        b'id,text,seed,group\na,"a, cat",7,x\nb,a dog,,y\n',
        b"prompt,categories,hard,sd_seed\nx,hate,0,1\n",
        b"case_number,prompt\n3,a\n4,b\n",
    ),
    "json": (
        b'[{"prompt": "a", "seed": 3, "group": ["x", "y"]}, {"prompt": "b"}]',
        b'["a", "b"]',
        b'{"prompts": ["a", "b"], "seeds": [1, 2]}',
    ),
    "jsonl": (b'{"prompt": "a", "seed": 3, "group": ["x"]}\n{"prompt": "b"}\n', b'"a"\n"b"\n'),
    "txt": (b"a\nb\r\nc\n",),
}


@pytest.mark.parametrize("ending", SAMPLES)
@BRIEFLY
@given(st.data())
def test_any_file_holds_prompts_or_has_a_sentence(ending: str, data: st.DataObject) -> None:
    with or_a_sentence(InputError):
        sheet = readers.parse(data.draw(anything(*SAMPLES[ending])), f"x.{ending}")
        prompts = prompts_of(sheet)
        own_numbers(sheet)
        assert all(prompt.text.strip() and "\0" not in prompt.text for prompt in prompts)
        assert all(prompt.text.encode() and prompt.group.encode() is not None for prompt in prompts)
        assert len({prompt.id.lower() for prompt in prompts}) == len(prompts) > 0
