"""The page of a walk: numbers by hand, figures drawn, and no hostile name run."""

import shutil
import subprocess

import numpy as np
import pytest

from hybridsim.report.walk_figures import largest_of
from hybridsim.report.walk_numbers import foot_rows
from hybridsim.report.walk_page import write_walk
from hybridsim.simulator.feet import AIR, FootTrace
from hybridsim.simulator.surfaces import Surface, kind_of
from tests.report.test_report_browser import CHROMIUM, FLAGS


def trace_of(names=("firm", "ice")):
    """One foot: 0.1 s on firm ground, 0.1 s in the air, 0.2 s on ice ahead, with a bounce (synthetic)."""
    rows = 40
    surface = np.repeat([0, AIR, 1, AIR, 1], [10, 10, 10, 2, 8])
    on = surface != AIR
    place = np.zeros((rows, 1, 1, 3))
    place[surface == 1, 0, 0, 0] = 0.3
    load = np.where(on, np.where(surface == 0, 100.0, 50.0), 0.0)
    load[25] = 140.0
    slip = np.where(surface == 1, 0.2, 0.0)
    columns = {"load": load, "slip": slip, "used": np.where(surface == 1, 1.0, 0.5 * on), "surface": surface}
    return FootTrace(
        feet=("foot",),
        surfaces=names,
        time_s=0.01 * np.arange(1, rows + 1),
        place=place,
        distance=0.01 * np.cumsum(slip)[:, None, None],
        **{name: column[:, None, None] for name, column in columns.items()},
    )


def test_rows_by_hand():
    firm, ice = foot_rows(trace_of())
    assert (firm.surface, firm.steps, firm.mean_load, firm.peak_load) == ("firm", 1, 100.0, 100.0)
    assert (firm.slip_per_step, firm.used, firm.sliding) == (0.0, 0.5, 0.0)
    # 18 rows of 0.01 s at 0.2 m/s: 36 mm in one step, whose bounce comes down where it went up; 17 rows of
    # 50 N and one of 140 N: 55 N
    assert (ice.surface, ice.steps, ice.peak_load) == ("ice", 1, 140.0)
    assert [ice.slip_per_step, ice.mean_load] == pytest.approx([0.036, 55.0])
    assert (ice.used, ice.sliding) == (1.0, 1.0)


def test_what_is_drawn_keeps_the_peaks():
    assert largest_of(np.array([1.0, 5.0, 2.0, 3.0, 0.0]), 2).tolist() == [5.0, 3.0, 0.0]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium to look at the page")
def test_figures_are_drawn_and_a_hostile_name_stays_text(tmp_path):
    name = '</script><script>document.title="owned"</script>'
    grounds = [kind_of("firm", (-1.0, 0.2, -1.0, 1.0)), Surface(name=name, area=(0.2, 1.0, -1.0, 1.0))]
    page = tmp_path / "walk.html"
    base = np.linspace([0.0, 0.0, 0.5], [0.3, 0.0, 0.5], 40)
    write_walk(
        page, trace=trace_of(("firm", name)), base=base, surfaces=grounds, facts=[("walked", "0.30 m")]
    )
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
        cwd=tmp_path,
    )
    assert [line for line in done.stderr.splitlines() if ":CONSOLE" in line] == []
    assert done.stdout.count('class="main-svg"') >= 2
    assert "<title>SYNTHETIC: ANYmal C walks" in done.stdout and "owned</title>" not in done.stdout
    shutil.rmtree(tmp_path / "profile", ignore_errors=True)
