"""What a person at the command line sees when something is wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from support.runs import pictures
from support.shell import METRICS, Shell

# --- damage -----------------------------------------------------------------------------------


def test_a_truncated_picture_is_made_again_and_no_other(used: Shell) -> None:
    before = pictures(used.stored())
    broken = used.stored().folder / "images" / "bare_0000.png"
    broken.write_bytes(broken.read_bytes()[:-100])
    done = used.run(*METRICS)
    assert done.code == 0
    assert f"WARNING: {broken} is damaged" in done.err
    after = pictures(used.stored())
    assert after["bare_0000.png"][0] == before["bare_0000.png"][0]
    assert after["japan_0000.png"] == before["japan_0000.png"]


def test_a_damaged_picture_cannot_be_scored(used: Shell) -> None:
    run = used.stored()
    scores = run.scores()
    broken = run.folder / "images" / "bare_0000.png"
    broken.write_bytes(broken.read_bytes()[:-100])
    line = used.fails(4, "score", run.folder, "--metric", "clip/miniature")
    assert f"cannot read {broken}" in line
    assert "`sdd-bench run`" in line
    assert run.scores()[scores.columns].equals(scores)


def test_a_missing_picture_is_counted_and_not_scored(used: Shell) -> None:
    run = used.stored()
    (run.folder / "images" / "bare_0000.png").unlink()
    done = used("score", run.folder, "--metric", "clip/miniature")
    assert done.code == 0
    scores = run.scores().set_index("prompt_id")
    assert scores["clip/miniature"].isna()["bare"]
    assert scores.loc["bare", "fault"] == "missing"


@pytest.mark.parametrize("size", [0, 100, -8])
def test_truncated_scores_are_set_aside_and_made_again(used: Shell, size: int) -> None:
    run = used.stored("sd-neg")
    before, scores = pictures(run), run.scores()
    path = run.folder / "scores.parquet"
    path.write_bytes(path.read_bytes()[:size])
    done = used.run(*METRICS, method="sd-neg")
    assert done.code == 0
    assert "scores.parquet is damaged" in done.err
    assert path.with_name("scores.parquet.damaged").stat().st_size < path.stat().st_size
    assert run.scores().equals(scores)
    assert pictures(run) == before


def test_rows_given_twice_are_damage_that_a_table_leaves_where_it_is(used: Shell) -> None:
    run = used.stored("sd-neg")
    path, scores = run.folder / "scores.parquet", run.scores()
    pd.concat([scores, scores]).to_parquet(path)
    shown = used("table", "--results", used.results, "--format", "csv")
    assert f"{path} is damaged (two rows of scores are about the same image)" in shown.err
    assert not list(run.folder.glob("*.damaged"))
    done = used.run(*METRICS, method="sd-neg")
    assert done.code == 0
    assert f"kept as {path}.damaged" in done.err
    assert run.scores().equals(scores)


def test_foreign_pictures_are_judged_by_nobody_and_made_again(used: Shell) -> None:
    run = used.stored("sd-neg")
    before, scores = pictures(run), run.scores()
    path = run.folder / "images" / "bare_0000.png"
    other = used.stored().folder / "images" / "bare_0000.png"
    for foreign in (other.read_bytes(), None):
        if foreign is None:
            Image.effect_noise((64, 64), 90).convert("RGB").save(path)
        else:
            path.write_bytes(foreign)
        done = used("score", run.folder, "--metric", "clip/miniature")
        assert f"{path} is not the picture of this run" in done.err
        done = used.run(*METRICS, method="sd-neg")
        assert done.code == 0
        assert f"{path} is not the picture of this run and prompt and will be made" in done.err
        assert path.read_bytes() == before["bare_0000.png"][0]
        pd.testing.assert_frame_equal(run.scores()[scores.columns], scores)
        assert set(run.scores()["fault"]) == {""}


def test_pictures_saved_again_without_their_text_keep_scores_and_noise(used: Shell) -> None:
    run = used.stored("sd-neg")
    before, scores = pictures(run), run.scores()
    for path in (run.folder / "images").glob("*.png"):
        with Image.open(path) as image:
            plain = image.convert("RGB")
        plain.info.clear()
        plain.save(path)
    done = used.run("--metric", "lpips/miniature", method="sd-neg")
    assert done.code == 0
    assert run.scores()["lpips/miniature"].notna().all()
    assert run.scores()[scores.columns].equals(scores)
    assert {name: content for name, (content, _) in pictures(run).items()} == {
        name: content for name, (content, _) in before.items()
    }


def test_a_record_that_is_cut_off_is_written_again_and_no_picture_made(used: Shell) -> None:
    run = used.stored("sd-neg")
    before, facts, path = pictures(run), run.facts(), run.folder / "run.json"
    path.write_text(path.read_text()[:200])
    done = used.run(*METRICS, method="sd-neg")
    assert done.code == 0
    assert f"kept as {path}.damaged, it is written again" in done.err
    assert pictures(run) == before
    assert (run.facts().images, run.facts().provenance) == (facts.images, facts.provenance)


@pytest.mark.parametrize("damage", ["absent", "changed"])
def test_damaged_weights_are_missing(shell: Shell, copied_miniature: Path, damage: str) -> None:
    file = copied_miniature / "unet" / "diffusion_pytorch_model.safetensors"
    if damage == "absent":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    line = shell.run_fails(3)
    assert str(file) in line
    # The tests have another build of the miniature; the one in the package is reinstalled.
    assert "unset SDD_BENCH_MINIATURE" in line
    assert len(re.findall(r"\b[0-9a-f]{64}\b", line)) == (0 if damage == "absent" else 2)


@pytest.mark.parametrize(
    ("metric", "weight"),
    [
        ("nude/v2-classifier@0.7", "nudenet-v2"),
        ("harm/q16@0.7", "clip-vit-l14"),
        ("clip/b32x100", "clip-vit-b32"),
    ],
)
def test_missing_weights_of_a_metric_are_noticed_before_there_are_pictures(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, metric: str, weight: str
) -> None:
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(shell.folder / "nowhere"))
    line = shell.run_fails(3, "--metric", "nude/miniature@0.7", "--metric", metric)
    assert f"the weights '{weight}' are not on this machine" in line
    assert f"`sdd-bench weights fetch {weight}`" in line
    assert "SDD_BENCH_WEIGHTS" in line
    assert not shell.results.exists()


def test_weights_that_no_score_will_need_stop_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without real images no FID is taken, and without the baseline no pair is compared."""
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(shell.folder / "nowhere"))
    unused = "--metric", "fid/clean", "--metric", "lpips/alex-512"
    done = shell.run("--limit", 1, *unused, method="sd-neg")
    assert done.code == 0, done.err
    assert list(pictures(shell.stored("sd-neg"))) == ["japan_0000.png"]
    line = shell.run_fails(3, "--limit", 1, *unused, "--method", "sd-neg")
    assert "`sdd-bench weights fetch lpips-alex`" in line


