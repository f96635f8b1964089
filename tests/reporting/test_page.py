"""The file of HTML: it needs no other, and no text of it ends an element."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sdd_bench as sb
from sdd_bench.errors import SDDBenchError
from sdd_bench.reporting import page


def test_nothing_is_fetched(results: Path) -> None:
    text = sb.report(results=results, out=results.parent / "page.html").read_text()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert "http" not in policy[1]
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1", text, flags=re.DOTALL)
    assert re.findall(r"<(?:link|iframe|object|embed|base|form|img)\b", markup) == []
    assert re.findall(r"<script[^>]*\bsrc=", markup) == []


def test_a_file_of_the_page_that_would_end_its_element_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_FOLDER", tmp_path)
    for text in ("x = '</script>'", "/* </STYLE> */", "<!-- x"):
        (tmp_path / "bad.js").write_text(text)
        with pytest.raises(SDDBenchError, match=r"bad\.js holds what ends a script"):
            page.inlined("bad.js")
    (tmp_path / "good.js").write_text("const x = 1 < 2;")
    assert page.inlined("good.js") == "const x = 1 < 2;"


def test_a_missing_file_says_to_reinstall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_FOLDER", tmp_path)
    with pytest.raises(SDDBenchError, match=r"state\.js of the page is missing: reinstall"):
        page.inlined("state.js")
