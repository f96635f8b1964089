from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdd_bench import models, registry
from sdd_bench.benchmark.combination import parts
from sdd_bench.benchmark.request import Options
from sdd_bench.benchmark.selection import choose
from sdd_bench.errors import InputError
from sdd_bench.papers import published
from sdd_bench.papers.published import Table
from sdd_bench.statistics.intervals import wilson
from sdd_bench.suites import catalog, concepts
from support.fuzz import BRIEFLY, anything, or_a_sentence
from support.papers import OWN_TABLE, own_table


def test_the_shipped_tables() -> None:
    assert {"table1", "table2"} <= set(published.names())


@pytest.fixture(params=["table1", "table2"])
def table(request: pytest.FixtureRequest) -> Table:
    return published.load(request.param)


# --- against the paper (Kim et al., 2023, Tables 1 and 2) ---------------------------------------


def column(table: Table, key: str) -> list[float]:
    return [
        table.cells[row.label, key].value if (row.label, key) in table.cells else math.nan
        for row in table.rows
    ]


NONE = math.nan


def test_the_numbers_of_table_1() -> None:
    table = published.load("table1")
    assert [row.label for row in table.rows] == [
        "SD", "SD+NEG", "SLD-medium", "SLD-max", "SEGA", "ESD-u-3", "ESD-x-3", "SDD", "COCO images"
    ]  # fmt: skip
    expected = {
        "nude": [74.18, 20.44, 70.02, 4.30, 72.04, 43.30, 14.32, 1.68, NONE],
        "fid": [21.348, 14.278, 17.201, 13.634, NONE, NONE, 13.808, 15.423, NONE],
        "lpips": [NONE, 0.1954, 0.1015, 0.1574, NONE, NONE, 0.1587, 0.1797, NONE],
        "clip": [0.2771, 0.2706, 0.2689, 0.2709, NONE, NONE, 0.2690, 0.2673, 0.2693],
    }
    for key, values in expected.items():
        assert column(table, key) == pytest.approx(values, abs=1e-9, nan_ok=True)


def test_the_numbers_of_table_2() -> None:
    table = published.load("table2")
    expected = {
        "nude": [74.18, 63.78, 74.16, 56.78, 74.10, 47.38, 12.62],
        "harm": [24.42, 9.51, 7.42, 5.19, 16.84, 13.04, 5.03],
        "fid": [21.348, 18.021, 14.794, 21.729, NONE, 16.411, 15.142],
        "lpips": [NONE, 0.1925, 0.4216, 0.4377, NONE, 0.2036, 0.2443],
        "clip": [0.2771, 0.2659, 0.2720, 0.2572, NONE, 0.2631, 0.2560],
    }
    for key, values in expected.items():
        assert column(table, key) == pytest.approx(values, abs=1e-9, nan_ok=True)


def test_the_numbers_of_unlearndiffatks_benchmark() -> None:
    """README.md of OPTML-Group/Diffusion-MU-Attack, the column Pre-ASR; of 142 prompts each."""
    cells = published.load("unlearndiffatk").cells
    rates = {row: cell.value for (row, _), cell in cells.items()}
    assert rates == {
        "ESD": 20.42, "UCE": 21.83, "FMN": 88.03, "SPM": 54.93, "SalUn": 1.41,
        "AdvUnlearn": 7.75, "SH": 0.00, "ED": 0.00,
    }  # fmt: skip
    assert {cell.n for cell in cells.values()} == {142}
    for cell in cells.values():
        assert cell.count is not None
        assert round(100 * cell.count / 142, 2) == cell.value
        assert "strictly above 0.45" in cell.suspect


def test_counts_are_what_the_rates_round(table: Table) -> None:
    rates = [cell for (_, key), cell in table.cells.items() if key in {"nude", "harm"}]
    assert rates
    for cell in rates:
        assert cell.count is not None
        assert round(100 * cell.count / cell.n, 2) == cell.value
    assert {cell.n for (_, key), cell in table.cells.items() if key == "nude"} == {5000}
    assert {cell.n for (_, key), cell in table.cells.items() if key == "harm"} <= {4703 * 5}


@pytest.mark.parametrize(
    ("name", "row", "key", "low", "high"),
    [
        ("table1", "SD", "nude", 72.95, 75.37),
        ("table1", "SLD-max", "nude", 3.77, 4.90),
        ("table1", "SDD", "nude", 1.36, 2.08),
        ("table2", "SDD", "nude", 11.73, 13.57),
        ("table2", "SD", "harm", 23.87, 24.97),
        ("table2", "SDD", "harm", 4.76, 5.32),
        ("table2", "SLD-max", "harm", 4.91, 5.48),
    ],
)
def test_the_sampling_noise_of_published_rates(
    name: str, row: str, key: str, low: float, high: float
) -> None:
    # Known beforehand from the formula; SDD and SLD-max overlap on harm.
    cell = published.load(name).cells[row, key]
    assert cell.count is not None
    ends = [100 * end for end in wilson(cell.count, cell.n)]
    assert ends == pytest.approx([low, high], abs=0.005)


def test_suspect_cells_say_why() -> None:
    two = published.load("table2").cells
    assert "different noise" in two["SLD-medium", "lpips"].suspect
    assert "different noise" in two["SLD-max", "lpips"].suspect
    assert two["SDD", "lpips"].suspect == ""


# --- against the benchmark ----------------------------------------------------------------------


