"""The page in a real browser: figures drawn, nothing on the console, no hostile string run."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hybridsim.report.page import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
    *("--enable-logging=stderr", "--virtual-time-budget=5000", "--window-size=1280,2400"),
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium to look at the page"),
]


@dataclass(frozen=True)
class Visit:
    """What the browser made of a page."""

    html: str
    dom: str
    console: list[str]
    screenshot: Path


@pytest.fixture(scope="module")
def visit(arm, tmp_path_factory):
    """One visit of headless Chromium, in a fresh profile, to a page with hostile names of logs."""
    replays, scores, info = arm
    folder = tmp_path_factory.mktemp("browser")
    page, screenshot = folder / "report.html", folder / "page.png"
    names = dict.fromkeys(info["log_names"], '<script>document.title="owned"</script>')
    write_report(page, scores=scores, replays=replays, calibration_info=info | {"log_names": names})
    asked = [f"--user-data-dir={folder / 'profile'}", "--dump-dom", f"--screenshot={screenshot}"]
    done = subprocess.run(
        [CHROMIUM, *FLAGS, *asked, page.as_uri()],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
        cwd=folder,
    )
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return Visit(page.read_text(encoding="utf-8"), done.stdout, console, screenshot)


def test_every_figure_is_drawn_and_the_console_stays_silent(visit):
    assert visit.console == []
    wanted = visit.html.count("data-figure=")
    assert wanted == 10
    assert len(re.findall(r'class="plot js-plotly-plot"', visit.dom)) == wanted
    assert visit.dom.count('class="main-svg"') >= wanted
    assert len(re.findall(r'class="subplot x\d*y\d*"', visit.dom)) >= 3 * 12  # six joints, motion and error


def test_a_hostile_name_does_not_run(visit):
    title = re.search(r"<title>(.*?)</title>", visit.dom)
    assert title and title.group(1) == "SYNTHETIC: so101 stand-in: so101-3f9a1c"


def test_the_screenshot_shows_a_page(visit):
    from PIL import Image

    with Image.open(visit.screenshot) as image:
        pixels = np.asarray(image.convert("RGB"), dtype=float)  # [height width channel]
    assert pixels.shape == (2400, 1280, 3)
    # Every band of the page has something in it: text, tables and figures, not one flat colour.
    spread = pixels.mean(axis=2).reshape(8, 300, 1280).std(axis=(1, 2))
    assert spread.min() > 5.0
    hybrid = np.abs(pixels - (0x00, 0x72, 0xB2)).max(axis=2) < 24
    assert hybrid[1200:].sum() > 500  # bars and lines of the hybrid, below the tables