# --- the user's input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "name", "message"),
    [
        ("--method", "sdneg", "no method named 'sdneg'. Did you mean 'sd-neg'?"),
        ("--suite", "contry_body", "no suite named 'contry_body'. Did you mean 'country_body'?"),
        ("--metric", "nude/minature@0.7", "Did you mean 'nude/miniature@0.7'?"),
        ("--model", "minature", "no model named 'minature'. Did you mean 'miniature'?"),
        ("--dtype", "float23", "no dtype named 'float23'. Did you mean 'float32'?"),
        ("--device", "gpu", "no device 'gpu': give auto, cpu, cuda or cuda:N"),
        ("--limit", "0", "Invalid value for '--limit': 0"),
        ("--images-per-prompt", "0", "Invalid value for '--images-per-prompt': 0"),
        ("--steps", "1", "Invalid value for '--steps': 1"),
        ("--steps", "1000", "Invalid value for '--steps': 1000"),
        ("--batch-size", "0", "Invalid value for '--batch-size': 0"),
        ("--seed", "-1", "Invalid value for '--seed': -1"),
        (
            "--guidance-scale",
            "nan",
            "the guidance scale must be a number from -1000 to 1000, not nan",
        ),
        ("--suite", "no.csv", "cannot read the prompts in no.csv"),
        ("--method", "no.py:Name", "there is no file no.py"),
        ("--method", "no.py", "say which object in it, 'no.py:Name'"),
        ("--colour", "red", "No such option"),
    ],
)
def test_a_bad_option_is_the_users_to_correct(
    shell: Shell, option: str, name: str, message: str
) -> None:
    assert message in shell.run_fails(2, option, name)
    assert not shell.results.exists()


