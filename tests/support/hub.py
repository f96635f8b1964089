"""A hub on this machine: one model at one revision, by the protocol of the Hugging Face hub.

As there, large files are answered by a redirect to another host with their SHA-256 as the tag, and
small ones by themselves with the hash that git gives them.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sdd_bench.files import sha256

LARGE = {".bin", ".safetensors"}
"""Endings of files that Git LFS keeps."""

_CDN = "/cdn/"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    range: str | None
    login: str | None


@dataclass
class Faults:
    """What goes wrong, by the path of a file in the repository."""

    refusal: tuple[int, str] | None = None
    """Status and error code of every answer about the model."""
    missing: set[str] = field(default_factory=set)
    """Files that are listed, and are not there."""
    replaced: dict[str, bytes] = field(default_factory=dict)
    """What is sent in place of a file, under the file's own tag."""
    breaks: dict[str, list[int]] = field(default_factory=dict)
    """Bytes after which the next answers break off."""
    resets: bool = False
    """Whether a connection that breaks off is reset, and not closed."""
    holds: dict[str, int] = field(default_factory=dict)
    """Bytes after which a file's answer says nothing more, until its client is gone."""


class Hub(ThreadingHTTPServer):
    """A server for the files of a folder, as a model `repo` at the commit `revision`."""

    daemon_threads = True

    def __init__(self, repo: str, revision: str, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.repo, self.revision, self.folder = repo, revision, folder
        self.faults = Faults()
        self.asked: list[Asked] = []
        self.holding = threading.Event()
        """Set once a file is held back."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def environment(self, home: Path) -> dict[str, str]:
        """Variables by which a process asks this hub, and keeps what it brings below `home`."""
        return {
            "HF_ENDPOINT": self.address,
            "HF_HOME": str(home / "hf"),
            "HF_HUB_DISABLE_XET": "1",
            "SDD_BENCH_WEIGHTS": str(home / "weights"),
        }

    def files(self) -> dict[str, Path]:
        """Every file of the repository by its path in it."""
        found = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path for path in found}

    def brought(self, name: str) -> list[str | None]:
        """The ranges in which the bytes of a file were asked for."""
        large = Path(name).suffix in LARGE
        path = f"{_CDN}{name}" if large else f"/{self.repo}/resolve/{self.revision}/{name}"
        return [each.range for each in self.asked if (each.method, each.path) == ("GET", path)]

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients that are killed leave in the middle of an answer."""


class Answers(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        hub, path = self.server, unquote(urlsplit(self.path).path)
        asked = Asked(
            self.command, path, self.headers.get("Range"), self.headers.get("Authorization")
        )
        hub.asked.append(asked)
        if path.startswith(_CDN):
            return self._send(path.removeprefix(_CDN), body, cdn=True)
        if path == "/":
            return self._say(200, b"{}", body)
        if hub.faults.refusal:
            return self._refuse(*hub.faults.refusal)
        found = re.fullmatch(r"/(?:api/models/)?([^/]+/[^/]+)/(tree|revision|resolve)/(.+)", path)
        if found is None or found[1] != hub.repo:
            return self._refuse(404, "RepoNotFound")
        revision, _, name = found[3].partition("/")
        if revision not in {hub.revision, "main"}:
            return self._refuse(404, "RevisionNotFound")
        if found[2] == "resolve":
            return self._send(name, body, cdn=False)
        listing = {"sha": hub.revision, "id": hub.repo} if found[2] == "revision" else _tree(hub)
        return self._say(200, json.dumps(listing).encode(), body)

    def _refuse(self, status: int, code: str) -> None:
        self._say(status, b"", False, {"X-Error-Code": code})

    def _say(
        self, status: int, content: bytes, body: bool, more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _send(self, name: str, body: bool, *, cdn: bool) -> None:
        hub = self.server
        path = hub.files().get(name)
        if path is None or name in hub.faults.missing:
            return self._refuse(404, "EntryNotFound")
        head = {"X-Repo-Commit": hub.revision, "ETag": f'"{tag(path)}"'}
        if path.suffix in LARGE and not cdn:
            head["X-Linked-ETag"] = head["ETag"]
            head["X-Linked-Size"] = str(path.stat().st_size)
            head["Location"] = f"http://localhost:{hub.server_address[1]}{_CDN}{name}"
            return self._say(302, b"", body, head)
        size = (
            len(hub.faults.replaced[name]) if name in hub.faults.replaced else path.stat().st_size
        )
        wanted = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        start = int(wanted[1]) if wanted and body else 0
        if start and start >= size:
            return self._say(416, b"", False)
        if start:
            head["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        self._say(206 if start else 200, b"", False, {**head, "Content-Length": str(size - start)})
        if body:
            self._stream(name, path, start)
        return None

    def _stream(self, name: str, path: Path, start: int) -> None:
        """The bytes of a file from `start`, as far as its faults let them come."""
        faults = self.server.faults
        cuts = faults.breaks.get(name, [])
        cut = cuts.pop(0) if cuts else None
        hold = faults.holds.get(name)
        end = next((each for each in (cut, hold) if each is not None), None)
        self._copy(name, path, start, end)
        if cut is not None and faults.resets:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif cut is None and hold is not None:
            self.wfile.flush()
            self.server.holding.set()
            self.connection.recv(1)  # until the client is gone
        self.close_connection = True

    def _copy(self, name: str, path: Path, start: int, count: int | None) -> None:
        replaced = self.server.faults.replaced.get(name)
        if replaced is not None:
            self.wfile.write(replaced[start:][:count])
            return
        with path.open("rb") as file:
            file.seek(start)
            left = path.stat().st_size if count is None else count
            while left > 0 and (block := file.read(min(_BLOCK, left))):
                self.wfile.write(block)
                left -= len(block)


def _tree(hub: Hub) -> list[dict[str, object]]:
    """The listing of the repository."""
    entries: list[dict[str, object]] = []
    for name, path in hub.files().items():
        size = path.stat().st_size
        entry: dict[str, object] = {"type": "file", "path": name, "size": size, "oid": "0" * 40}
        if path.suffix in LARGE:
            entry["lfs"] = {"oid": tag(path), "size": size, "pointerSize": 134}
        entries.append(entry)
    return entries


def tag(path: Path) -> str:
    """What the hub calls the content of a file."""
    return _tag(path, path.stat().st_mtime_ns)


@functools.cache
def _tag(path: Path, _modified: int) -> str:
    if path.suffix in LARGE:
        return sha256(path)
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
