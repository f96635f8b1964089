"""Commands and programs of the manual: every option exists, and what a laptop can do is executed.

A command runs in the order of its page, on the miniature, with few images and steps.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file, save_file

from sdd_bench.cli.main import cli, main
from sdd_bench.weights import store
from support.manual import PAGES, PROGRAMS, Reader, blocks, spans
from support.paths import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

every_page = pytest.mark.parametrize(
    "page", [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in PAGES]
)

SMALL = {"--limit": "2", "--images-per-prompt": "2", "--steps": "2"}
"""What a command is given beside what the page says: of an option given twice the last counts."""

NOT_HERE = {
    "a contrast needs more prompts than are drawn here": r" --contrast ",
    "minutes of pictures or of search": r" --limit 60 |attack (ring|mma)|suite results/attacks/",
    "the hub or the network": r"weights fetch|hub:OWNER/NAME",
    "of runs over a minute, which are not made": r"table --asr ",
    "over a minute, for it trains": r"reproduce|train |run .*--method (sdd|esd)",
    "trainings that take minutes": r"figure (training|curve)",
    "over a minute: all artists": r"matrix ",
    "weights that are no part of the package": r"nude/v2-classifier|style/l14-tokens|--images val",
    "an installed plugin": r"--method repel ",
    "the programs of a shell": r"^sdd-bench $",
}
"""Why a command is not executed, only held to the options that there are; and which these are."""


def reason(words: list[str]) -> str | None:
    """Why a call of a page is not executed; None: it is."""
    if words[0] != "sdd-bench":
        return f"{words[0]} is no command of ours"
    line = " ".join(words) + " "
    return next((why for why, kind in NOT_HERE.items() if re.search(kind, line)), None)


# --- options ----------------------------------------------------------------------------------


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that words call, and what it is given. Raises click's error if it is none."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words:
        if words[0] not in command.commands:
            raise click.UsageError(f"no command {words[0]}")
        command, words = command.commands[words[0]], words[1:]
    return command, words


def check(words: list[str]) -> None:
    """Raise click's error if a command or an option is none, or a choice is not there."""
    command, words = command_of(words)
    # Click keeps the help option that it first makes of a command: made as `main` makes it.
    root = click.Context(cli, **cli.context_settings)
    context = root if command is cli else click.Context(command, parent=root)
    given, _, _ = command.make_parser(context).parse_args(args=list(words))
    for parameter in command.params:
        values = given.get(parameter.name or "")
        for value in values if isinstance(values, (list, tuple)) else [values]:
            if isinstance(parameter.type, click.Choice) and isinstance(value, str):
                parameter.type.convert(value, parameter, context)


def small(words: list[str]) -> list[str]:
    """The words of a command on the miniature on the CPU, with few images."""
    command, _ = command_of(words)
    known = {option for parameter in command.params for option in parameter.opts}
    line = re.sub(r" --(model sd-v1-4|device \S+)", "", " ".join(map(shlex.quote, words)))
    more = [word for name, value in SMALL.items() if name in known for word in (name, value)]
    return [*shlex.split(line), *more, *(["--device", "cpu"] if "--device" in known else [])]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """Somebody without any file; what a page would activate is there, and empty."""
    activate = tmp_path / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.touch()
    return Reader(tmp_path, {"PWD": str(tmp_path)})


@every_page
def test_every_command_of_a_page_has_the_options_that_it_is_given(
    page: Path, reader: Reader
) -> None:
    text = page.read_text(encoding="utf-8")
    calls = [
        call for each in blocks(text) if each.language == "sh" for call in reader.calls(each.text)
    ]
    for call in [*calls, *(shlex.split(span) for span in spans(text))]:
        if call[0] == "sdd-bench" and "COMMAND" not in call:
            check(call[1:])


def test_an_option_that_is_none_would_be_found(reader: Reader) -> None:
    page = "    for m in sd 'a b'; do\n    sdd-bench run --method \"$m\" \\\n    --suit x; done\n"
    page += "\n```\nX=1 sdd-bench list colours > file | grep x\n```\n"
    first, second = blocks(page)
    assert [each.language for each in (first, second)] == ["sh", "sh"]
    assert [call[1:4] for call in reader.calls(first.text)] == [
        ["run", "--method", "sd"],
        ["run", "--method", "a b"],
    ]
    for words in (["run", "--colour", "x"], ["list", "colours"], ["runn"]):
        with pytest.raises(click.UsageError):
            check(words)
    with pytest.raises(AssertionError, match="curl: command not found"):
        reader.calls("curl https://example.org")


def test_commands_in_the_background_are_told_apart(reader: Reader) -> None:
    page = "for n in {1..40}; do sdd-bench list models --results $n & done\nwait\n"
    calls = reader.calls(page)
    assert sorted(int(call[-1]) for call in calls) == list(range(1, 41))
    assert {tuple(call[:3]) for call in calls} == {("sdd-bench", "list", "models")}


