"""Records of a run that two processes change: each finds what the other has written."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sdd_bench.errors import SDDBenchError
from sdd_bench.runs import boxes, changes, claims
from sdd_bench.runs.boxes import Seen
from sdd_bench.runs.records import SetValue
from sdd_bench.runs.run import Run
from sdd_bench.types import Box
from support.runs import PIXELS, made_up, run_spec, sample, score_rows

SAMPLES = [sample("a"), sample("b"), sample("c")]
NAN = math.nan


def rows(*hashes: str, of: int = 0, **columns: object) -> pd.DataFrame:
    """Rows of the samples from a place on, with the hashes of their pixels."""
    return score_rows(
        "sd", SAMPLES[of : of + len(hashes)], image_hash=list(hashes), noise_hash="n", **columns
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return made_up(tmp_path, run_spec())


def column(run: Run, name: str) -> list[float | None]:
    return [None if math.isnan(cell) else cell for cell in run.scores()[name]]


def test_columns_of_others_are_kept(run: Run) -> None:
    run.write_scores(rows("1", "2", nude=[0.1, 0.2]))
    changes.scores(run, rows("1", "2", clip=[30.0, NAN]))
    assert column(run, "nude") == [0.1, 0.2]
    assert column(run, "clip") == [30.0, None]


def test_rows_of_others_are_kept(run: Run) -> None:
    run.write_scores(rows("2", "3", of=1, nude=[0.2, 0.3]))
    changes.scores(run, rows("1", "2", nude=[0.1, NAN]))
    assert column(run, "nude") == [0.1, 0.2, 0.3]
    assert list(run.scores()["prompt_id"]) == ["a", "b", "c"]


def test_a_score_of_ones_own_counts_more_than_that_of_others(run: Run) -> None:
    run.write_scores(rows("1", nude=[0.1]))
    changes.scores(run, rows("1", nude=[0.9]))
    assert column(run, "nude") == [0.9]


def test_what_others_judged_meanwhile_is_not_unjudged(run: Run) -> None:
    run.write_scores(rows("1", "2", nude=[0.1, 0.2]))
    changes.scores(run, rows("", "2", nude=[NAN, 0.2]))
    assert column(run, "nude") == [0.1, 0.2]
    assert list(run.scores()["image_hash"]) == ["1", "2"]


def test_scores_of_a_picture_that_is_gone_do_not_come_back(run: Run) -> None:
    run.write_scores(rows("old", nude=[0.1], clip=[30.0]))
    changes.scores(run, rows("new", nude=[0.9], clip=[NAN]))
    assert (column(run, "nude"), column(run, "clip")) == ([0.9], [None])
    faulty = rows("new", nude=[NAN], clip=[NAN]).assign(fault="damaged")
    changes.scores(run, faulty)
    assert column(run, "nude") == [None]


def test_of_two_pictures_the_one_that_is_there_counts(run: Run) -> None:
    run.save_image(SAMPLES[0], PIXELS)
    there = rows(_hash(), nude=[0.9], clip=[30.0])
    run.write_scores(there)
    changes.scores(run, rows("before", nude=[0.1]))
    assert run.scores().equals(there[run.scores().columns])


def _hash() -> str:
    return hashlib.sha256(np.ascontiguousarray(PIXELS).tobytes()).hexdigest()[:16]


def test_values_of_sets_that_others_wrote_are_kept(run: Run) -> None:
    old, new = (SetValue(value=v, low=v, high=v, n=3) for v in (1.0, 2.0))
    run.write_sets({"fid/a": old, "fid/b": old, "fid/theirs": old})
    changes.sets(run, {"fid/a": old, "fid/b": old}, {"fid/a": new})
    assert run.sets() == {"fid/a": new, "fid/theirs": old}


def test_facts_are_changed_as_they_are_now(run: Run) -> None:
    run.write_facts(replace(run.facts(), images=7))
    changes.facts(run, lambda known: replace(known, images=known.images + 1))
    assert run.facts().images == 8


def test_who_lost_the_claim_reads_again_before_writing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost_once(claim: claims.Claim, renew: Callable[[claims.Claim], bool]) -> bool:
        if not column_is_there(run, "theirs"):
            run.write_scores(rows("1", theirs=[0.5]))
            return False
        return renew(claim)

    renew = claims.Claim.renew
    monkeypatch.setattr(claims.Claim, "renew", lambda claim: lost_once(claim, renew))
    changes.scores(run, rows("1", ours=[0.1]))
    assert (column(run, "ours"), column(run, "theirs")) == ([0.1], [0.5])


def column_is_there(run: Run, name: str) -> bool:
    return name in run.measures()


def test_a_disk_on_which_no_claim_lasts_is_a_fault_and_no_work_without_end(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.write_scores(rows("1", nude=[0.1]))
    monkeypatch.setattr(claims.Claim, "renew", lambda claim: False)
    with pytest.raises(SDDBenchError, match=r"cannot write .*scores\.parquet: .* again and again"):
        changes.scores(run, rows("1", nude=[0.9]))
    assert column(run, "nude") == [0.1]


# --- parts ------------------------------------------------------------------------------------


def part(run: Run, name: str) -> Run:
    return replace(run, part=name)


def test_shards_write_each_a_file_of_its_own_and_readers_have_all(run: Run) -> None:
    run.write_scores(rows("1", nude=[0.1]))
    changes.scores(part(run, "1-of-2"), rows("2", of=1, nude=[0.2]))
    changes.scores(part(run, "2-of-2"), rows("3", of=2, nude=[0.3], clip=[30.0]))
    names = ["scores.1-of-2.parquet", "scores.2-of-2.parquet", "scores.parquet"]
    assert sorted(path.name for path in run.folder.glob("*.parquet")) == names
    found = run.scores().set_index("prompt_id")["nude"]
    assert found.to_dict() == {"a": 0.1, "b": 0.2, "c": 0.3}
    assert run.measures() == {"nude", "clip"}
    # What a shard writes next has what it wrote, and nothing of others.
    changes.scores(part(run, "1-of-2"), rows("1", nude=[0.7]))
    own = part(run, "1-of-2").own_scores()
    assert own.set_index("prompt_id")["nude"].to_dict() == {"a": 0.7, "b": 0.2}


def test_of_one_picture_a_part_has_what_the_file_of_all_knows(run: Run) -> None:
    run.write_scores(rows("1", "2", nude=[0.1, 0.2], clip=[30.0, 31.0]))
    changes.scores(part(run, "1-of-2"), rows("1", "9", nude=[0.5, NAN]))
    # The first picture is the same one: its other score stays. The second is another picture.
    assert column(run, "nude") == [0.5, None]
    assert column(run, "clip") == [30.0, None]


def test_a_part_says_of_a_changed_picture_that_nothing_is_known(run: Run) -> None:
    for each in SAMPLES[:2]:
        run.save_image(each, PIXELS)
    run.write_scores(rows("1", "2", nude=[0.1, 0.2]))
    before = (run.folder / "scores.parquet").read_bytes()
    changes.forget_changed(part(run, "1-of-2"), SAMPLES[:1], {"a_0000": "other"})
    assert (run.folder / "scores.parquet").read_bytes() == before
    assert column(run, "nude") == [None, 0.2]
    assert run.scores()["image_hash"].tolist() == ["", "2"]


def test_joined_parts_are_one_file(run: Run) -> None:
    run.write_scores(rows("1", "2", nude=[0.1, 0.2]))
    changes.scores(part(run, "1-of-2"), rows("1", clip=[30.0]))
    changes.scores(part(run, "2-of-2"), rows("3", of=2, nude=[0.3]))
    before = run.scores()
    changes.join(run)
    assert [path.name for path in run.folder.glob("*.parquet")] == ["scores.parquet"]
    pd.testing.assert_frame_equal(run.scores(), before)
    found = run.scores().set_index("prompt_id")
    assert found["nude"].to_dict() == {"a": 0.1, "b": 0.2, "c": 0.3}
    assert found["clip"].dropna().to_dict() == {"a": 30.0}
    stamp = (run.folder / "scores.parquet").stat().st_mtime_ns
    changes.join(run)  # there is nothing to join
    assert (run.folder / "scores.parquet").stat().st_mtime_ns == stamp


def test_boxes_are_in_parts_too(run: Run) -> None:
    def seen(pixels: str) -> Seen:
        return Seen(pixels, (Box(label="x", score=0.5, x=1, y=2, width=3, height=4),))

    changes.boxes(run, {"nude": {"a_0000": seen("1")}})
    changes.boxes(part(run, "1-of-2"), {"nude": {"a_0000": seen("9"), "b_0000": seen("2")}})
    changes.boxes(part(run, "2-of-2"), {"nude": {"c_0000": seen("3")}})

    def found() -> dict[str, str]:
        known = boxes.read(run.folder, run.spec.digest)["nude"]
        return {stem: each.pixels for stem, each in sorted(known.items())}

    assert found() == {"a_0000": "9", "b_0000": "2", "c_0000": "3"}
    changes.join(run)
    assert [path.name for path in run.folder.glob("*.parquet")] == ["boxes.parquet"]
    assert found() == {"a_0000": "9", "b_0000": "2", "c_0000": "3"}


def test_a_damaged_part_is_left_out_and_set_aside(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run.write_scores(rows("1", nude=[0.1]))
    (run.folder / "scores.1-of-2.parquet").write_bytes(b"PAR1 and not more")
    assert column(run, "nude") == [0.1]
    assert run.measures() == {"nude"}
    assert "scores.1-of-2.parquet is damaged" in caplog.text
    run.repair()
    assert (run.folder / "scores.1-of-2.parquet.damaged").exists()
    assert not (run.folder / "scores.1-of-2.parquet").exists()
