"""Weights: nothing is handed out unverified, and what is fetched arrives whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import textwrap
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from huggingface_hub import constants

from sdd_bench import models
from sdd_bench.errors import InputError, MissingError
from sdd_bench.types import ModelSpec
from sdd_bench.weights import catalog, fetcher, pypi, store

if TYPE_CHECKING:
    from tests.conftest import Shell

RIGHT = bytes(range(256)) * 4000
"""What the toy weight holds: about a megabyte."""

WRONG = RIGHT[:-1] + b"?"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- a web of our own -------------------------------------------------------------------------


class Web(ThreadingHTTPServer):
    """A server for files; it knows ranges, and can break off or forget about ranges."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.files: dict[str, bytes] = {}
        self.ranges = True
        self.breaks_after: list[int] = []
        """Bytes after which the next answers break off."""
        self.asked: list[tuple[str, str | None]] = []
        """Path and range of every GET."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answers(BaseHTTPRequestHandler):
    server: Web

    def log_message(self, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        content = self.server.files.get(self.path)
        self._head(404 if content is None else 200, len(content or b""), content)

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        content = self.server.files.get(self.path)
        if content is None:
            return self._head(404, 0, None)
        start = int(re.findall(r"\d+", wanted)[0]) if wanted and self.server.ranges else 0
        if start and start >= len(content):
            return self._head(416, 0, None)
        self._head(206 if start else 200, len(content) - start, content, start)
        cut = self.server.breaks_after.pop(0) if self.server.breaks_after else None
        self.wfile.write(content[start:][:cut])
        self.close_connection = True
        return None

    def _head(self, status: int, length: int, content: bytes | None, start: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if content is not None:
            self.send_header("ETag", f'"{sha(content)}"')
            self.send_header("X-Repo-Commit", "c" * 40)
            self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "x/y")
        if status == 206 and content is not None:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty weights folder, and a pip that is configured with nothing."""
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(tmp_path / "weights"))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    catalog.weights.cache_clear()
    yield tmp_path / "weights"
    catalog.weights.cache_clear()


@pytest.fixture
def toys(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of toys on that web, one from each kind of source."""
    known = f'{{ path = "toy.bin", size = {len(RIGHT)}, sha256 = "{sha(RIGHT)}" }}'
    head = 'serves = "tests"\nlicence = "none"\n'
    packed = 'name = "Toy_Model", version = "1.0"'
    text = f"""
        [plain]
        {head}url = "{web.address}/toy.bin"
        single = true
        files = [{known}]
        [packed]
        {head}package = {{ {packed}, kind = "sdist", folder = "Toy-1/m" }}
        single = true
        files = [{known}]
        [wheel]
        {head}package = {{ {packed}, kind = "wheel", folder = "m" }}
        single = true
        files = [{known}]
        [hub]
        {head}hub = "owner/toy"
        revision = "{"c" * 40}"
        files = [{{ path = "config.json" }}, {{ path = "unet/toy.bin" }}]
        """
    (tmp_path / "toys.toml").write_text(textwrap.dedent(text).replace("        ", ""))
    monkeypatch.setattr(catalog, "CATALOG", tmp_path / "toys.toml")
    monkeypatch.setattr(constants, "ENDPOINT", web.address)
    template = "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", web.address + template)
    web.files = {
        "/toy.bin": RIGHT,
        f"/owner/toy/resolve/{'c' * 40}/config.json": b"{}",
        f"/owner/toy/resolve/{'c' * 40}/unet/toy.bin": RIGHT,
    }


def toy(name: str = "plain") -> catalog.Weight:
    return catalog.named(name)


def left(folder: Path) -> list[str]:
    """Every file that lies in the weights folder."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    )


# --- the catalogue ----------------------------------------------------------------------------


def test_the_catalogue_names_every_real_weight() -> None:
    assert set(catalog.weights()) == {
        "nudenet-v2", "nudenet-320n", "q16-vit-l14", "clip-vit-l14", "clip-vit-b32",
        "clip-vit-h14", "inception", "lpips-alex", "lpips-vgg", "sd-v1-4",
    }  # fmt: skip


def test_published_hashes_are_in_it() -> None:
    # spec/metrics.md; torchvision's file names begin with their own hash.
    assert {
        name: (weight.files[0].size, weight.files[0].sha256)
        for name, weight in catalog.weights().items()
        if name in {"nudenet-v2", "nudenet-320n", "q16-vit-l14"}
    } == {
        "nudenet-v2": (
            83_591_037, "3e11feabf772456036fb99a51f35980ee745f0e645583d2cfab1a30e4d88a90e",
        ),
        "nudenet-320n": (
            12_150_158, "c15d8273adad2d0a92f014cc69ab2d6c311a06777a55545f2c4eb46f51911f0f",
        ),
        "q16-vit-l14": (
            3_231, "9b6c411824c2f64e0f847aa3c9f2b15b8e3a6c75e0efd82f2f672670c97ccad5",
        ),
    }  # fmt: skip
    for name in ("lpips-alex", "lpips-vgg"):
        (file,) = catalog.named(name).files
        assert file.sha256
        assert Path(file.path).stem.endswith(f"-{file.sha256[:8]}")


def test_only_the_hub_is_trusted_at_first() -> None:
    # The hub pins a commit; an address on the web may show anything tomorrow.
    for name, weight in catalog.weights().items():
        if isinstance(weight.source, catalog.Hub):
            assert re.fullmatch("[0-9a-f]{40}", weight.source.revision), name
        else:
            assert all(file.sha256 for file in weight.files), name
        for file in weight.files:
            assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256), name
        assert weight.single == (len(weight.files) == 1), name


