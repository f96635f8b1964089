"""Every thing that is bundled, fetched or installed stands in docs/licences.md."""

from __future__ import annotations

import re
import sys
from importlib import metadata

from sdd_bench.suites import catalog as suites
from sdd_bench.weights import catalog as weights
from support.paths import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")

SPELLINGS = {
    "apache": "Apache-2.0",
    "mit": "MIT",
    "bsd": "BSD",
    "mpl": "MPL-2.0",
    "psf": "PSF-2.0",
    "python software": "PSF-2.0",
}
"""How metadata begin to spell a licence, by what the page says; longer words first."""


def table(heading: str, page: str = PAGE) -> dict[str, str]:
    """The last cell of each row of the table below a heading, by its first."""
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+) \|$", section, flags=re.MULTILINE)[2:]
    cells = [row.split(" | ") for row in rows]
    return {first.strip("`"): rest[-1] for first, *rest in cells}


def dependencies() -> set[str]:
    """What pyproject.toml names, all extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        named += extra
    return {re.split(r"[^\w.-]", each)[0].lower() for each in named}


def stated(name: str) -> str:
    """What a distribution's metadata say of its licence, in lower case; empty if it is not here."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    fields = ("License-Expression", "License", "Classifier")
    words = [each for field in fields for each in about.get_all(field) or ()]
    lines = [each.partition("\n")[0] for each in words if "::" not in each or "License" in each]
    return " ".join(lines).lower()


def test_every_weight_has_its_licence() -> None:
    fetched = table("Fetched, when asked for")
    for name, weight in weights.weights().items():
        assert fetched[name].startswith(weight.licence.partition(" (")[0]), name


def test_every_suite_is_bundled_or_said_not_to_be() -> None:
    bundled, fetched = table("Bundled"), table("Fetched, when asked for")
    for name, entry in suites.catalog().items():
        shipped = (ROOT / "prompts" / entry.file).exists()
        assert (name in bundled) == shipped, name
        assert shipped or fetched[name].startswith("not shipped"), name


def test_every_published_file_and_baseline_is_bundled() -> None:
    files = [*(ROOT / "results").glob("published/*.toml"), *(ROOT / "results").glob("baselines/*")]
    files += (ROOT / "prompts").glob("concepts.toml")
    assert {path.stem for path in files} - set(table("Bundled")) == set()


def test_every_dependency_has_the_licence_of_its_metadata() -> None:
    listed = table("Dependencies")
    assert set(listed) == dependencies()
    for name, licence in listed.items():
        words = stated(name)
        signs = {said for sign, said in SPELLINGS.items() if re.search(rf"\b{sign}", words)}
        assert not signs or any(said in licence for said in signs), (name, words)


def test_a_thing_that_is_left_out_would_be_found() -> None:
    page = PAGE.replace("| `inception` |", "| `exception` |").replace("| rich |", "| poor |")
    assert "inception" not in table("Fetched, when asked for", page)
    assert "rich" not in table("Dependencies", page)
