"""A page in a browser, with what it complains of and what it asks the network for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""Browsers of the system that do."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Playwright's own, or that of the system; skips where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        if not own.exists() and found is None:
            pytest.skip("no Chromium: `playwright install chromium` brings one")
        path = None if own.exists() else found
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            pytest.skip(f"Chromium does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page that is open."""

    page: Page
    path: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser, path: Path, *, width: int = 1280, dark: bool = False) -> Visit:
        """Open nothing yet, but listen."""
        page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
        )
        visit = cls(page, path)
        page.on("console", lambda message: visit.complaints.append(message.text))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("request", lambda request: visit.requests.append(request.url))
        page.set_default_timeout(60_000)
        return visit

    def to(self, fragment: str) -> Page:
        """The page as if it were opened by a link."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.path.as_uri()}#{fragment}")
        self.page.wait_for_selector("#panel")
        return self.page

    def saved(self) -> str:
        """The fragment, once it is written."""
        self.page.wait_for_timeout(200)
        return str(self.page.evaluate("location.hash.slice(1)"))

    def unblurred(self) -> list[str]:
        """Pictures that can be seen."""
        return list(
            self.page.eval_on_selector_all(
                "img",
                "all => all.filter(each => each.naturalWidth > 8 || each.naturalHeight > 8)"
                ".map(each => each.src)",
            )
        )