def test_the_model_and_its_weights_are_of_one_commit() -> None:
    spec, source = models.SPECS["sd-v1-4"], catalog.named("sd-v1-4").source
    assert source == catalog.Hub(repo=spec.source, revision=spec.revision or "")


# --- nothing is handed out unverified ---------------------------------------------------------


def test_missing_weights_say_which_command_brings_them(folder: Path) -> None:
    with pytest.raises(MissingError, match=r"`sdd-bench weights fetch inception`") as caught:
        store.find("inception")
    assert str(folder / "inception" / "inception-2015-12-05.pt") in str(caught.value)


def test_a_name_that_is_not_there_is_the_users_fault() -> None:
    with pytest.raises(InputError, match="Did you mean 'nudenet-v2'"):
        store.find("nudenet-v3")


@pytest.mark.usefixtures("toys")
def test_a_damaged_file_is_refused_with_both_hashes(folder: Path) -> None:
    (folder / "plain").mkdir(parents=True)
    (folder / "plain" / "toy.bin").write_bytes(WRONG)
    with pytest.raises(MissingError, match=f"{sha(WRONG)}, not {sha(RIGHT)}"):
        store.find("plain")
    assert store.state(toy()) == "damaged"


@pytest.mark.usefixtures("toys")
def test_a_file_whose_hash_nobody_knows_is_not_used(folder: Path) -> None:
    for name in ("config.json", "unet/toy.bin"):
        (folder / "hub" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "hub" / name).write_bytes(b"{}")
    assert store.state(toy("hub")) == "unrecorded"
    with pytest.raises(MissingError, match="nothing says what the SHA-256"):
        store.find("hub")


