"""The page of a fleet: states in words, numbers by hand, nothing from the network, and any fleet has one."""

import re
import shutil
import subprocess
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from hybridsim.cli import main
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.place import Place
from hybridsim.fleet.report import gathered
from hybridsim.report.fleet_facts import EntrySpread, ErrorPoint, UnitFacts
from hybridsim.report.fleet_figures import error_figure, heat_figure
from hybridsim.report.fleet_page import headline, write_fleet
from hybridsim.report.fleet_strips import WIDTH, strip_of
from tests.fleet.filled import DAY, ROBOT, START, Filled, one_of_each
from tests.report.test_report_browser import CHROMIUM, FLAGS

OUTSIDE = re.compile(r"""(?:src|href)=["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import""")


def own_part(path):
    """The page without plotly's own code, which names addresses that nothing here asks for."""
    text = path.read_text(encoding="utf-8")
    return text[: text.index("<noscript>")]


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    filled = one_of_each(tmp_path_factory.mktemp("fleet") / "each")
    with closing(filled.fleet):
        return gathered(filled.fleet)


def test_every_state_those_first_that_want_attention(facts):
    assert [(one.serial, one.state) for one in facts.units] == [
        ("refused", "verdict refused"),
        ("ringing", "changed and not yet relearned"),
        ("odd", "logs set aside"),
        ("bare", "new"),
        ("fresh", "new"),
        ("worn", "changed and relearned"),
        ("quiet", "healthy"),
    ]
    why = {one.serial: one.why for one in facts.units}
    assert why["refused"].startswith("error on held-out logs changes by +9.0%")
    assert why["ringing"] == why["worn"] == "friction of pendulum" and why["quiet"] == ""
    assert why["bare"] == "no log yet" and why["fresh"].startswith("no calibration yet")
    assert headline(facts) == (
        "3 of 7 units want attention: 1 verdict refused; 1 changed and not yet relearned; 1 logs set aside"
    )
    assert headline(replace(facts, units=facts.units[3:5])).startswith("None of 2 units has a calibration")


def test_errors_now_and_then_by_hand(facts):
    units = {one.serial: one for one in facts.units}
    # judged by the log of day 3 at 2 mrad; the newest three are of days 4, 5 and 6
    assert [units["ringing"].error_then, units["ringing"].error_now] == pytest.approx([2e-3, 3e-3])
    assert [units["quiet"].error_then, units["quiet"].error_now] == pytest.approx([2e-3, 2e-3])
    worn = units["worn"]  # nothing was replayed by its second calibration but by the gate
    assert (worn.error_now, worn.error_then, worn.error_gate) == (None, None, pytest.approx(1.5e-3))
    assert [(p.number, p.age) for p in worn.points if p.gate] == [(6, 2)]
    assert [(m.step, m.number, m.back) for m in worn.marks] == [(1, 2.5, False), (2, 5.5, False)]
    (change,) = worn.changes
    assert not change.open and units["ringing"].changes[0].open


def test_what_to_collect_those_first_of_which_least_is_known(facts):
    first, *others = facts.wanted  # bare and fresh, as wide as the population: log det 0, deviation 1
    assert (first.serial, first.others) == ("bare", 1)
    assert (first.log_det, first.typical) == pytest.approx((0.0, 1.0))
    assert {one.serial for one in others[:2]} == {"refused", "ringing"}
    assert others[0].why == "changed: friction of pendulum"
    quiet = next(one for one in facts.wanted if one.serial == "quiet")
    assert quiet.typical == pytest.approx(0.1) and len(quiet.worst) == 3


def test_entries_are_in_their_own_units(facts):
    for one in facts.entries:  # all beliefs lie one size above the mean; between units one size is usual
        assert one.values.shape == (5,)
        assert np.all((one.values <= one.mean + one.deviation * 1.000001) & (one.values >= one.mean))


def test_a_strip_by_hand():
    few = EntrySpread(
        name="a", unit="s", mean=0.0, deviation=1 / 1.96, low=-5, high=5, values=np.array([0.0, 1.0])
    )
    strip = strip_of(few)  # from -1 to 1, 3 % of that as room at both ends
    assert (strip.low, strip.high, strip.mean) == pytest.approx((-1.06, 1.06, WIDTH / 2))
    assert strip.ticks == pytest.approx([500.0, 1000 * 2.06 / 2.12], abs=0.06) and not strip.bars
    assert strip_of(replace(few, low=0.0)).low == pytest.approx(-0.03)  # no unit can have less than 0
    many = strip_of(replace(few, values=np.zeros(100)))
    assert not many.ticks and [height for _, _, height in many.bars] == [1.0]


