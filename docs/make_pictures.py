"""Lay out the pictures of the documentation from the runs that `make demo` leaves in `results/`.

python docs/make_pictures.py [--results results]

Of the report they are taken in a browser, if there is one.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

import sdd_bench as sb
from sdd_bench.miniature.renderer.draw import SIDE, draw
from sdd_bench.miniature.renderer.examples import example
from sdd_bench.runs import lookup
from sdd_bench.runs.run import Run

IMAGES = Path(__file__).parent / "images"
SCALE = 2
GAP = 4


def sheet(pictures: Sequence[Image.Image], columns: int, name: str) -> None:
    """Save a grid of pictures, enlarged without smoothing."""
    step = SIDE * SCALE + GAP
    rows = -(-len(pictures) // columns)
    grid = Image.new("RGB", (columns * step - GAP, rows * step - GAP), "white")
    for index, picture in enumerate(pictures):
        enlarged = picture.resize((SIDE * SCALE,) * 2, Image.Resampling.NEAREST)
        grid.paste(enlarged, (index % columns * step, index // columns * step))
    IMAGES.mkdir(exist_ok=True)
    grid.save(IMAGES / name, optimize=True)


def pictures_of(run: Run, count: int) -> list[Image.Image]:
    """The first image of each of the first `count` prompts of a run."""
    first = [sample for sample in run.samples() if sample.k == 0]
    return [Image.fromarray(run.load_image(sample)[0]) for sample in first[:count]]


VIEWS = {
    "report_tables": ("tab=tables", 1280, False),
    "report_pictures": ("tab=pictures&flip=safe&suite=0", 1280, False),
    "report_thresholds": ("tab=thresholds", 1280, True),
    "report_phone": ("tab=pictures", 390, False),
}
"""Screenshots of the report: fragment of the address, width in pixels, and whether it is dark."""


def report(results: Path) -> None:
    """Screenshots of the report of two methods, its pictures blurred, as a reader finds them."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = sb.report(["sd", "sd-neg"], results=results, out=Path(folder) / "report.html")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, (view, width, dark) in VIEWS.items():
            page = browser.new_page(
                viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
            )
            page.goto(f"{path.as_uri()}#{view}")
            page.wait_for_timeout(1000)
            with Image.open(io.BytesIO(page.screenshot())) as taken:
                taken.save(IMAGES / f"{name}.webp", quality=80, method=6)
        browser.close()


def main() -> None:
    """Write all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    results = parser.parse_args().results
    runs = {(r.spec.suite, r.spec.method): r for r in lookup.find(results)}
    above, below = (pictures_of(runs["country_body", name], 12) for name in ("sd", "sd-neg"))
    sheet([*above, *below], 12, "demo.png")
    sheet(pictures_of(runs["miniature/coco30k", "sd"], 40), 10, "contact_sheet.png")
    sheet([draw(example("docs", index).scene) for index in range(40)], 10, "renders.png")
    report(results)


if __name__ == "__main__":
    main()