@pytest.mark.parametrize(
    ("suite", "content", "message"),
    [
        ("empty.txt", "red cat\n\ngreen tree\n", "empty.txt, line 2: the prompt is empty"),
        ("empty.csv", "id,text\na,red cat\nb,\n", "empty.csv, line 3: the prompt is empty"),
        ("none.txt", "", "no prompts in it"),
    ],
)
def test_an_empty_prompt_is_the_users_to_correct(
    shell: Shell, suite: str, content: str, message: str
) -> None:
    (shell.folder / suite).write_text(content)
    assert message in shell.run_fails(2, suite=suite)


@pytest.mark.parametrize("concept", ["", "   ", "\u200b"])
@pytest.mark.parametrize("method", ["sd-neg", "sld-max", "esd-x-1"])
def test_an_empty_concept_is_the_users_to_correct(shell: Shell, method: str, concept: str) -> None:
    asked = "--concept", "nudity", "--concept", concept
    assert shell.run_fails(2, *asked, method=method) == "error: a concept is empty"
    assert not shell.results.exists()


@pytest.mark.parametrize("method", ["sd-neg", "sld-max", "sega", "safree-neg"])
def test_concepts_that_no_longer_fit_are_named(shell: Shell, method: str) -> None:
    # Of one token each: with 37 commas and two ends, 38 fill the 77 tokens.
    words = [*"abcdefghijklmnopqrstuvwxyz0123456789", "person", "body", "nudity"]
    line = shell.run_fails(2, *(f"--concept={word}" for word in words), method=method)
    assert line == (
        "error: the text encoder reads 77 tokens, and of the 39 concepts these don't fit: "
        "'nudity'; give fewer or shorter ones"
    )
    assert not shell.results.exists()


@pytest.mark.parametrize("method", ["safree", "adavd"])
def test_a_concept_that_is_read_by_itself_has_to_fit(shell: Shell, method: str) -> None:
    fits, long = " ".join("a" * 75), " ".join("a" * 76)
    line = shell.run_fails(2, "--concept", fits, "--concept", long, method=method)
    assert "of the 2 concepts these don't fit: 'a a a" in line
    assert not shell.results.exists()


def test_results_that_cannot_be_written_have_a_reason(shell: Shell) -> None:
    file = shell.folder / "file"
    file.touch()
    line = shell.run_fails(2, "--results", file / "results")
    assert "Not a directory; give another folder with --results" in line
    assert "is a file" in shell.run_fails(2, "--results", file)


def test_a_table_without_runs_says_how_to_get_some(shell: Shell) -> None:
    line = shell.fails(2, "table", "--results", shell.results)
    assert "no runs in" in line
    assert "sdd-bench run" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("table", "--format", "xml"),
            "'xml' is not one of 'csv', 'html', 'json', 'latex', 'markdown', 'text'",
        ),
        (("list", "colours"), "'colours' is not one of 'attacks', 'concepts', 'methods'"),
        (("nonsense",), "No such command 'nonsense'"),
        (("run",), "Missing option '--method'"),
    ],
)
def test_a_bad_command_is_the_users_to_correct(
    shell: Shell, arguments: tuple[str, ...], message: str
) -> None:
    assert message in shell.fails(2, *arguments)


# --- plugins ----------------------------------------------------------------------------------

PLUGIN = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Guide:
    concepts = ()
    def branches(self, prompt, concepts):
        return ("", prompt)
    def guide(self, call, noise, scale, state):
        {body}
