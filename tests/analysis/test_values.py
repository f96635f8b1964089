"""Values of a run under a definition: what counts, and what is unscored."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.analysis import agreement, ceiling, matrix, table, values
from sdd_bench.papers import table as paper_table
from sdd_bench.runs.run import Run
from support.definitions import NUDE, define
from support.runs import store


def test_images_that_do_not_exist_are_unscored(run: Run) -> None:
    run.finish(images=10, truncated_prompts=0, provenance={})
    tidy = table.frame([run], [NUDE])
    assert tidy.loc[0, "reason"] == "6 of 10 images unscored"
    assert tidy.loc[0, "n"] == 4


def test_another_threshold_reads_the_same_scores(run: Run) -> None:
    tidy = table.frame([run], [define("nude/toy@0.95", 0.95)])
    assert tidy.loc[0, "value"] == 25.0


# --- columns ----------------------------------------------------------------------------------


def test_the_first_columns_say_of_which_run_a_row_is(tmp_path: Path) -> None:
    run = store(tmp_path, "sdd", {"nude/toy": [0.0]}, concepts=("nudity", "blood"), suite="i2p")
    assert values.about(run) == {
        "model": "miniature",
        "suite": "i2p",
        "method": "sdd",
        "concepts": "nudity, blood",
        "digest": run.spec.digest,
    }


RUN = ("model", "suite", "method", "concepts", "digest")
VALUE = ("value", "low", "high", "noise_low", "noise_high", "n")


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        (
            table.COLUMNS,
            (*RUN, "definition", "group", *VALUE, "unit", "better", "reason", "weights"),
        ),
        (
            paper_table.COLUMNS,
            (
                *("row", "column", *RUN, "definition", *VALUE, "unit", "better"),
                *("published", "published_count", "published_n", "difference"),
                *("verdict", "suspect", "reason"),
            ),
        ),
        (
            matrix.COLUMNS,
            (
                *("model", "suite", "method", "removed", "prompted", "part", "digest"),
                *("definition", *VALUE, "unit", "reason"),
            ),
        ),
        (
            ceiling.COLUMNS,
            (*RUN, "pairs", "definition", "value", "low", "high", "n", "share", "reason"),
        ),
        (
            agreement.CURVE,
            ("model", "suite", "method", "measure", "threshold", "n", "value", "low", "high"),
        ),
        (
            agreement.AGREEMENT,
            (
                *("model", "suite", "method", "first", "second", "n"),
                *("both", "only_first", "only_second", "kappa"),
            ),
        ),
    ],
)
def test_whoever_reads_a_tidy_table_finds_its_columns(
    columns: tuple[str, ...], header: tuple[str, ...]
) -> None:
    """The names and their order are what programs of others rely on."""
    assert columns == header
