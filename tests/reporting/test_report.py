"""The page of stored runs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sdd_bench as sb
from sdd_bench.reporting import sampling
from sdd_bench.runs.lookup import find
from sdd_bench.runs.run import Run
from sdd_bench.types import Prompt, Sample
from support.reporting import Page, elements, illustrated, plain, read, samples, shelf
from support.runs import made_up, run_spec, score_rows, store

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"quotes\" 'and' `ticks` &amp; &lt;",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2028 line \u2029",
    "{{ 7 * 7 }} {% raw %} ]]>",
    "ten thousand " + "x" * 9_987,
    "zero \0 byte",
)


def made(results: Path, *runs: str, **options: Any) -> Path:
    """The page of runs."""
    return sb.report(runs, results=results, out=results.parent / "page.html", **options)


def shown(results: Path, *runs: str, **options: Any) -> Page:
    """What the page of runs holds."""
    return read(made(results, *runs, **options))


def of_method(page: Page, method: str) -> dict[str, Any]:
    """The one run of a method."""
    (run,) = (run for run in page.report["runs"] if run["method"] == method)
    assert isinstance(run, dict)
    return run


# --- numbers --------------------------------------------------------------------------------------


def test_the_page_has_every_raw_score_as_it_is_stored(results: Path) -> None:
    page = shown(results)
    assert of_method(page, "sd-neg")["scores"] == {
        "nude/miniature": [0.2, 0.1, 0.95, 0.3],
        "lpips/miniature": [0.5, 0.25, 0.125, 0.75],
    }
    assert of_method(page, "sd")["scores"] == {"nude/miniature": [0.9, 0.8, 0.7, 0.1]}


def test_a_score_that_is_missing_is_null_and_said(tmp_path: Path) -> None:
    illustrated(tmp_path / "r", "sd", {"nude/miniature": [0.9, float("nan"), 0.2, 0.1]})
    (run,) = shown(tmp_path / "r").report["runs"]
    assert run["scores"]["nude/miniature"] == [0.9, None, 0.2, 0.1]
    assert (
        "nude/miniature: 1 of 4 images unscored; they count neither as safe nor as unsafe."
        in (run["warnings"])
    )


def test_numbers_of_the_page_are_those_of_the_table(results: Path) -> None:
    tidy = sb.table(results=results).frame
    report = shown(results).report
    (table,) = (each for each in report["tables"] if each["name"] == "runs")
    cells = [cell for row in table["rows"] for cell in row if cell["definition"]]
    assert len(cells) == len(tidy) == 3
    for row in tidy.to_dict("records"):
        (cell,) = (
            cell
            for cell in cells
            if report["runs"][cell["run"]]["digest"] == row["digest"]
            and cell["definition"] == row["definition"]
        )
        number = cell["number"]
        assert [number[key] for key in ("value", "low", "high", "n")] == [
            row[key] for key in ("value", "low", "high", "n")
        ]


def test_cells_read_as_the_command_prints_them(results: Path) -> None:
    page = sb.table(results=results).pages[0]
    (table,) = (each for each in shown(results).report["tables"] if each["name"] == "runs")
    assert [[cell["text"] for cell in row] for row in table["rows"]] == [
        list(row) for row in page.rows
    ]
    assert (table["title"], table["header"], table["notes"]) == (
        page.title,
        list(page.header),
        list(page.notes),
    )


def test_pairs_have_the_flips_of_arithmetic_by_hand(results: Path) -> None:
    # At 0.7, strictly: sd counts rows 0 and 1 of [.9 .8 .7 .1], sd-neg row 2 of [.2 .1 .95 .3].
    report = shown(results).report
    (pair,) = report["pairs"]
    ours, theirs = (report["runs"][pair[key]] for key in ("run", "baseline"))
    assert (ours["method"], theirs["method"]) == ("sd-neg", "sd")
    raw = [
        [run["scores"]["nude/miniature"][row] for row in rows]
        for run, rows in zip((ours, theirs), pair["rows"], strict=True)
    ]
    gone = sum(b > 0.7 >= a for a, b in zip(*raw, strict=True))
    come = sum(a > 0.7 >= b for a, b in zip(*raw, strict=True))
    assert (gone, come) == (2, 1)


def test_the_same_results_give_the_same_page(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    first = made(results).read_bytes()
    assert made(results).read_bytes() == first
    assert read(made(results)).report["made"] == "2023-11-14T22:13:20+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000001")
    assert made(results).read_bytes() != first


# --- what is odd ----------------------------------------------------------------------------------


def test_without_the_undefended_model_there_are_numbers_and_a_sentence(results: Path) -> None:
    page = shown(results, "sd-neg")
    assert [run["method"] for run in page.report["runs"]] == ["sd-neg"]
    assert page.report["pairs"] == []
    assert any(
        "No run of the undefended model" in line for line in page.report["runs"][0]["warnings"]
    )
    assert page.report["tables"][0]["rows"][0][1]["number"]["n"] == 4


def test_images_of_another_noise_have_no_partners_and_it_is_said(tmp_path: Path) -> None:
    root = tmp_path / "r"
    illustrated(root, "sd", {"nude/miniature": [0.9, 0.8]})
    illustrated(root, "sd-neg", {"nude/miniature": [0.2, 0.1]}, noise="other")
    page = shown(root)
    assert page.report["pairs"] == []
    assert any(
        "no two images start from the same noise" in w
        for w in of_method(page, "sd-neg")["warnings"]
    )


def test_pictures_that_are_missing_or_damaged_are_named_and_the_rest_shown(results: Path) -> None:
    (run,) = (each for each in find(results) if each.spec.method == "sd")
    paths = sorted((run.folder / "images").iterdir())
    paths[0].unlink()
    paths[1].write_bytes(paths[1].read_bytes()[:60])
    run.save_image(run.samples()[2], plain(99), "n2")
    ours = of_method(shown(results), "sd")
    assert ours["pictures"]["why"] == [
        "missing",
        "damaged",
        "not the one that was scored",
        "",
    ]
    assert ours["pictures"]["block"][:3] == [-1, -1, -1]
    assert (
        "Of its 4 pictures are not shown: 1 damaged, 1 missing, 1 not the one that "
        "was scored." in ours["warnings"]
    )
    assert ours["scores"]["nude/miniature"] == [0.9, 0.8, 0.7, 0.1]


def test_a_run_without_pictures_shows_its_numbers(tmp_path: Path) -> None:
    store(tmp_path / "r", "sd", {"nude/miniature": [0.9, 0.1]})
    page = shown(tmp_path / "r")
    assert page.blocks == []
    assert of_method(page, "sd")["pictures"]["why"] == ["missing", "missing"]
    assert page.report["tables"][0]["rows"][0][1]["number"]["value"] == 50.0


def test_discarded_pictures_are_not_called_missing(results: Path) -> None:
    (run,) = (each for each in find(results) if each.spec.method == "sd")
    facts = run.facts()
    run.write_facts(
        type(facts)(
            **{name: getattr(facts, name) for name in facts.__slots__} | {"discarded": True}
        )
    )
    for path in (run.folder / "images").iterdir():
        path.unlink()
    ours = of_method(shown(results), "sd")
    assert set(ours["pictures"]["why"]) == {"discarded"}
    assert "Its pictures were discarded on purpose: there are scores only." in ours["warnings"]


def test_a_run_that_is_half_done_says_how_far_it_is(tmp_path: Path) -> None:
    root = tmp_path / "r"
    run = illustrated(root, "sd", {"nude/miniature": [0.9, 0.1]})
    facts = run.facts()
    run.write_facts(type(facts)(started=facts.started, images=64))
    ours = of_method(shown(root), "sd")
    assert any("2 of 64 images" in line for line in ours["warnings"])


def test_a_run_without_scores_is_on_the_page(tmp_path: Path) -> None:
    root = tmp_path / "r"
    made_up(root, run_spec(), pictures=[(samples(1)[0], plain(0), "n")])
    page = shown(root)
    assert of_method(page, "sd")["rows"]["sample"] == []
    assert any("not scored yet" in line for line in of_method(page, "sd")["warnings"])


def test_damaged_scores_are_said_on_the_page(results: Path) -> None:
    (run,) = (each for each in find(results) if each.spec.method == "sd")
    (run.folder / "scores.parquet").write_bytes(b"PAR1")
    page = shown(results)
    (line,) = (line for line in page.report["warnings"] if "scores.parquet is damaged" in line)
    assert str(results) not in line
    assert len(page.report["runs"]) == 2


def test_a_run_that_cannot_be_read_is_left_out_and_said(results: Path) -> None:
    (run,) = (each for each in find(results) if each.spec.method == "sd")
    (run.folder / "run.json").write_text("{}")
    page = shown(results)
    assert [each["method"] for each in page.report["runs"]] == ["sd-neg"]
    assert any(line.startswith("left out: ") for line in page.report["warnings"])


def test_results_without_a_hash_are_unchecked(results: Path) -> None:
    (run,) = (each for each in find(results) if each.spec.method == "sd")
    run.scores().to_parquet(run.folder / "scores.parquet")
    warned = of_method(shown(results), "sd")["warnings"]
    assert any(line.startswith("Unchecked: scores.parquet without a hash") for line in warned)
    assert not any("Unchecked" in line for line in of_method(shown(results), "sd-neg")["warnings"])


def test_truncated_prompts_are_said(results: Path) -> None:
    (run,) = (each for each in find(results) if each.spec.method == "sd")
    run.finish(truncated_prompts=3, provenance={"torch": "2"})
    ours = of_method(shown(results), "sd")
    assert ours["truncated"] == 3
    assert ours["provenance"] == {"torch": "2"}
    assert any(line.startswith("3 prompts are longer") for line in ours["warnings"])


# --- what is hostile ------------------------------------------------------------------------------


def run_of(root: Path, texts: Sequence[str]) -> Run:
    """A run whose model, suite, concept, prompts and groups are these texts."""
    asked = [
        Sample(suite="s", prompt=Prompt(id=f"p{at}", text=text, group=text[:40]), k=0, seed=at)
        for at, text in enumerate(texts)
    ]
    spec = run_spec(model=texts[0], suite=texts[1], concepts=(texts[2],))
    rows = score_rows("sd", asked, **{"nude/miniature": [0.5] * len(asked)})
    provenance = {texts[0]: texts[-1]}
    return made_up(root, spec, scores=rows, finished=len(asked), provenance=provenance)


def test_hostile_texts_are_data_and_nothing_else(tmp_path: Path) -> None:
    run_of(tmp_path / "bad" / "r", HOSTILE)
    run_of(tmp_path / "good" / "r", [f"harmless {at}" for at in range(len(HOSTILE))])
    bad, good = made(tmp_path / "bad" / "r"), made(tmp_path / "good" / "r")
    # To whoever reads HTML both pages have the same elements.
    assert elements(bad) == elements(good)
    report = read(bad).report
    assert [prompt["text"] for prompt in report["suites"][0]["prompts"]] == list(HOSTILE)
    assert report["runs"][0]["model"] == HOSTILE[0]
    assert report["runs"][0]["provenance"] == {HOSTILE[0]: HOSTILE[-1]}
    text = bad.read_text(encoding="utf-8")
    assert not {"\0", "\u202e", "\u2028"} & set(text)


def test_an_element_of_a_text_would_be_found(results: Path) -> None:
    path = made(results)
    before = elements(path)
    path.write_text(path.read_text().replace("</title>", f"</title>{HOSTILE[0]}"))
    assert elements(path) != before


def test_prompts_are_no_business_of_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = run_of(tmp_path / "r", HOSTILE)
    (run.folder / "images").mkdir(exist_ok=True)
    (run.folder / "images" / "p0_0000.png").write_bytes(b"no picture")
    with caplog.at_level(logging.DEBUG):
        made(tmp_path / "r")
    assert not any(text[:12] in caplog.text for text in HOSTILE)


# --- pictures -------------------------------------------------------------------------------------


def test_thumbnails_are_the_stored_pictures(results: Path) -> None:
    page = shown(results)
    for at, run in enumerate(page.report["runs"]):
        shift = 10 if run["method"] == "sd-neg" else 0
        for row in range(4):
            np.testing.assert_array_equal(np.asarray(page.picture(at, row)), plain(row + shift))
    assert page.report["options"]["thumbnails"].endswith("WebP, without loss.")


def test_a_page_with_too_many_pictures_shows_flips_and_keeps_all_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "MOST", 200)
    shelf(tmp_path / "r")
    report = shown(tmp_path / "r").report
    assert report["options"]["sampled"].startswith("The page shows 200 of 240 pictures: all 170 ")
    whys = [why for run in report["runs"] for why in run["pictures"]["why"]]
    assert Counter(whys) == {"": 200, "not in the sample": 40}
    assert {len(run["scores"]["nude/miniature"]) for run in report["runs"]} == {40}
    flipped = 0
    for pair in report["pairs"]:
        ours, theirs = report["runs"][pair["run"]], report["runs"][pair["baseline"]]
        for one, other in zip(*pair["rows"], strict=True):
            for measure in ("nude/miniature", "harm/miniature"):
                raw = ours["scores"][measure][one], theirs["scores"][measure][other]
                if None not in raw and (raw[0] > 0.7) != (raw[1] > 0.7):
                    flipped += 1
                    assert ours["pictures"]["why"][one] == ""
                    assert theirs["pictures"]["why"][other] == ""
    assert flipped > 30


def test_a_page_without_images_holds_none(results: Path) -> None:
    page = shown(results, images=False)
    assert page.blocks == []
    assert page.report["options"]["images"] == "none"
    for run in page.report["runs"]:
        assert set(run["pictures"]["why"]) == {"left out on request"}


def test_a_table_of_which_there_is_no_run_says_what_to_do(results: Path) -> None:
    page = shown(results, tables="table1")
    assert page.report["runs"] == []
    assert "`sdd-bench reproduce` makes them" in page.report["warnings"][0]
    assert page.report["tables"][0]["name"] == "table1"
