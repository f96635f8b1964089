"""Tables on stored runs: made-up ones for the logic, a tiny real one for the whole way."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sdd_bench import models
from sdd_bench.benchmark import stored
from sdd_bench.benchmark.request import Request
from sdd_bench.benchmark.selection import choose
from sdd_bench.papers import cost, published, reproduction
from sdd_bench.papers import needs as paper_needs
from sdd_bench.papers import table as papers_table
from sdd_bench.papers.needs import Need, NeedStatus
from sdd_bench.papers.published import Published, Table
from sdd_bench.runs.identity import RunSpec
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.suites import seeds
from sdd_bench.types import Settings

from .conftest import Shell, own_table

SMALL = {"limit": 2, "images_per_prompt": 2}


def base(results: Path, **changes: object) -> Request:
    fields: dict[str, object] = {"methods": (), "suites": (), "results": results, **SMALL}
    return Request(**fields | changes)  # type: ignore[arg-type]


def store(need: Need, **changes: object) -> Run:
    """A run that the need asks for, with made-up images and scores."""
    request, suite = need.request, need.prompts
    assert suite is not None
    chosen = choose(request.methods[0], request)
    spec = RunSpec(
        model="miniature",
        model_hash=stored.local_hash(models.find("miniature")) or "",
        method=chosen.name,
        parameters=chosen.parameters,
        concepts=chosen.concepts,
        checkpoint=None,
        suite=suite.name,
        suite_hash=suite.hash,
        settings=Settings(steps=request.steps),
        numerics="cpu-float32-rows32",
    )
    run = Run.create(request.results, replace(spec, **changes))  # type: ignore[arg-type]
    samples = seeds.samples(suite, request.seed)
    for sample in samples:
        run.save_image(sample, np.full((8, 8, 3), sample.k, dtype=np.uint8), "noise")
    run.finish(images=len(samples), truncated_prompts=0, provenance={})
    scores = pd.DataFrame(
        [
            {
                "suite": suite.name,
                "method": chosen.name,
                "prompt_id": sample.prompt.id,
                "prompt": sample.prompt.text,
                "group": sample.prompt.group,
                "k": sample.k,
                "seed": sample.seed,
                "noise_hash": "",
                "image_hash": "",
                "fault": "",
                "nude/miniature": float(sample.k),
                "clip/miniature": 0.5,
                "lpips/miniature": 0.1,
            }
            for sample in samples
        ]
    )
    run.write_scores(scores)
    n = len(samples)
    run.write_sets({"fid/miniature": SetValue(value=20.0, low=19.0, high=21.0, n=n)})
    return run


@pytest.fixture
def table() -> Table:
    return published.load("table1")


def states(table: Table, results: Path, **changes: object) -> list[NeedStatus]:
    needs = paper_needs.needs(table, base(results, **changes))
    return paper_needs.states(needs, results)


# --- what is needed and what is there -----------------------------------------------------------


def test_a_table_needs_every_method_on_every_suite(table: Table, tmp_path: Path) -> None:
    found = states(table, tmp_path)
    assert [(s.need.row.label, s.need.suite) for s in found[:3]] == [
        ("SD", "country_body"),
        ("SD", "coco30k"),
        ("SD+NEG", "country_body"),
    ]
    assert len(found) == 8 * 2
    assert {s.missing for s in found} == {4}
    assert not any(s.complete for s in found)


def test_a_need_on_the_miniature_has_its_own_numbers_of_images(
    table: Table, tmp_path: Path
) -> None:
    found = states(table, tmp_path, limit=None, images_per_prompt=None)
    assert [s.missing for s in found[:2]] == [500, 500]


def test_a_preview_costs_a_tenth(table: Table, tmp_path: Path) -> None:
    whole = base(tmp_path, limit=None, images_per_prompt=None)
    needs = paper_needs.needs(table, whole, preview=True)
    # Fewer images of each of the 50 countries; fewer captions where each has but one.
    assert [len(need.stems()) for need in needs[:2]] == [50, 50]
    assert len({stem[:-5] for stem in needs[0].stems()}) == 50


def test_methods_of_one_suite_run_together_and_the_baseline_first(
    table: Table, tmp_path: Path
) -> None:
    todo = reproduction.requests(states(table, tmp_path))
    assert [(r.suites, r.methods, r.concepts) for r in todo] == [
        (("country_body",), ("sd", "sd-neg", "sld-medium", "sld-max", "sega"), ("nudity, sexual",)),
        (("coco30k",), ("sd", "sd-neg", "sld-medium", "sld-max", "sega"), ("nudity, sexual",)),
        (("country_body",), ("esd-u-3", "esd-x-3", "sdd"), ("nudity",)),
        (("coco30k",), ("esd-u-3", "esd-x-3", "sdd"), ("nudity",)),
    ]
    assert todo[1].metrics == ("fid/miniature", "lpips/miniature", "clip/miniature")


def test_what_is_stored_is_not_asked_for_again(table: Table, tmp_path: Path) -> None:
    for need in paper_needs.needs(table, base(tmp_path)):
        if need.row.label != "SEGA" or need.suite != "coco30k":
            store(need)
    (todo,) = reproduction.requests(states(table, tmp_path))
    assert (todo.methods, todo.suites) == (("sega",), ("coco30k",))


@pytest.mark.parametrize(
    "changes",
    [
        {"model_hash": "0"},
        {"settings": Settings(steps=24)},
        {"settings": Settings(seed=43)},
        {"suite_hash": "0"},
        {"concepts": ("cats",)},
        {"parameters": {"guidance": 1}},
    ],
)
def test_another_run_is_not_taken_for_the_one_needed(
    table: Table, tmp_path: Path, changes: dict[str, object]
) -> None:
    store(paper_needs.needs(table, base(tmp_path))[2], **changes)
    assert states(table, tmp_path)[2].run is None


def test_the_device_that_made_a_run_does_not_matter_unless_it_is_named(
    table: Table, tmp_path: Path
) -> None:
    other = {"numerics": "NVIDIA-A100-float16", "settings": Settings(dtype="float16")}
    store(paper_needs.needs(table, base(tmp_path))[0], **other)
    assert states(table, tmp_path)[0].complete
    assert states(table, tmp_path, device="cuda", dtype="float16")[0].complete
    assert states(table, tmp_path, device="cpu")[0].run is None
    assert states(table, tmp_path, dtype="float32")[0].run is None


def test_a_lost_image_and_a_lost_score_are_noticed(table: Table, tmp_path: Path) -> None:
    need = paper_needs.needs(table, base(tmp_path))[1]
    run = store(need)
    assert states(table, tmp_path)[1].complete
    next((run.folder / "images").glob("*.png")).unlink()
    assert states(table, tmp_path)[1].missing == 1
    shutil.rmtree(run.folder / "images")
    assert states(table, tmp_path)[1].missing == 4
    run = store(need)
    run.write_scores(run.scores().drop(columns="clip/miniature"))
    state = states(table, tmp_path)[1]
    assert (state.missing, state.complete) == (0, False)
    run = store(need)
    run.write_sets({"fid/miniature": SetValue(value=20.0, low=19.0, high=21.0, n=3)})
    assert not states(table, tmp_path)[1].complete


# --- ours beside the published ------------------------------------------------------------------


def cell(tidy: pd.DataFrame, row: str, column: str) -> dict[str, object]:
    (found,) = tidy[(tidy["row"] == row) & (tidy["column"] == column)].to_dict("records")
    return {str(key): value for key, value in found.items()}


def test_every_cell_has_a_verdict_in_words(table: Table, tmp_path: Path) -> None:
    store(paper_needs.needs(table, base(tmp_path))[0])
    tidy = papers_table.compare(table, states(table, tmp_path))
    assert len(tidy) == 9 * 4
    ours = cell(tidy, "SD", "nude")
    assert (ours["value"], ours["n"], ours["published"]) == (50.0, 4, 74.18)
    assert ours["difference"] == pytest.approx(-24.18)
    assert ours["verdict"] == "not comparable: other model"
    assert cell(tidy, "SDD", "nude")["verdict"] == "missing"
    assert cell(tidy, "SEGA", "fid")["verdict"] == "missing"


def same_model(table: Table) -> Table:
    return replace(table, models=("miniature",))


@pytest.mark.parametrize(
    ("published", "n", "verdict"),
    [
        # Ours: 2 of 4, each prompt 1 of 2, so no spread between prompts: Wilson, 15.0 to 85.0.
        (50.0, 5000, "agrees"),
        (84.0, 5000, "agrees"),
        (86.0, 5000, "differs"),
        (14.0, 5000, "differs"),
        # As few images as ours: the published number is as uncertain, sqrt(2) times as wide.
        (99.0, 4, "agrees"),
    ],
)
def test_the_verdict_for_the_same_model(
    table: Table, tmp_path: Path, published: float, n: int, verdict: str
) -> None:
    store(paper_needs.needs(table, base(tmp_path))[0])
    cells = {("SD", "nude"): Published(value=published, n=n)}
    mine = replace(same_model(table), cells=cells)
    tidy = papers_table.compare(mine, states(mine, tmp_path))
    assert cell(tidy, "SD", "nude")["verdict"] == verdict


def test_what_does_not_compare_says_why(table: Table, tmp_path: Path) -> None:
    mine = same_model(table)
    for need in paper_needs.needs(mine, base(tmp_path))[:2]:
        store(need)
    tidy = papers_table.compare(mine, states(mine, tmp_path))
    assert cell(tidy, "SD", "fid")["verdict"] == "not comparable: n = 4, published 30000"
    assert cell(tidy, "SD", "lpips")["verdict"] == "not published"
    store(paper_needs.needs(mine, base(tmp_path, steps=5))[0])
    tidy = papers_table.compare(mine, states(mine, tmp_path, steps=5))
    assert cell(tidy, "SD", "nude")["verdict"] == "not comparable: other settings"


def test_the_page(table: Table, tmp_path: Path) -> None:
    for need in paper_needs.needs(table, base(tmp_path))[:3]:
        store(need)
    page = papers_table.page(table, states(table, tmp_path))
    assert page.title.startswith("Table 1: removing nudity: numbers of miniature beside the")
    assert page.header[1] == "% nude ↓\ncountry_body\nnude/miniature@0.7\nn = 4"
    assert [row[0] for row in page.rows] == [row.label for row in table.rows]
    assert page.rows[0][1].splitlines() == [
        "50.00 [15.00, 85.00]",
        "noise [15.00, 85.00]",
        "paper 74.18 (−24.18)",
        "not comparable: other model",
    ]
    assert page.rows[4][1].splitlines() == ["paper 72.04*", "missing (not run)"]
    assert page.rows[8][4] == "paper 0.2693"
    assert any(note.startswith("* SEGA, % nude: ") for note in page.notes)
    # SD and SD+NEG have the same scores, so no replicate breaks their order.
    assert any("order of the methods holds in 100 %" in note for note in page.notes)


# --- the plan -----------------------------------------------------------------------------------


def test_the_cost_of_a_table_by_hand(table: Table, tmp_path: Path) -> None:
    store(paper_needs.needs(table, base(tmp_path))[0])
    found = states(table, tmp_path)
    costs = {(c.row, c.suite): c for c in cost.costs(table, found, tmp_path)}
    # Of 26 calls at 25 steps: two rows each, with SLD and SEGA three (methods with one edit).
    assert costs["SD", "country_body"].forwards == 0
    assert costs["SD", "coco30k"].forwards == 4 * 52
    assert costs["SLD-max", "coco30k"].forwards == 4 * 78
    assert costs["SEGA", "coco30k"].forwards == 4 * 78
    assert costs["SDD", "coco30k"].forwards == 4 * 52
    assert costs["SD", "coco30k"].training == 0
    assert costs["SDD", "country_body"].training > 0
    assert costs["SDD", "coco30k"].training == 0


def test_a_suite_that_is_not_here_counts_as_published(tmp_path: Path) -> None:
    table = published.load("table2")
    needs = [
        replace(need, prompts=None, absent="not here")
        for need in paper_needs.needs(table, base(tmp_path))
        if need.suite == "i2p"
    ]
    found = paper_needs.states(needs, tmp_path)
    costs = cost.costs(table, found, tmp_path)
    assert {cost.missing for cost in costs} == {23_515}
    assert "not here" in cost.page(table, found, tmp_path).notes


def test_the_published_speed_of_a_gpu() -> None:
    # 3.04 iterations a second x 16 images x 2 rows.
    assert published.speeds()["A100"]["forwards"] == round(3.04 * 16 * 2)
    assert all(speed["source"] for speed in published.speeds().values())


# --- the commands -------------------------------------------------------------------------------


@pytest.fixture
def mine(shell: Shell) -> str:
    return own_table(shell.folder)


def test_reproduce_makes_what_is_missing_and_nothing_twice(shell: Shell, mine: str) -> None:
    few = ("--limit", 2, "--images-per-prompt", 1, "--results", shell.results)
    first = shell("reproduce", mine, *few, "--device", "cpu", "--format", "json")
    assert first.code == 0, first.err
    rows = json.loads(first.out)
    assert [row["row"] for row in rows] == ["SD", "SD", "NEG", "NEG"]
    assert [row["n"] for row in rows] == [2, 0, 2, 2]
    assert rows[1]["reason"] == "is the baseline"
    assert rows[0]["verdict"] in {"agrees", "differs"}
    made = {path: path.stat().st_mtime_ns for path in shell.results.rglob("*") if path.is_file()}
    # Again, in a fresh interpreter: the same table, no torch, not a file touched.
    code = (
        "import sys; from sdd_bench.cli import main; code = main(sys.argv[1:]);"
        "assert 'torch' not in sys.modules; sys.exit(code)"
    )
    command = ["reproduce", mine, *few, "--device", "cpu", "--format", "json"]
    again = subprocess.run(
        [sys.executable, "-c", code, *map(str, command)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout == first.out
    assert made == {
        path: path.stat().st_mtime_ns for path in shell.results.rglob("*") if path.is_file()
    }
    # After losing an image just that one is made again.
    lost = next(iter(sorted(shell.results.rglob("*.png"))))
    lost.unlink()
    assert shell("reproduce", mine, *few, "--device", "cpu").code == 0
    assert lost.exists()
    changed = [p for p, time in made.items() if p.suffix == ".png" and p.stat().st_mtime_ns != time]
    assert changed == [lost]


def test_a_killed_reproduce_goes_on_and_makes_no_image_twice(shell: Shell, mine: str) -> None:
    def asked(results: Path) -> list[str]:
        few = ("--limit", "4", "--images-per-prompt", "1", "--batch-size", "1", "--device", "cpu")
        return ["reproduce", mine, *few, "--format", "json", "--results", str(results)]

    def images() -> dict[Path, tuple[int, int]]:
        found = {path: path.stat() for path in shell.results.glob("runs/*/*/*/images/*.png")}
        return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in found.items()}

    command = [sys.executable, "-m", "sdd_bench", *asked(shell.results)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and len(images()) < 5:
            time.sleep(0.01)
        process.kill()
        said, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert said == b""
    # Two methods on four prompts of two suites.
    kept = images()
    assert 5 <= len(kept) < 16
    again = shell(*asked(shell.results))
    assert again.code == 0, again.err
    assert images().items() >= kept.items()
    assert len(images()) == 16
    assert again.out == shell(*asked(shell.folder / "undisturbed")).out


@pytest.mark.parametrize("format_name", ["text", "markdown", "latex", "csv", "json", "html"])
def test_every_format_of_a_table(shell: Shell, format_name: str) -> None:
    answer = shell("table", "table2", "--format", format_name, "--results", shell.results)
    assert answer.code == 0
    assert "74.18" in answer.out
    assert "missing" in answer.out
    assert ("\\toprule" in answer.out) == (format_name == "latex")


def test_plan_runs_nothing(shell: Shell, mine: str) -> None:
    answer = shell("plan", mine, "--limit", 2, "--results", shell.results)
    assert answer.code == 0
    # Two methods: 40 images of two countries and 2 captions each, 3 calls of 2 rows an image.
    assert "504" in answer.out
    assert "2 CPU cores: about" in answer.out
    assert not shell.results.exists()


def test_what_is_typed_wrong_is_said(shell: Shell) -> None:
    assert "Did you mean 'table1'" in shell.fails(2, "reproduce", "tabel1")
    assert "NAME is one of country_body, coco30k" in shell.fails(
        2, "plan", "table1", "--suite", "i2p=x.csv"
    )
    assert "no runs in" in shell.fails(2, "table", "--results", shell.results)


def test_a_table_by_group_splits_its_runs(shell: Shell, table: Table) -> None:
    whole = base(shell.results, images_per_prompt=1, limit=None)
    store(paper_needs.needs(table, whole)[0])
    answer = shell(
        "table", "table1", "--by", "group", "--format", "csv", "--results", shell.results
    )
    assert answer.code == 0, answer.err
    lines = [line for line in answer.out.splitlines() if ",Japan," in line]
    assert len(lines) >= 1
