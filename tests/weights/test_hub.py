"""The hub is asked only where it may be and answers, and nobody waits for it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from sdd_bench import models
from sdd_bench.errors import MissingError
from sdd_bench.suites import readers
from sdd_bench.weights import catalog, fetcher, hub
from support.shell import Shell
from support.web import Web


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A hub that answers 404 to everything."""
    import threading

    with Web() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        yield server
        server.shutdown()


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub that takes a connection and says nothing, as some firewalls do."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr(hub, "PATIENCE", 0.3)
        yield


@pytest.fixture(autouse=True)
def nothing_is_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(tmp_path / "weights"))
    for variable in hub.VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def test_a_hub_that_answers_may_be_asked(web: Web) -> None:
    assert hub.silent() == ""


@pytest.mark.parametrize("variable", hub.VARIABLES)
def test_a_variable_forbids_to_ask_it(
    web: Web, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for value in ("1", "true", "ON"):
        monkeypatch.setenv(variable, value)
        assert hub.silent() == f"{variable} forbids to fetch it"
    monkeypatch.setenv(variable, "0")
    assert hub.silent() == ""


def test_a_hub_that_says_nothing_is_not_waited_for(deaf: None) -> None:
    before = time.monotonic()
    assert "cannot be reached (ReadTimeout)" in hub.silent()
    assert time.monotonic() - before < 5


def test_a_run_that_may_not_ask_ends_at_once_and_says_what_to_do(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("the hub was asked")

    monkeypatch.setattr(socket, "create_connection", asked)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    line = shell.run_fails(3, "--model", "nobody/such-model")
    assert "HF_HUB_OFFLINE forbids to fetch it: give the path of a folder" in line
    line = shell.run_fails(3, "--model", "sd-v1-4")
    assert "`sdd-bench weights fetch sd-v1-4` where there is a network" in line
    with pytest.raises(MissingError, match="HF_HUB_OFFLINE forbids to fetch it"):
        readers.read("hub:nobody/such-data")
    with pytest.raises(MissingError, match=r"HF_HUB_OFFLINE forbids .* --from FOLDER"):
        fetcher.fetch(catalog.named("clip-vit-b32"))


def test_a_model_in_the_cache_needs_no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = models.find("nobody/such-model")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(MissingError):
        models.check_reachable(spec)
    (tmp_path / "cache" / "models--nobody--such-model" / "snapshots" / "1").mkdir(parents=True)
    models.check_reachable(spec)


def test_what_the_hub_answers_is_said(web: Web) -> None:
    with pytest.raises(MissingError, match=r"the hub answers 404, as it does where there is none"):
        models.folder_of(models.find("nobody/such-model"))
