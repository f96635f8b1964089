"""What a table does not show is said below it."""

from __future__ import annotations

from pathlib import Path

from sdd_bench import registry
from sdd_bench.analysis.remarks import remarks
from sdd_bench.runs.importer import import_images
from sdd_bench.runs.run import Facts, Run, SetValue
from support.importing import SINGLE, fill
from support.runs import PIXELS, made_up, run_spec, sample, store
from support.shell import Shell

STARTED = "2024-01-01T00:00:00+00:00"


def killed(root: Path) -> Run:
    """A run of 64 images, ended when it had two."""
    pictures = [(sample(k=k), PIXELS, "") for k in range(2)]
    run = made_up(root, run_spec(), pictures=pictures)
    run.write_facts(Facts(started=STARTED, images=64))
    return run


def test_a_killed_run_says_what_is_there(tmp_path: Path) -> None:
    (line,) = remarks([killed(tmp_path)], registry.scan())
    assert line == "sd on body: 2 of 64 images, not scored yet: run the same command again."


def test_a_run_killed_in_scoring_has_all_its_images(tmp_path: Path) -> None:
    run = killed(tmp_path)
    run.finish(images=2, truncated_prompts=0, provenance={})
    (line,) = remarks([run], registry.scan())
    assert line == "sd on body: 2 images, not scored yet: run the same command again."


def test_a_run_that_was_made_bigger_and_killed_says_so(tmp_path: Path) -> None:
    run = store(tmp_path, "sd", {"nude/miniature": [1.0] * 4})
    run.write_facts(Facts(started=STARTED, images=8))
    (line,) = remarks([run], registry.scan())
    assert line.startswith("sd on body: 0 of 8 images, not all of them scored yet")


def test_images_of_others_are_scored_by_score_not_by_importing_again(tmp_path: Path) -> None:
    folder = fill(tmp_path / "theirs", ["000000.png", "000001.png", "000002.png"])
    run, _ = import_images(folder, SINGLE, name="theirs", model="miniature", results=tmp_path)
    (line,) = remarks([run], registry.scan())
    assert line == (
        "theirs on toy: 3 images, not scored yet: "
        f"`sdd-bench score {run.folder} --metric NAME` does it."
    )


def test_a_run_that_is_done_says_nothing(tmp_path: Path) -> None:
    run = store(tmp_path, "sd", {"nude/miniature": [1.0] * 4})
    run.finish(images=4, truncated_prompts=0, provenance={})
    assert remarks([run], registry.scan()) == []


def test_scores_of_a_file_are_not_shown_and_it_is_said_why(tmp_path: Path) -> None:
    value = SetValue(value=1.0, low=0.0, high=2.0, n=4)
    scores = {"nude/miniature": [1.0] * 4, "red/mean": [0.5] * 4}
    runs = [
        store(tmp_path, "sd", scores, sets={"spread/mine": value}),
        store(tmp_path, "sd-neg", scores),
    ]
    red, spread = remarks(runs, registry.scan())
    assert red.startswith("red/mean is stored of 2 runs and not shown")
    assert "`sdd-bench score RUN --metric FILE.py:NAME` shows it" in red
    assert spread.startswith("spread/mine is stored of 1 run and")


def test_table_says_what_a_killed_run_left(shell: Shell) -> None:
    killed(shell.results)
    done = shell("table", "--results", shell.results)
    assert done.out == (
        "No results yet\nsd on body: 2 of 64 images, not scored yet: run the same command again.\n"
    )