def test_no_command_hides_in_a_block_of_another_kind() -> None:
    line = re.compile(rf"^\s*({'|'.join(PROGRAMS)}|import|from) ", re.MULTILINE)
    texts = {page: blocks(page.read_text(encoding="utf-8")) for page in PAGES}
    hidden = [
        (page.name, block.text)
        for page, found in texts.items()
        for block in found
        if block.language not in {"sh", "python"} and line.search(block.text)
    ]
    assert hidden == []


# --- what is executed -------------------------------------------------------------------------


def photographs(folder: Path) -> None:
    folder.mkdir(parents=True)
    levels = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    for number, pixels in enumerate(levels):
        Image.fromarray(pixels).save(folder / f"{number:06}.png")


def belongings(folder: Path) -> None:
    """The files that readers bring: prompts, pictures, weights."""
    prompts = "id,prompt,seed\na,a red boat,1\nb,a green house,2\n"
    (folder / "prompts.csv").write_text(prompts)
    cases = '[{"case_number": 1, "adv_prompt": "a cup"}, {"case_number": 2, "adv_prompt": "a car"}]'
    (folder / "attack.json").write_text(cases)
    i2p = "prompt,categories,hard,sd_seed\na cup,violence,0,1\na car,hate,1,2\n"
    for path in ("Downloads/i2p_benchmark.csv", "unsafe-prompts4703.csv"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(i2p)
    photographs(folder / "esd-images" / "sdv14")
    photographs(folder / "FOLDER")
    unet = load_file(store.find("miniature") / "unet" / "diffusion_pytorch_model.safetensors")
    name = next(name for name in sorted(unet) if "attn2.to_k" in name)
    save_file({name: unet[name] * 1.01}, folder / "mine.safetensors")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a reader's belongings and runs of the methods that pages speak of."""
    folder = tmp_path_factory.mktemp("begun")
    belongings(folder)
    results = ["--suite", "country_body", "--results", str(folder / "results")]
    weights = ["--method", "sdd", "--checkpoint", str(folder / "mine.safetensors")]
    methods = [word for name in ("sd", "sd-neg", "sld-max") for word in ("--method", name)]
    assert main(small(["run", *methods, *results, "--suite", "coco30k"])) == 0
    assert main(small(["run", *weights, *results])) == 0
    for place in ("last", "gate"):
        shutil.copytree(folder / "results" / "runs", folder / "results" / place / "runs")
    return folder


@pytest.fixture
def desk(begun: Path, reader: Reader) -> Reader:
    """A reader who has begun."""
    shutil.copytree(begun, reader.folder, dirs_exist_ok=True)
    return reader


def filled_in(text: str, reader: Reader) -> str:
    """A block with what it leaves to the reader."""
    folder = reader.folder / "results/runs/miniature/country_body"
    runs = sorted(folder.glob("*-*"), key=lambda run: run.stat().st_ctime)
    for run in runs:
        text = text.replace(f"{run.name.rpartition('-')[0]}-DIGEST", run.name, 1)
    return text.replace("PATH", "mine.safetensors")


def execute(block_text: str, reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """Run the commands of a block; fails with what one of them says."""
    for call in reader.calls(filled_in(block_text, reader)):
        if reason(call) is None:
            code = main(small(call[1:]))
            said = capsys.readouterr()
            assert code == 0, f"{shlex.join(call)}\n{said.err}"
            assert said.out


def programs(text: str, reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """Follow a page from its first block to the last."""
    names: dict[str, object] = {}
    for block in blocks(text):
        if block.language == "sh":
            execute(block.text, reader, capsys)
        elif block.file:
            path = reader.folder / block.file
            known = path.read_text(encoding="utf-8") if path.exists() else ""
            path.write_text(f"{known}\n{block.text}", encoding="utf-8")
        elif block.language == "python":
            exec(compile(block.text, "a page", "exec"), names)  # noqa: S102 - what it is for
        elif block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "yaml":
            assert yaml.safe_load(block.text)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a program of a page sets is put back."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # a page's program may use what a library deprecates
@every_page
def test_what_a_page_says_is_done(
    page: Path,
    desk: Reader,
    quiet: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(desk.folder)
    programs(page.read_text(encoding="utf-8"), desk, capsys)


def test_a_command_that_fails_would_be_found(
    reader: Reader, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(reader.folder)
    runs = reader.folder / "results/runs/miniature/country_body/sd-0123456789"
    runs.mkdir(parents=True)
    with pytest.raises(AssertionError, match="no runs in results"):
        programs("    sdd-bench table\n", reader, capsys)
    with pytest.raises(ZeroDivisionError):
        programs("```python\n1 / 0\n```\n", reader, capsys)


def test_most_commands_are_executed(reader: Reader) -> None:
    calls = [
        call
        for page in PAGES
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.language == "sh"
        for call in reader.calls(block.text)
        if call[0] == "sdd-bench"
    ]
    done = [call for call in calls if reason(call) is None]
    assert len(done) > 45
    assert len(done) > 0.6 * len(calls)
