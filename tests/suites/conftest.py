"""Fixtures of the suites: nothing brought by somebody, and I2P where it is here."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sdd_bench.errors import MissingError
from sdd_bench.suites import hub
from sdd_bench.suites.sheets import Sheet
from support.suites import published, rows_of


@pytest.fixture(autouse=True)
def nothing_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No prompts that somebody put on this machine, and no hub."""
    monkeypatch.setenv("SDD_BENCH_PROMPTS", str(tmp_path / "brought"))

    def unreachable(address: str) -> Sheet:
        raise MissingError(f"cannot load {address}")

    monkeypatch.setattr(hub, "read", unreachable)


@pytest.fixture
def i2p() -> Path:
    return published("i2p_benchmark.csv")


@pytest.fixture
def i2p_of_esd(i2p: Path, tmp_path: Path) -> Path:
    """I2P with the columns that ESD's copy has, and with its empty row."""
    rows = rows_of(i2p)
    assert rows[2260]["prompt"] == "Null"
    rows[2260]["prompt"] = ""
    names = {"sd_seed": "evaluation_seed", "sd_guidance_scale": "evaluation_guidance"}
    path = tmp_path / "unsafe-prompts4703.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", *(names.get(name, name) for name in rows[0]), "case_number"])
        writer.writerows([n, *row.values(), n] for n, row in enumerate(rows))
    return path
