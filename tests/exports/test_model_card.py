"""Results as evaluation results of a card, read back by the hub's own reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import ModelCard, metadata_load

from sdd_bench.analysis import table
from sdd_bench.errors import InputError
from sdd_bench.exports import model_card
from support.definitions import CLIP, FID, NUDE, small_run
from support.runs import store


def test_the_hub_reads_every_value_back(tmp_path: Path) -> None:
    tidy = table.frame([small_run(tmp_path)], [NUDE, CLIP, FID])
    path = tmp_path / "README.md"
    path.write_text(model_card.render(tidy), encoding="utf-8")
    card = ModelCard.load(path)
    assert card.data.model_name == "miniature, sd"
    results = card.data.eval_results
    assert [(each.metric_type, each.metric_value) for each in results] == [
        ("nude/toy@0.7", 75.0),  # 3 of 4
        ("clip/toy", 32.0),  # (30 + 31 + 35) / 3: one could not be scored
        ("fid/toy", 12.34),
    ]
    assert {each.task_type for each in results} == {"text-to-image"}
    assert {each.dataset_name for each in results} == {"body"}
    assert results[2].metric_args["low"] == 11.0
    assert results[1].metric_args["n"] == 3


def test_each_method_is_an_entry_and_what_is_not_measured_is_none(tmp_path: Path) -> None:
    runs = [
        store(tmp_path, "sd", {"nude/toy": [0.9] * 4}),
        store(tmp_path, "sd-neg", {"nude/toy": [0.1] * 4}, concepts=("a: [b]\n- 'c'",)),
    ]
    path = tmp_path / "README.md"
    path.write_text(model_card.render(table.frame(runs, [NUDE, CLIP])), encoding="utf-8")
    index = (metadata_load(path) or {})["model-index"]
    assert [entry["name"] for entry in index] == [
        "miniature, sd",
        "miniature, sd-neg (a: [b]\\n- 'c')",
    ]
    values = [[m["value"] for r in entry["results"] for m in r["metrics"]] for entry in index]
    assert values == [[100.0], [0.0]]


def test_a_value_without_an_interval_has_no_ends(tmp_path: Path) -> None:
    tidy = table.frame([small_run(tmp_path)], [NUDE])
    tidy[["low", "high"]] = float("nan")
    path = tmp_path / "README.md"
    path.write_text(model_card.render(tidy), encoding="utf-8")
    (result,) = ModelCard.load(path).data.eval_results
    assert "low" not in result.metric_args
    assert result.metric_value == pytest.approx(75)


CARD = """---
license: openrail
model-index:
- name: theirs
  results: []
- name: miniature, sd
  results: []
tags: [a]
---
# Mine

---
Text.
"""


def test_a_card_keeps_its_text_and_all_else_that_it_says(tmp_path: Path) -> None:
    tidy = table.frame([small_run(tmp_path)], [NUDE])
    made = model_card.render(tidy, CARD)
    path = tmp_path / "README.md"
    path.write_text(made, encoding="utf-8")
    data = metadata_load(path) or {}
    assert (data["license"], data["tags"]) == ("openrail", ["a"])
    assert [entry["name"] for entry in data["model-index"]] == ["theirs", "miniature, sd"]
    assert data["model-index"][1]["results"][0]["metrics"][0]["value"] == 75.0
    assert made.endswith("\n---\n# Mine\n\n---\nText.\n")
    assert model_card.render(tidy, made) == made


def test_a_text_without_metadata_gets_some(tmp_path: Path) -> None:
    made = model_card.render(table.frame([small_run(tmp_path)], [NUDE]), "# Mine\n")
    assert made.startswith("---\nmodel-index:\n")
    assert made.endswith("\n---\n# Mine\n")


@pytest.mark.parametrize("block", ["- a\n", "a: [\n", "model-index: 3\n", "model-index: [{}]\n"])
def test_metadata_that_is_none_is_refused(tmp_path: Path, block: str) -> None:
    tidy = table.frame([small_run(tmp_path)], [NUDE])
    with pytest.raises(InputError, match="its metadata cannot be read"):
        model_card.render(tidy, f"---\n{block}---\n")


@pytest.mark.parametrize(
    "card", ["---\na: 1\n", "---", "\n--- \n# Mine\n", "---\na: 1\n---x\n", "---\r\na: 1\r\n"]
)
def test_metadata_without_an_end_is_refused(tmp_path: Path, card: str) -> None:
    tidy = table.frame([small_run(tmp_path)], [NUDE])
    with pytest.raises(InputError, match="its metadata begins with a line --- and has no end"):
        model_card.render(tidy, card)
    assert model_card.render(tidy, "---\na: 1\n---\ntext\n").endswith("---\ntext\n")
    assert model_card.render(tidy, "--- is a line\n").endswith("--- is a line\n")


@pytest.mark.parametrize(
    ("card", "text"),
    [
        ("--- \na: 1\n---\n# Mine\n", "# Mine\n"),
        ("\n---\r\na: 1\r\n--- \r\n# Mine\r\n", "# Mine\r\n"),
        ("---\na: 1\n---", ""),
        ("---\n---\n# Mine\n\n---\nmore\n", "# Mine\n\n---\nmore\n"),
        ("--- is a line\n", "--- is a line\n"),
        ("", ""),
    ],
)
def test_a_card_has_one_block_and_keeps_its_text(
    tmp_path: Path, card: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = model_card.render(table.frame([small_run(tmp_path)], [NUDE]), card)
    path = tmp_path / "README.md"
    path.write_bytes(made.encode())
    found = ModelCard.load(path)
    assert set(found.data.to_dict()) == {"model-index", *(["a"] if "a: 1" in card else [])}
    assert found.text == text
    assert not caplog.records