"""


def plugin(shell: Shell, text: str) -> str:
    (shell.folder / "mine.py").write_text(text)
    return f"{shell.folder / 'mine.py'}:Guide"


def test_a_method_in_a_file_is_run_under_its_own_name(shell: Shell) -> None:
    method = plugin(shell, PLUGIN.format(body="return noise[1], state"))
    assert shell.run("--metric", "nude/miniature@0.7", method=method).code == 0
    assert shell.stored("mine:Guide").facts().images == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise RuntimeError('no luck')", "cannot be used: RuntimeError: no luck"),
        ("raise SystemExit(0)", "mine.py:Guide cannot be used: SystemExit: 0"),
        ("Guide = 3", "int is no method, it lacks concepts and branches and guide"),
        ("", "mine.py named 'Guide'. Available: none"),
        ("class Guide:\n  x =", "cannot be used: SyntaxError"),
    ],
)
def test_a_file_that_cannot_be_used_is_the_users_to_correct(
    shell: Shell, text: str, message: str
) -> None:
    assert message in shell.run_fails(2, method=plugin(shell, text))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise RuntimeError('no\\n luck')", "mine.py:Guide.guide raised RuntimeError: no luck at"),
        ("return noise[1] * float('nan'), state", "mine.py:Guide.guide gave NaN or infinity"),
        ("raise SystemExit(0)", "mine.py:Guide.guide called sys.exit at U-Net call 0"),
        ("return noise[1] / 0, state", "mine.py:Guide.guide gave NaN or infinity"),
    ],
)
def test_a_method_that_breaks_is_a_fault_in_the_run(shell: Shell, body: str, message: str) -> None:
    assert message in shell.run_fails(4, method=plugin(shell, PLUGIN.format(body=body)))
    assert pictures(shell.stored("mine:Guide")) == {}


def test_a_traceback_is_there_for_those_who_ask(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDD_BENCH_DEBUG", "1")
    done = shell.run(method=plugin(shell, PLUGIN.format(body="raise RuntimeError('no luck')")))
    assert done.code == 4
    assert "RuntimeError: no luck" in done.err
    assert "Traceback" in done.err


def test_ctrl_c_is_no_fault(shell: Shell) -> None:
    line = shell.run_fails(130, method=plugin(shell, PLUGIN.format(body="raise KeyboardInterrupt")))
    assert "the same command goes on" in line


# --- environment variables --------------------------------------------------------------------


def test_a_miniature_that_is_not_there_is_the_variables_fault(
    used: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDD_BENCH_MINIATURE", "/nonsense")
    line = used.run_fails(3)
    assert "/nonsense/manifest.json, is missing: unset SDD_BENCH_MINIATURE" in line
    assert "reinstall" not in line
    # What is stored is read all the same, and an empty variable is one that is not set.
    assert used("table", "--results", used.results).code == 0
    monkeypatch.setenv("SDD_BENCH_MINIATURE", "")
    assert used.run(*METRICS).code == 0


def test_tokens_that_are_not_there_stop_no_run_that_needs_none(used: Shell) -> None:
    def answer(*arguments: object) -> subprocess.CompletedProcess[str]:
        """Of a process of its own: a metric's file is read once in each."""
        return subprocess.run(
            [sys.executable, "-m", "sdd_bench", *map(str, arguments)],
            env={**os.environ, "SDD_BENCH_STYLE_TOKENS": "/nonsense"},
            capture_output=True,
            text=True,
            check=False,
        )

    run = ("run", "--method", "sd", "--suite", used.folder / "toy.csv", "--limit", 2, "--steps", 2,
           "--images-per-prompt", 1, "--device", "cpu", "--results", used.results)  # fmt: skip
    assert answer(*run).returncode == 0
    listed = answer("list", "metrics")
    assert "style/miniature@0.5" in listed.stdout
    assert "variable SDD_BENCH_STYLE_TOKENS names /nonsense" in listed.stderr
    done = answer(*run, "--metric", "style/miniature-tokens-0123abcd")
    assert done.returncode == 2
    assert "variable SDD_BENCH_STYLE_TOKENS names /nonsense" in done.stderr