def test_the_page_in_words(facts, tmp_path):
    page = tmp_path / "report.html"
    write_fleet(page, facts)
    text = own_part(page)
    for words in (
        "3 of 7 units want attention",
        "changed and not yet relearned",
        "friction of pendulum",
        "-50.0 % [-60.0, -40.0]",
        "70 % → –",
        "misfit 9, at most 3",
        "hybridsim fleet collect --fleet",
        "History of steps",
        "step 2",
    ):
        assert words in text, words
    assert "SYNTHETIC" not in text  # the servo's calibration is of real logs
    assert not OUTSIDE.search(text) and "default-src 'none'" in text  # nothing may be loaded from anywhere
    write_fleet(page, replace(facts, synthetic=1, looked=1))
    assert "SYNTHETIC" in own_part(page) and page.stat().st_size < 5.2e6


def crowd(count):
    """Units alike, each with three logs on three days."""
    points = [
        ErrorPoint(
            began_ns=START + k * DAY, number=k, error=1e-3 * (1 + k), age=0, calibration="c", log_id=f"{k}"
        )
        for k in range(3)
    ]
    unit = UnitFacts(
        serial="u",
        state="healthy",
        why="",
        logs=3,
        hours=0.1,
        last_ns=None,
        calibration="c",
        error_now=None,
        error_then=None,
        error_gate=None,
        points=points,
        marks=[],
        changes=[],
    )
    return [replace(unit, serial=f"u{n}") for n in range(count)]


def test_a_heat_map_of_few_has_their_rows_one_of_many_counts_them():
    few = heat_figure(crowd(2)).data[0]
    assert list(few.y) == ["u0", "u1"] and [list(row) for row in few.z] == [[1.0, 2.0, 3.0]] * 2
    many = heat_figure(crowd(50)).data[0]
    assert len(many.z) == 10 and sorted(v for row in many.z for v in row if v) == [50, 50, 50]
    assert heat_figure([]) is None


def test_logs_without_a_date_are_counted():
    (unit,) = crowd(1)
    unit = replace(unit, points=[replace(one, began_ns=one.number * 10**9) for one in unit.points])
    assert list(error_figure(unit).data[0].x) == [0, 1, 2]
    assert str(error_figure(crowd(1)[0]).data[0].x[0])[:2] == "20"


def test_an_empty_fleet_and_one_without_a_population_have_a_page(tmp_path, capsys):
    folder = tmp_path / "fleet"
    with closing(Fleet.init(folder, Place(schema=1, robot=ROBOT))) as fleet:
        assert main.run(["fleet", "report", "--fleet", str(folder)]) == 0
        assert "0 units, 0 of them over time" in capsys.readouterr().out
        text = own_part(folder / "report.html")
        assert "No unit yet" in text and "fleet ingest logs/" in text and "What changed" not in text
        fleet.registry.enrol(["a"])
        fleet.registry.add_calibration("lost")
        fleet.registry.promote("a", "lost")
    assert main.run(["fleet", "report", "--fleet", str(folder), "--out", str(tmp_path / "one.html")]) == 0
    text = own_part(tmp_path / "one.html")
    assert (
        "no log yet" in text and "fleet relearn --all" in text and "calibration lost cannot be read" in text
    )
    assert main.run(["fleet", "report", "--fleet", str(folder), "--serial", "b"]) == 1
    assert "no unit 'b' in this fleet; available: a" in capsys.readouterr().err


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium to look at the page")
def test_figures_are_drawn_and_a_hostile_name_stays_text(tmp_path):
    name = '</script><script>document.title="owned"</script>'
    filled = Filled.new(tmp_path / "fleet")
    filled.fleet.registry.enrol([name])
    for day in range(3):
        filled.replayed(name, day, filled.population.reference, 5e-3, odd=name if day == 2 else "")
    page = tmp_path / "page.html"
    with closing(filled.fleet):
        write_fleet(page, gathered(filled.fleet))
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
        cwd=tmp_path,
    )
    assert [line for line in done.stderr.splitlines() if ":CONSOLE" in line] == []
    assert len(re.findall(r'class="plot js-plotly-plot"', done.stdout)) == 2
    assert "<title>fleet of xl330_pendulum</title>" in done.stdout
    shutil.rmtree(tmp_path / "profile", ignore_errors=True)
