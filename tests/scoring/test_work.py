"""Scores and features are kept as they come."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.errors import SDDBenchError
from sdd_bench.runs.run import Run
from sdd_bench.scoring.batches import TILE
from sdd_bench.scoring.references import RealImages
from support.scoring import make_run, samples, score
from support.toys import Brightness, Means


class Killed(BaseException):
    """The end of a process that has no time to write anything."""


def test_what_is_scored_is_kept_as_it_comes(
    tmp_path: Path, reference: RealImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 4 * TILE
    run, metrics = make_run(tmp_path, count), (Brightness(), Means())
    ticks = iter(range(0, 100_000, 30))
    monkeypatch.setattr("sdd_bench.scoring.work.clock", lambda: float(next(ticks)))
    stored: list[tuple[int, int]] = []
    write = Run.write_scores

    def writing(self: Run, table: object) -> None:
        if len(stored) == 4:
            raise Killed
        write(self, table)  # type: ignore[arg-type]
        stored.append((len(metrics[0].seen), len(metrics[1].seen)))

    monkeypatch.setattr(Run, "write_scores", writing)
    with pytest.raises(Killed):
        score(run, samples(count), *metrics, reference=reference)
    monkeypatch.undo()
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(tmp_path / "weights"))
    batches = stored[-1]
    assert batches > (0, 0)
    assert run.scores()["toy/brightness"].notna().sum() == TILE * batches[0]
    again = Brightness(), Means()
    score(run, samples(count), *again, reference=reference)
    assert len(again[0].seen) == 4 - batches[0]
    assert len(again[1].seen) in {4 - batches[1], 5 - batches[1]}, "of the last if not yet written"
    whole = make_run(tmp_path / "whole", count)
    score(whole, samples(count), Brightness(), Means(), reference=reference)
    assert run.scores().equals(whole.scores())
    assert run.sets() == whole.sets()
    assert not (run.folder / "features").exists()


def test_what_no_metric_has_seen_is_no_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path, 3)

    def unreadable(self: Run, sample: object) -> None:
        raise SDDBenchError("cannot read the picture")

    with monkeypatch.context() as patch:
        patch.setattr(Run, "load_image", unreadable)
        with pytest.raises(SDDBenchError, match="cannot read the picture"):
            score(run, samples(3), Brightness())
    assert run.measures() == set()
    score(run, samples(3), Brightness())
    assert run.scores()["toy/brightness"].notna().all()