def test_an_installed_package_is_looked_into_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toys: None
) -> None:
    site = tmp_path / "site"
    (site / "m").mkdir(parents=True)
    (site / "m" / "__init__.py").write_text("raise SystemExit('imported')")
    (site / "m" / "toy.bin").write_bytes(RIGHT)
    (site / "Toy_Model-1.0.dist-info").mkdir()
    (site / "Toy_Model-1.0.dist-info" / "METADATA").write_text("Name: Toy_Model\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(site))
    assert store.find("wheel") == site / "m" / "toy.bin"
    (site / "m" / "toy.bin").write_bytes(WRONG)
    with pytest.raises(MissingError, match=f"{sha(WRONG)}, not {sha(RIGHT)}"):
        store.find("wheel")


# --- from the web -----------------------------------------------------------------------------


def test_a_download_is_found_and_not_repeated(web: Web, folder: Path, toys: None) -> None:
    assert fetcher.fetch(toy()) == [f"plain/toy.bin: SHA-256 {sha(RIGHT)}"]
    assert store.find("plain").read_bytes() == RIGHT
    assert fetcher.fetch(toy()) == []
    assert web.asked == [("/toy.bin", None)]
    assert left(folder) == ["plain/toy.bin"]


def begun(folder: Path, content: bytes) -> Path:
    path = folder / fetcher.PARTIAL / "plain" / "toy.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_a_download_goes_on_where_it_broke_off(web: Web, folder: Path, toys: None) -> None:
    begun(folder, RIGHT[:700_000])
    fetcher.fetch(toy())
    assert web.asked == [("/toy.bin", "bytes=700000-")]
    assert store.find("plain").read_bytes() == RIGHT


def test_a_server_that_knows_no_ranges_begins_anew(web: Web, folder: Path, toys: None) -> None:
    web.ranges = False
    begun(folder, RIGHT[:700_000])
    fetcher.fetch(toy())
    assert store.find("plain").read_bytes() == RIGHT


def test_a_connection_that_breaks_is_taken_up_again(web: Web, toys: None) -> None:
    web.breaks_after = [300_000, 300_000]
    fetcher.fetch(toy())
    assert store.find("plain").read_bytes() == RIGHT
    assert [wanted for _, wanted in web.asked] == [None, "bytes=300000-", "bytes=600000-"]


def test_what_has_arrived_is_kept_when_nothing_more_comes(
    web: Web, folder: Path, toys: None
) -> None:
    web.breaks_after = [300_000, 0]
    with pytest.raises(MissingError, match=r"what has arrived is kept \(300,000 bytes\)"):
        fetcher.fetch(toy())
    assert left(folder) == [".partial/plain/toy.bin"]
    fetcher.fetch(toy())
    assert web.asked[-1] == ("/toy.bin", "bytes=300000-")
    assert store.find("plain").read_bytes() == RIGHT


def test_a_wrong_file_is_refused_with_both_hashes_and_kept_nowhere(
    web: Web, folder: Path, toys: None
) -> None:
    web.files["/toy.bin"] = WRONG
    with pytest.raises(MissingError, match=f"{sha(WRONG)} .* not {sha(RIGHT)}"):
        fetcher.fetch(toy())
    assert left(folder) == []


def test_rubbish_of_an_earlier_attempt_costs_one_more(web: Web, folder: Path, toys: None) -> None:
    begun(folder, b"?" * (len(RIGHT) + 5))
    with pytest.raises(MissingError, match="refused and deleted"):
        fetcher.fetch(toy())
    fetcher.fetch(toy())
    assert store.find("plain").read_bytes() == RIGHT


def test_a_damaged_file_is_replaced(folder: Path, toys: None) -> None:
    (folder / "plain").mkdir(parents=True)
    (folder / "plain" / "toy.bin").write_bytes(WRONG)
    fetcher.fetch(toy())
    assert store.find("plain").read_bytes() == RIGHT


def test_what_the_server_says_is_passed_on(web: Web, toys: None) -> None:
    web.files.clear()
    with pytest.raises(MissingError, match=r"answers 404 .* --from FOLDER"):
        fetcher.fetch(toy())


# --- trust on first use -----------------------------------------------------------------------


def test_the_first_hash_is_recorded_and_holds(web: Web, folder: Path, toys: None) -> None:
    lines = fetcher.fetch(toy("hub"))
    assert all("recorded, and checked from now on" in line for line in lines)
    assert json.loads((folder / "lock.json").read_text())["sha256"] == {
        "hub/config.json": sha(b"{}"),
        "hub/unet/toy.bin": sha(RIGHT),
    }
    assert store.find("hub") == folder / "hub"
    assert left(folder) == ["hub/config.json", "hub/unet/toy.bin", "lock.json"]
    # Changed on this disk ...
    (folder / "hub" / "unet" / "toy.bin").write_bytes(WRONG)
    with pytest.raises(MissingError, match=f"{sha(WRONG)}, not {sha(RIGHT)}"):
        store.find("hub")
    # ... and at the source: the record does not move.
    web.files[f"/owner/toy/resolve/{'c' * 40}/unet/toy.bin"] = WRONG
    with pytest.raises(MissingError, match=f"{sha(WRONG)} .* not {sha(RIGHT)}"):
        fetcher.fetch(toy("hub"))
    assert store.recorded(folder)["hub/unet/toy.bin"] == sha(RIGHT)


def test_a_model_that_was_fetched_is_run_from_there(web: Web, folder: Path, toys: None) -> None:
    fetcher.fetch(toy("hub"))
    asked = len(web.asked)
    spec = ModelSpec(name="hub", source="owner/toy", definitions=())
    assert models.folder_of(spec) == folder / "hub"
    assert len(web.asked) == asked
    (folder / "hub" / "config.json").unlink()
    with pytest.raises(MissingError, match="weights fetch hub"):
        models.folder_of(spec)


def test_a_hub_that_does_not_answer_is_one_sentence(web: Web, toys: None) -> None:
    web.files.clear()
    with pytest.raises(MissingError, match=r"config\.json of owner/toy .* --from FOLDER"):
        fetcher.fetch(toy("hub"))


def test_a_record_that_cannot_be_read_is_not_taken_for_an_empty_one(
    folder: Path, toys: None
) -> None:
    fetcher.fetch(toy("hub"))
    (folder / "lock.json").write_text("{")
    with pytest.raises(MissingError, match="cannot be read"):
        store.find("hub")
    with pytest.raises(MissingError, match="cannot be read"):
        fetcher.fetch(toy("hub"))
    assert (folder / "lock.json").read_text() == "{"


# --- out of packages --------------------------------------------------------------------------


def sdist(*entries: tarfile.TarInfo | tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                tar.addfile(info, io.BytesIO(entry[1]))
    return buffer.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def publish(web: Web, monkeypatch: pytest.MonkeyPatch, **archives: bytes) -> None:
    """An index with these archives, as the one that pip is configured with."""
    files = {"sdist": "Toy_Model-1.0.tar.gz", "wheel": "Toy_Model-1.0-py3-none-any.whl"}
    page = ""
    for kind, content in archives.items():
        web.files[f"/files/{files[kind]}"] = content
        page += f'<a href="/files/{files[kind]}#sha256={sha(content)}">{files[kind]}</a>\n'
    web.files["/simple/toy-model/"] = f"<html><body>{page}</body></html>".encode()
    settings = {"index-url": f"{web.address}/simple"}
    monkeypatch.setattr(pypi, "pip_settings", lambda: settings)  # asking it takes a second


def test_a_file_of_an_sdist_is_taken_and_its_code_is_not_run(
    web: Web, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toys: None
) -> None:
    ran = tmp_path / "ran"
    setup = f"open({str(ran)!r}, 'w').close()\nfrom setuptools import setup\nsetup()\n".encode()
    archive = sdist(("Toy-1/setup.py", setup), ("Toy-1/m/toy.bin", RIGHT), ("Toy-1/x", b"x"))
    with monkeypatch.context() as stand_in:
        publish(web, stand_in, sdist=archive)
    monkeypatch.setenv("PIP_INDEX_URL", f"{web.address}/simple")  # this one asks pip itself
    fetcher.fetch(toy("packed"))
    assert store.find("packed").read_bytes() == RIGHT
    assert left(folder) == ["packed/toy.bin"]
    assert not ran.exists()


def test_an_archive_goes_on_where_it_broke_off(
    web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch, toys: None
) -> None:
    archive = sdist(("Toy-1/m/toy.bin", RIGHT))
    publish(web, monkeypatch, sdist=archive)
    part = folder / fetcher.PARTIAL / "packed" / "Toy_Model-1.0.tar.gz"
    part.parent.mkdir(parents=True)
    part.write_bytes(archive[:500])
    fetcher.fetch(toy("packed"))
    assert web.asked[-1] == ("/files/Toy_Model-1.0.tar.gz", "bytes=500-")
    assert store.find("packed").read_bytes() == RIGHT


def test_a_file_of_a_wheel_is_taken(web: Web, monkeypatch: pytest.MonkeyPatch, toys: None) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as wheel:
        wheel.writestr("m/toy.bin", RIGHT)
    publish(web, monkeypatch, sdist=sdist(("Toy-1/m/toy.bin", WRONG)), wheel=buffer.getvalue())
    fetcher.fetch(toy("wheel"))
    assert store.find("wheel").read_bytes() == RIGHT


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([("../evil", b"x"), ("Toy-1/m/toy.bin", RIGHT)], "leads out of it"),
        ([("Toy-1/m/toy.bin", RIGHT), ("Toy-1/../../evil", b"x")], "leads out of it"),
        ([("/evil", b"x"), ("Toy-1/m/toy.bin", RIGHT)], "leads out of it"),
        ([link("Toy-1/m/toy.bin", "/etc/hostname")], "not a plain file"),
        ([("Toy-1/x", RIGHT), link("Toy-1/m/toy.bin", "../x")], "not a plain file"),
        ([("Toy-1/x", RIGHT), link("Toy-1/m/toy.bin", "Toy-1/x", tarfile.LNKTYPE)], "not a plain"),
        ([("Toy-1/x", RIGHT)], "holds no Toy-1/m/toy.bin"),
    ],
)
def test_a_hostile_archive_is_refused(
    entries: list[tarfile.TarInfo | tuple[str, bytes]],
    why: str,
    web: Web,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    toys: None,
) -> None:
    publish(web, monkeypatch, sdist=sdist(*entries))
    with pytest.raises(MissingError, match=why):
        fetcher.fetch(toy("packed"))
    assert store.state(toy("packed")) == "missing"
    assert list(folder.parent.rglob("*evil*")) == []