@pytest.mark.parametrize("name", published.names())
def test_a_shipped_table_asks_for_what_exists(name: str) -> None:
    table, plugins = published.load(name), registry.scan()
    methods = [part for row in table.rows if row.method for part in parts(row.method)]
    assert {part.name for part in methods} <= set(plugins.methods())
    assert set(table.suites) <= set(catalog.names())
    for each in table.columns:
        assert set(each.definitions) <= set(models.SPECS)
        found = [plugins.definition(definition)[0] for definition in each.definitions.values()]
        assert len({definition.family for definition in found}) == 1
    assert all((table.title, table.source, table.models, table.cells))


def test_concepts_are_those_of_the_paper() -> None:
    one = {row.label: row.concepts for row in published.load("table1").rows}
    assert one["SLD-max"] == "nudity-sexual"
    assert one["SDD"] == one["ESD-x-3"] == "nudity"
    two = published.load("table2")
    assert {row.concepts for row in two.rows if row.label != "SD"} == {"i2p20"}


# --- anybody's table ----------------------------------------------------------------------------


def test_a_third_table_is_a_file(tmp_path: Path) -> None:
    table = published.load(own_table(tmp_path))
    assert (table.title, table.suites) == ("Mine", ("country_body", "coco30k"))
    assert table.cells["SD", "nude"].value == 50


@pytest.mark.parametrize(
    ("old", "new", "cells", "message"),
    [
        ("title", "headline", "", r"mine\.toml describes no table \(title is missing; headline"),
        ("[[rows]]", "[[lines]]", "", "rows is missing; lines is unknown"),
        ("steps = 2", 'steps = "2"', "", r'\(steps should be a valid integer, not "2"\)'),
        ('method = "sd"', "method = 1", "", r"\(rows\.0\.method should be a valid string"),
        ("decimals = 3", "decimal = 3", "", r"columns\.1\.decimals is missing; columns\.1\.dec"),
        ("mine.csv", "yours.csv", "", r"\(there is no yours\.csv\)"),
        ('key = "nude"', "key = ", "", r"not TOML: Invalid value \(at line 18"),
        ("", "", "SDD,nude,50,1,2,\n", "without a row and column: SDD/nude"),
        ("", "", "SD,nude,many,1,2,\n", "mine.csv, line 2: value should be a valid number"),
        ("", "", "SD,nude,50,1,2.5,\n", r'line 2: n should be a valid integer, not "2\.5"'),
        ("", "", "SD,nude,nan,1,2,\n", "is nan"),
        ('method = "sd"', 'method = "sd"\nconcepts = "nudty"', "", "Did you mean 'nudity'"),
    ],
)
def test_a_table_that_makes_no_sense(
    tmp_path: Path, old: str, new: str, cells: str, message: str
) -> None:
    toml = OWN_TABLE.replace(old, new) if old else OWN_TABLE
    with pytest.raises(InputError, match=message):
        published.load(own_table(tmp_path, toml, cells))


def test_an_unknown_table_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match=r"no table named 'tabel1'\. Did you mean 'table1'"):
        published.load("tabel1")
    with pytest.raises(
        InputError, match=r"such\.toml describes no table \(there is no such file\)"
    ):
        published.load("/no/such.toml")


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").mkdir()
    with pytest.raises(
        InputError, match=r"mine\.toml describes no table \(cannot read .*: Is a dir"
    ):
        published.load(str(tmp_path / "mine.toml"))


# --- anything at all --------------------------------------------------------------------------


@pytest.mark.parametrize("spoilt", ["toml", "csv"])
@BRIEFLY
@given(data=st.data())
def test_any_file_is_a_table_or_has_a_sentence(
    tmp_path: Path, spoilt: str, data: st.DataObject
) -> None:
    path = Path(own_table(tmp_path))
    file = path if spoilt == "toml" else next(tmp_path.glob("*.csv"))
    file.write_bytes(data.draw(anything(file.read_bytes())))
    with or_a_sentence(InputError):
        assert isinstance(published.load(str(path)), Table)


# --- the extended table -------------------------------------------------------------------------


def test_the_extended_table_has_the_first_one_s_rows_columns_and_runs() -> None:
    first, extended = published.load("table1"), published.load("extended")
    assert [row for row in extended.rows if row in first.rows] == list(first.rows)
    assert (extended.columns, extended.cells) == (first.columns, first.cells)
    assert (extended.steps, extended.guidance_scale) == (first.steps, first.guidance_scale)
    assert extended.images_per_prompt == first.images_per_prompt


def test_its_new_rows_have_no_published_numbers_and_share_the_training_of_sdd() -> None:
    first, extended = published.load("table1"), published.load("extended")
    plugins, new = registry.scan(), [row for row in extended.rows if row not in first.rows]
    assert [row.label for row in new] == [
        "UCE", "RECE", "SPEED", "SAFREE", "SAFREE, released", "AdaVD", "AdaVD, released",
        "SDD+SLD-medium",
    ]  # fmt: skip
    assert not {row.label for row in new} & {label for label, _ in extended.cells}
    both = choose(
        str(new[-1].method), Options(concepts=concepts.find(str(new[-1].concepts))), plugins
    )
    assert (
        both.chain[0].parameters == choose("sdd", Options(concepts=("nudity",)), plugins).parameters
    )
    assert [part.concepts for part in both.chain] == [("nudity",), ("nudity, sexual",)]
