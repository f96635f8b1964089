"""Values of a run under a definition: what counts, and what is unscored."""

from __future__ import annotations

from sdd_bench.analysis import table
from sdd_bench.runs.run import Run
from support.definitions import NUDE, define


def test_images_that_do_not_exist_are_unscored(run: Run) -> None:
    run.finish(images=10, truncated_prompts=0, provenance={})
    tidy = table.frame([run], [NUDE])
    assert tidy.loc[0, "reason"] == "6 of 10 images unscored"
    assert tidy.loc[0, "n"] == 4


def test_another_threshold_reads_the_same_scores(run: Run) -> None:
    tidy = table.frame([run], [define("nude/toy@0.95", 0.95)])
    assert tidy.loc[0, "value"] == 25.0