def test_an_archive_with_another_hash_is_refused_with_both(
    web: Web, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toys: None
) -> None:
    archive = sdist(("Toy-1/m/toy.bin", RIGHT))
    publish(web, monkeypatch, sdist=archive)
    text = (tmp_path / "toys.toml").read_text()
    (tmp_path / "toys.toml").write_text(
        text.replace('folder = "Toy-1/m"', f'folder = "Toy-1/m", sha256 = "{"0" * 64}"')
    )
    catalog.weights.cache_clear()
    with pytest.raises(MissingError, match=f"{sha(archive)}, not {'0' * 64}"):
        fetcher.fetch(toy("packed"))
    assert left(folder) == []


def test_a_truncated_archive_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "Toy_Model-1.0.tar.gz"
    path.write_bytes(sdist(("Toy-1/m/toy.bin", os.urandom(50_000)))[:20_000])
    with pytest.raises(MissingError, match=r"Toy_Model-1\.0\.tar\.gz is damaged"):
        pypi.extract(path, "Toy-1/m/toy.bin", tmp_path / "out")


def test_an_index_without_the_package_is_one_sentence(
    web: Web, monkeypatch: pytest.MonkeyPatch, toys: None
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"{web.address}/simple")
    with pytest.raises(MissingError, match=r"Toy_Model 1\.0 .* not to be had.* PIP_INDEX_URL"):
        fetcher.fetch(toy("packed"))


