"""Stored boxes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sdd_bench import files
from sdd_bench.runs import boxes, changes
from sdd_bench.runs.boxes import NAME, Seen, read
from sdd_bench.types import Box
from support.runs import made_up, run_spec

BOX = Box(label="FEET_EXPOSED", score=0.5, x=1.5, y=2, width=3, height=4)


def test_no_file_is_no_boxes(tmp_path: Path) -> None:
    assert read(tmp_path, "digest") == {}


def test_what_was_seen_is_read_back_and_so_is_that_nothing_was(tmp_path: Path) -> None:
    found = {
        "nude/one": {"p_0000": Seen("aa", (BOX, BOX)), "p_0001": Seen("bb", ())},
        "nude/two": {"p_0000": Seen("aa", ())},
    }
    boxes.write(tmp_path, found, "digest")
    assert read(tmp_path, "digest") == found
    rows = pd.read_parquet(tmp_path / NAME).to_dict("records")
    assert [row["label"] for row in rows] == ["FEET_EXPOSED", "FEET_EXPOSED", "", ""]
    assert list(rows[0].values())[4:] == [0.5, 1.5, 2, 3, 4]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"label": ["x"]}, "its columns are others"),
        ({"measure": ["m"], "image": "i", "image_hash": "h", "label": "l", "score": "high",
          "x": 0.0, "y": 0.0, "width": 0.0, "height": 0.0}, "a box has other than numbers"),
    ],
)  # fmt: skip
def test_what_no_run_has_written_is_no_boxes_and_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: dict[str, list[str]], why: str
) -> None:
    files.write_parquet(tmp_path / NAME, pd.DataFrame(content), of="digest")
    assert read(tmp_path, "digest") == {}
    assert f"({why}" in caplog.text
    assert "left out, as if there were no boxes" in caplog.text


def test_boxes_of_another_run_are_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    boxes.write(tmp_path, {"nude/one": {"p_0000": Seen("aa", (BOX,))}}, "one")
    assert read(tmp_path, "another") == {}
    assert "is damaged" in caplog.text


def test_a_command_that_writes_sets_a_damaged_file_aside(tmp_path: Path) -> None:
    run = made_up(tmp_path, run_spec(), pictures=[], scores=None)
    changes.boxes(run, {"nude/one": {"p_0000": Seen("aa", (BOX,))}})
    path = run.folder / NAME
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    run.repair()
    assert not path.exists()
    assert (run.folder / f"{NAME}.damaged").read_bytes() == data


def test_what_others_saw_stays(tmp_path: Path) -> None:
    run = made_up(tmp_path, run_spec(), pictures=[], scores=None)
    changes.boxes(run, {"nude/one": {"p_0000": Seen("aa", (BOX,)), "p_0001": Seen("bb", ())}})
    changes.boxes(run, {"nude/one": {"p_0001": Seen("cc", (BOX,))}, "nude/two": {}})
    assert read(run.folder, run.spec.digest) == {
        "nude/one": {"p_0000": Seen("aa", (BOX,)), "p_0001": Seen("cc", (BOX,))}
    }
