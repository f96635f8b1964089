"""The bar in a notebook: one line, replaced in place, by IPython alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from sdd_bench.progress import notebook, progress, waiting


class InteractiveShell:
    """The base of all of IPython's shells."""


class TerminalInteractiveShell(InteractiveShell):
    """`ipython` in a terminal."""


class ZMQInteractiveShell(InteractiveShell):
    """ipykernel's."""


class Shell(ZMQInteractiveShell):
    """Colab's."""


class Cell:
    """A cell's output; remembers each picture of each of its places."""

    def __init__(self) -> None:
        self.places: list[list[dict[str, str]]] = []

    def display(self, data: dict[str, str], *, raw: bool, display_id: bool) -> SimpleNamespace:
        assert raw
        assert display_id
        place = [data]
        self.places.append(place)

        def update(data: dict[str, str], *, raw: bool) -> None:
            assert raw
            place.append(data)

        return SimpleNamespace(update=update)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Callable[[InteractiveShell], Cell]:
    def running_in(shell: InteractiveShell) -> Cell:
        made = Cell()
        ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
        ipython.get_ipython = lambda: shell  # type: ignore[attr-defined]
        display.display = made.display  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        monkeypatch.setitem(sys.modules, "IPython.display", display)
        return made

    return running_in


def test_a_kernel_is_known_by_its_shell(cell: Callable[[InteractiveShell], Cell]) -> None:
    for shell, here in (
        (ZMQInteractiveShell(), True), (Shell(), True), (TerminalInteractiveShell(), False),
    ):  # fmt: skip
        cell(shell)
        assert notebook.is_here() == here


def test_ipython_is_not_imported_for_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not notebook.is_here()
    assert "IPython" not in sys.modules


def test_a_line_is_replaced_in_place(
    cell: Callable[[InteractiveShell], Cell],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = cell(ZMQInteractiveShell())
    monkeypatch.setattr(notebook, "REDRAW", 0.05)
    methods = " + ".join(f"method-{number}" for number in range(9))
    with progress(f"{methods} on country_body", 500) as advance:
        time.sleep(0.2)
        advance(250)
        time.sleep(0.2)
    (pictures,) = output.places
    texts = [picture["text/plain"] for picture in pictures]
    assert {tuple(picture) for picture in pictures} == {("text/plain",)}
    assert "  0/500 0:00 so far" in texts[0]
    assert any("█████░░░░░ 250/500" in text for text in texts)
    assert texts[-1].endswith("images/s stopped after 0:00")
    assert max(map(len, texts)) <= 80
    assert capsys.readouterr().err == ""


def test_what_does_not_stay_appears_only_if_it_lasts(
    cell: Callable[[InteractiveShell], Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = cell(ZMQInteractiveShell())
    monkeypatch.setattr(notebook, "REDRAW", 0.1)
    with waiting("loading miniature"):
        pass
    assert output.places == []
    with waiting("loading sd-v1-4"):
        time.sleep(0.3)
    (pictures,) = output.places
    assert pictures[-1]["text/plain"] == "loading sd-v1-4 in 0:00"


def test_nothing_is_shown_afterwards(
    cell: Callable[[InteractiveShell], Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = cell(ZMQInteractiveShell())
    monkeypatch.setattr(notebook, "REDRAW", 0.02)
    with progress("sd", 5) as advance:
        advance(5)
    (pictures,) = output.places
    before = len(pictures)
    time.sleep(0.1)
    assert len(pictures) == before