def test_pip_is_asked_what_it_is_configured_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://a.invalid/simple\nfind-links = /one\n    /two\n"
        "[install]\nindex-url = https://b.invalid/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    found = pypi.pip_settings()
    assert found["index-url"] == "https://a.invalid/simple"
    assert found["find-links"].split() == ["/one", "/two"]
    monkeypatch.setenv("PIP_INDEX_URL", "https://c.invalid/simple")
    assert pypi.pip_settings()["index-url"] == "https://c.invalid/simple"


# --- from a folder ----------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["toy.bin", "plain/toy.bin"])
def test_a_folder_brought_by_hand_is_copied(
    where: str, web: Web, folder: Path, tmp_path: Path, toys: None
) -> None:
    source = tmp_path / "brought" / where
    source.parent.mkdir(parents=True)
    source.write_bytes(RIGHT)
    fetcher.fetch(toy(), tmp_path / "brought")
    assert store.find("plain").read_bytes() == source.read_bytes() == RIGHT
    assert web.asked == []
    assert left(folder) == ["plain/toy.bin"]


def test_a_wrong_file_in_it_is_refused_with_both_hashes(
    folder: Path, tmp_path: Path, toys: None
) -> None:
    (tmp_path / "brought").mkdir()
    (tmp_path / "brought" / "toy.bin").write_bytes(WRONG)
    with pytest.raises(InputError, match=f"{sha(WRONG)}, not {sha(RIGHT)}"):
        fetcher.fetch(toy(), tmp_path / "brought")
    assert left(folder) == []
    assert (tmp_path / "brought" / "toy.bin").read_bytes() == WRONG


