"""Reports in a browser: what they weigh, when they are seen, how smoothly they scroll, and whether
they keep what docs/report.md says of them.

    python benchmarks/report_page.py report.html ... [--browser /usr/bin/chromium]

Exit code 1 if a page complains, asks the network, shows a picture unasked, says other numbers at a
definition's threshold than its table, or takes over 2 s to the first paint or 0.1 s for a frame.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")

SCROLL = """async (steps) => {
  const grid = document.querySelector('.grid');
  if (!grid) return [0];
  const frames = [];
  grid.scrollTop = 0;
  let last = await new Promise(requestAnimationFrame);
  for (let step = 0; step < steps; step += 1) {
    grid.scrollTop += step < steps / 2 ? 120 : grid.scrollHeight / steps * 2;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  return frames;
}"""
"""Slowly at first, and then through all of it; the time between frames."""

UNBLURRED = "all => all.filter(each => each.naturalWidth > 8 || each.naturalHeight > 8).length"

AWRY = """() => RATES.flatMap(rate => REPORT.runs.flatMap((_, run) => {
  const table = numberOf(run, rate.name);
  if (!table) return [];
  const here = rateAt(run, rate, rate.threshold);
  const apart = Math.max(...['value', 'low', 'high'].map(key => Math.abs(here[key] - table[key])));
  return apart < 1e-9 ? [] : [`${REPORT.runs[run].label} ${rate.name}: ${apart} apart`];
}))"""
"""Where the page recounts another rate or interval than its table has."""

PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def look(browser: Browser, path: Path) -> list[str]:
    """Print the figures of a page; what is wrong with it."""
    page, faults = browser.new_page(viewport={"width": 1280, "height": 800}), list[str]()
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: faults.extend(_foreign(request.url)))
    page.goto(f"{path.resolve().as_uri()}#tab=pictures")
    page.wait_for_selector("#panel")
    painted = float(page.evaluate(PAINTED))
    page.wait_for_timeout(1000)
    # What else the machine does slows down one scroll of three, and a page that is slow all.
    frames = min((page.evaluate(SCROLL, 300) for _ in range(3)), key=max)
    page.wait_for_timeout(500)
    if page.eval_on_selector_all("img", UNBLURRED):
        faults.append("pictures are shown unasked")
    faults += page.evaluate(AWRY)
    faults += _every_tab(page)
    page.close()
    print(
        f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, first paint {painted / 1000:.2f} s, "
        f"slowest frame {max(frames):.0f} ms, median {sorted(frames)[len(frames) // 2]:.0f} ms"
    )
    if painted > 2000:
        faults.append("the first paint takes over 2 s")
    if max(frames) > 100:
        faults.append("a frame takes over 100 ms")
    return faults


def _foreign(url: str) -> list[str]:
    return [] if url.startswith(("file:", "blob:", "data:")) else [f"asks for {url}"]


def _every_tab(page: Page) -> list[str]:
    empty = []
    for tab in ("Tables", "Thresholds", "Charts", "Runs"):
        page.get_by_role("tab", name=tab).click()
        if len(page.locator("#panel").inner_text()) < 40:
            empty.append(f"{tab} is empty")
    return empty


def main() -> int:
    """Look at each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--browser", default=next(filter(None, map(shutil.which, NAMES)), None))
    arguments, wrong = parser.parse_args(), False
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=arguments.browser, args=["--no-sandbox"]
        )
        for path in arguments.pages:
            for fault in dict.fromkeys(look(browser, path)):
                wrong = True
                print(f"{path.name}: {fault}", file=sys.stderr)
        browser.close()
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
