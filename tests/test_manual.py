"""The manual as a site: built without a warning, fetching nothing, its words those of the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from sdd_bench import registry
from support.paths import ROOT


def loaded(name: str) -> ModuleType:
    """A program that lies among the pages."""
    spec = spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOKS = loaded("hooks")


def messages(code: str) -> list[str]:
    """Every text in a program, with a sign for what is filled in."""
    return [HOOKS.template(node) for node in ast.walk(ast.parse(code))]


def explained() -> list[str]:
    """The messages that the page of troubles explains."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    return re.findall(r"(?m)^`([^`]+)`$", page)


def unknown(said: list[str], texts: list[str]) -> list[str]:
    return [message for message in said if not any(message in text for text in texts)]


def test_every_message_that_is_explained_is_one_of_ours() -> None:
    texts = [
        text
        for path in (ROOT / "sdd_bench").rglob("*.py")
        for text in messages(path.read_text(encoding="utf-8"))
    ]
    assert len(explained()) > 10
    assert unknown(explained(), texts) == []


def test_a_message_that_has_changed_would_be_found() -> None:
    texts = messages('raise E(f"no runs in {x}: " "start")')
    assert unknown(["no runs in …: start"], texts) == []
    assert unknown(["no run in …: start"], texts) == ["no run in …: start"]


def test_the_list_of_messages_has_those_that_the_code_raises(tmp_path: Path) -> None:
    (tmp_path / "sdd_bench").mkdir()
    (tmp_path / "sdd_bench" / "a.py").write_text(
        'raise InputError(f"no such {kind}, " + "but {others}")\n'
        'x = MissingError(f"{x}") or print("not an error")\n'
    )
    assert "\n- `` no such …, but {others} ``\n" in HOOKS.messages(tmp_path)
    assert "not an error" not in HOOKS.messages(tmp_path)
    assert HOOKS.messages(ROOT).count("\n- `` ") > 250


# --- links of the repository, on the site ------------------------------------------------------


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    return HOOKS


def test_links_out_of_the_manual_become_names_of_files(hooks: ModuleType) -> None:
    line = "see [the presets](../methods), [`methods/sld.py`](../methods/sld.py) and [here](a.md#b)"
    shown = "see the presets (`methods`), `methods/sld.py` and [here](a.md#b)"
    assert hooks.inward(line, "guidance.md") == shown
    inside = "[up](../results.md)"
    assert hooks.inward(inside, "decisions/0001.md") == inside
    assert hooks.inward("[x](../../Makefile)", "decisions/0001.md") == "x (`Makefile`)"


def test_what_the_theme_would_fetch_lies_in_the_site(hooks: ModuleType) -> None:
    html = f'<script src="{hooks.ELSEWHERE}">'
    assert hooks.self_contained(html, "index.html") == f'<script src="{hooks.HERE}">'
    assert hooks.self_contained(html, "reference/api.html") == f'<script src="../{hooks.HERE}">'


# --- the site ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning of any kind fails."""
    if find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed: pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def fetched(html: str) -> list[str]:
    """What a browser would fetch from elsewhere for this page by itself."""
    tags = re.findall(r"<(?:script|link|img|iframe|source|video)\b[^>]*>", html)
    places = [place for tag in tags for place in re.findall(r'(?:src|href)="([^"]*)"', tag)]
    places += re.findall(r"url\(['\"]?([^'\")]+)", html)
    return [place for place in places if re.match(r"(?:\w+:)?//", place)]


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    pages = [*site.rglob("*.html")]
    assert len(pages) > 30
    assert [place for page in pages for place in fetched(page.read_text(encoding="utf-8"))] == []
    sheets = [*site.rglob("*.css")]
    assert [place for sheet in sheets for place in fetched(sheet.read_text(encoding="utf-8"))] == []


def test_what_is_fetched_would_be_found() -> None:
    assert fetched('<script src="https://cdn.example/x.js"></script>') == [
        "https://cdn.example/x.js"
    ]
    assert fetched("@import url('//fonts.example/css')") == ["//fonts.example/css"]
    assert fetched('<a href="https://example.org">a link</a><img src="a.png">') == []


def test_the_reference_has_every_command_and_function(site: Path) -> None:
    import sdd_bench
    from sdd_bench.cli.main import cli

    commands = (site / "reference" / "command-line.html").read_text(encoding="utf-8")
    shown = [name for name, command in cli.commands.items() if not command.hidden]
    assert [name for name in shown if f"sdd-bench {name} [OPTIONS]" not in commands] == []
    functions = (site / "reference" / "api.html").read_text(encoding="utf-8")
    names = [name for name in sdd_bench.__all__ if name != "__version__"]
    assert [name for name in names if not re.search(rf'id="[\w.]+\.{name}"', functions)] == []


def test_every_page_is_in_the_index_of_the_search(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    pages = {page.relative_to(site).as_posix() for page in site.rglob("*.html")} - {"404.html"}
    assert [page for page in pages if f'"{page}' not in index] == []


def test_a_reader_without_a_server_finds_a_message_by_the_search(site: Path) -> None:
    from support.browser import Visit, chromium

    with chromium() as browser:
        visit = Visit.of(browser, site / "index.html")
        page = visit.page
        page.goto(visit.path.as_uri())
        page.fill(".md-search__input", "no CUDA device on this machine")
        found = page.locator(".md-search-result__link")
        found.first.wait_for(state="attached")
        places = [link.get_attribute("href") or "" for link in found.all()]
        assert any("troubleshooting.html" in place for place in places)
        assert visit.complaints == []
        assert {place.partition(":")[0] for place in visit.requests} <= {"file", "data", "blob"}


def test_no_page_is_wider_than_a_phone_or_lacks_a_file(site: Path) -> None:
    from support.browser import Visit, chromium

    pages = sorted(path for path in site.rglob("*.html") if path.name != "404.html")
    with chromium() as browser:
        visit = Visit.of(browser, site, width=390)
        wide = []
        for path in pages:
            visit.page.goto(path.as_uri(), wait_until="domcontentloaded")
            if visit.page.evaluate("document.documentElement.scrollWidth") > 390:
                wide.append(path.name)
        assert wide == []
        assert visit.complaints == []


def test_every_page_has_its_place_in_the_menu() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    menu = re.findall(r"(?m)^ +- (?:\w+: )?([\w/.-]+\.md)$", text)
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert sorted(menu) == sorted(pages)
    assert yaml.safe_load(text)["theme"]["font"] is False


# --- tables ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def module() -> ModuleType:
    return loaded("make_tables")


def test_tables_of_what_the_code_defines_are_those_of_the_code(module: ModuleType) -> None:
    pages = {path: path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")}
    old = [path.name for path, text in pages.items() if module.filled(text) != text]
    assert old == []  # python docs/make_tables.py
    every = "".join(pages.values())
    assert [n for n in registry.scan().definitions() if f"\n| `{n}` | " not in every] == []


def test_a_table_that_the_code_no_longer_says_would_be_made_anew(module: ModuleType) -> None:
    page = "a\n<!-- made: presets sld -->\n\n| old |\n\n<!-- made: end -->\nb\n"
    new = module.filled(page)
    assert new.startswith("a\n<!-- made: presets sld -->\n\n|  | `sld-max` | ")
    assert "| `scale` | 5000 | 1000 | 2000 | 200 | 20 |\n" in new
    assert new.endswith("\n\n<!-- made: end -->\nb\n")
    assert "| old |" not in new


def test_a_table_is_put_below_what_stands_above_it(module: ModuleType) -> None:
    page = "# Table 1\n\nmakes it.\n\nTable 1: old\n\n| a |\n\n* note\n"
    table = "Table 1: new\n\n| b |\n\n"
    assert module.renewed(page, table) == "# Table 1\n\nmakes it.\n\nTable 1: new\n\n| b |\n"
    for name in module.TABLES:
        text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        assert module.renewed(text, text[text.index("\nTable ") + 1 :]) == text