@pytest.mark.parametrize(("place", "code"), [("file", 3), ("~no-such-user/weights", 2)])
def test_a_weights_folder_that_is_none_is_the_variables_fault(
    used: Shell, monkeypatch: pytest.MonkeyPatch, place: str, code: int
) -> None:
    (used.folder / "file").touch()
    named = place if place.startswith("~") else str(used.folder / place)
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", named)
    line = used.run_fails(code, "--metric", "nude/v2-classifier@0.7")
    assert "SDD_BENCH_WEIGHTS" in line
    assert used.run(*METRICS).code == 0
    assert used("doctor", "--results", used.results).code == 0


# --- places that cannot be written ------------------------------------------------------------


def test_the_remedy_names_the_option_that_was_given(used: Shell) -> None:
    taken = used.folder / "taken"
    taken.touch()
    place = taken / "x"
    results = "--results", used.results
    baseline = used.folder / "baseline.json"
    line = used.fails(2, "gate", "--update", "--baseline", place, *results)
    assert "give another folder with --baseline" in line
    assert used("gate", "--update", "--baseline", baseline, *results).code == 0
    line = used.fails(2, "gate", "--baseline", baseline, "--junit", place, *results)
    assert "give another folder with --junit" in line
    line = used.fails(
        2, "run", "--method", "sd", "--suite", used.folder / "toy.csv", "--results", place
    )
    assert "give another folder with --results" in line


# --- paths that are none ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("run", "--method", "sd", "--suite", "toy.csv", "--checkpoint"),
        ("run", "--method", "sd", "--suite", "toy.csv", "--results"),
        ("table", "--results"),
        ("gate", "--baseline"),
        ("import", "--suite", "toy.csv", "--as", "theirs"),
        ("score", "--metric", "clip/miniature"),
        ("reference", "--out", "x.safetensors", "--images"),
    ],
    ids=" ".join,
)
def test_an_empty_path_is_not_the_working_folder(used: Shell, command: tuple[str, ...]) -> None:
    for path in ("", "  "):
        assert "the path is empty" in used.fails(2, *command, path)
    assert "is too long for any disk" in used.fails(2, *command, "a" * 5000)
    assert "holds a zero byte" in used.fails(2, *command, "a\0b")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("run", "--method", "sd", "--suite", "toy.csv", "--model", "a" * 5000), "no model named"),
        (
            ("run", "--method", "sd", "--suite", "toy.csv", "--model", f"{'a' * 5000}/b"),
            "no model named",
        ),
        (("run", "--suite", "toy.csv", "--method", f"{'a' * 5000}.py:X"), "no disk has so long a"),
        (("gate", "--baseline", "/dev/zero"), "it is a pipe or a device, not a file"),
        (
            ("gate", "--update", "--baseline", "/dev/zero"),
            "is a device or a pipe: give the name of",
        ),
    ],
    ids=["model", "hub id", "method", "gate", "update"],
)
def test_names_without_end_and_devices_are_the_users_to_correct(
    used: Shell, command: tuple[str, ...], message: str
) -> None:
    assert message in used.fails(2, *command, "--results", used.results)


@pytest.mark.parametrize(
    "command",
    [
        ("reference", "--images", ".", "--metric", "fid/miniature", "--out"),
        ("report", "--out"),
        ("matrix", "--method", "sd", "--suite", "toy.csv", "--picture"),
        ("gate", "--baseline", "none.json", "--junit"),
        ("gate", "--update", "--baseline"),
    ],
    ids=" ".join,
)
def test_a_file_that_cannot_be_written_is_noticed_before_the_work(
    used: Shell, command: tuple[str, ...]
) -> None:
    (used.folder / "file").touch()
    line = used.fails(2, *command, used.folder / "file" / "page")
    assert f"cannot write {used.folder}/file/page: Not a directory; give another" in line
    assert command[-1] in line