def test_a_folder_without_it_says_where_it_was_looked_for(tmp_path: Path, toys: None) -> None:
    with pytest.raises(InputError, match=r"does not hold plain: .*plain/toy\.bin nor .*/toy\.bin"):
        fetcher.fetch(toy(), tmp_path)


def test_an_archive_brought_by_hand_is_looked_into(tmp_path: Path, toys: None) -> None:
    archive = sdist(("Toy-1/m/toy.bin", RIGHT))
    (tmp_path / "Toy_Model-1.0.tar.gz").write_bytes(archive)
    fetcher.fetch(toy("packed"), tmp_path)
    assert store.find("packed").read_bytes() == RIGHT


def test_a_weights_folder_of_another_machine_brings_its_record(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toys: None
) -> None:
    fetcher.fetch(toy("hub"))
    shutil.copytree(folder, tmp_path / "stick")
    (tmp_path / "stick" / "hub" / "unet" / "toy.bin").write_bytes(WRONG)
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(tmp_path / "other"))
    with pytest.raises(InputError, match=f"{sha(WRONG)}, not {sha(RIGHT)}"):
        fetcher.fetch(toy("hub"), tmp_path / "stick")
    (tmp_path / "stick" / "hub" / "unet" / "toy.bin").write_bytes(RIGHT)
    fetcher.fetch(toy("hub"), tmp_path / "stick")
    assert store.find("hub") == tmp_path / "other" / "hub"


# --- the commands -----------------------------------------------------------------------------


def test_list_says_what_is_here_and_which_hash_is_trusted(shell: Shell, toys: None) -> None:
    assert shell("weights", "fetch", "plain").code == 0
    answer = shell("weights", "list")
    assert answer.code == 0
    lines = {line.split()[0]: line for line in answer.out.splitlines() if line.split()}
    assert re.search(r"\bhere\b.*\b1 MB\b.*\bknown\b", lines["plain"])
    assert re.search(r"\bmissing\b.*\bon trust\b", lines["hub"])
    assert shell("weights", "fetch", "hub").code == 0
    assert re.search(r"(?m)^ *hub +here .*\brecorded\b", shell("weights", "list").out)


def test_fetch_wants_names_or_all(shell: Shell, toys: None) -> None:
    assert "or --all" in shell.fails(2, "weights", "fetch")
    assert "or --all" in shell.fails(2, "weights", "fetch", "plain", "--all")
    assert "no weight named 'plane'" in shell.fails(2, "weights", "fetch", "plane")


def test_fetch_all_goes_on_after_a_failure(shell: Shell, toys: None) -> None:
    answer = shell("weights", "fetch", "--all")
    assert answer.failure(3) == "error: 2 of 4 weights did not come: see above"
    assert store.state(toy("plain")) == store.state(toy("hub")) == "verified"


def test_verify_finds_the_damaged(shell: Shell, folder: Path, toys: None) -> None:
    assert shell("weights", "verify").code == 0  # what is missing is not wrong ...
    assert "weights fetch plain`" in shell.fails(
        3, "weights", "verify", "plain"
    )  # ... unless named
    shell("weights", "fetch", "plain")
    assert shell("weights", "verify", "plain").code == 0
    (folder / "plain" / "toy.bin").write_bytes(WRONG)
    assert "weights fetch plain`" in shell.fails(3, "weights", "verify")
