"""A web of toy weights."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sdd_bench.weights import catalog

RIGHT = bytes(range(256)) * 4000
"""What the toy weight holds: about a megabyte."""


WRONG = RIGHT[:-1] + b"?"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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


def toy(name: str = "plain") -> catalog.Weight:
    return catalog.named(name)


def left(folder: Path) -> list[str]:
    """Every file that lies in the weights folder."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    )


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
