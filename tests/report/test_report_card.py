"""card.md: one page that says how good, on what, and when not to use it."""

import subprocess
import sys
from dataclasses import replace

from hybridsim.report.card import card
from hybridsim.report.info import gate_sentence


def test_the_card_has_what_a_reader_needs(arm):
    _, scores, info = arm
    text = card(scores, info)
    for asked in [
        "SYNTHETIC LOGS",
        "## Errors",
        "| **hybrid** |",
        "elbow_flex.stiffness = 200 N\\*m/rad",
        "Not identifiable from these logs: wrist_roll.stiffness.",
        "## Coverage of the 90 % intervals",
        "## When not to use it",
        "hybridsim evaluate calibration/so101/so101-3f9a1c --logs DIR",
        "Seen by the fit: aaaa0001, aaaa0002",
        *info["log_names"],
    ]:
        assert asked in text, asked
    assert len(text.splitlines()) < 90


def test_the_card_quotes_the_scores(arm):
    _, scores, info = arm
    row = next(line for line in card(scores, info).splitlines() if line.startswith("| **hybrid** |"))
    found = scores["variants"]["hybrid"]["signals"]["joint_position"]
    low, high = found["mae_mean_interval_95"]
    assert f"{1e3 * found['mae_mean']:.1f} [{1e3 * low:.1f}, {1e3 * high:.1f}] mrad" in row


def test_a_worse_hybrid_is_called_worse(arm, make):
    swapped = [
        replace(
            r,
            predicted=r.predicted
            | {"hybrid": r.predicted["identified"], "identified": r.predicted["hybrid"]},
        )
        for r in arm[0]
    ]
    text = card(make.scores(swapped), {})
    assert "hybrid is WORSE than identified" in text
    assert "hybrid is not measurably better than identified on shoulder_pan" in text


def test_intervals_that_hold_too_little_are_listed(arm, make):
    tight = [
        replace(
            r, low=0.9 * r.predicted["hybrid"] + 0.1 * r.low, high=0.9 * r.predicted["hybrid"] + 0.1 * r.high
        )
        for r in arm[0]
    ]
    assert "joint_position: 90 % intervals are off for shoulder_pan" in card(make.scores(tight), {})


def test_foreign_strings_make_no_markup(arm):
    _, scores, _ = arm
    text = card(scores | {"robot": "<script>x</script>|[a](javascript:b)`*"}, {})
    assert "<script>" not in text.split("## Reproduce")[0]
    assert "](javascript" not in text.split("## Reproduce")[0]


def test_a_gate_reads_as_a_sentence():
    from hybridsim.calibration.parts import Gate

    gate = Gate(
        ships=True, unit="rad", mean_difference=-0.0041, interval_95=(-0.005, -0.0032), reason="clear"
    )
    assert gate_sentence(gate) == (
        "ships: on validation logs, with minus without the network is -4.1 [-5.0, -3.2] mrad; clear"
    )
    assert gate_sentence(Gate(ships=False, reason="too few logs")) == "left out; too few logs"


def test_a_card_is_written_without_plotly():
    """`calibrate` writes cards, and plotly takes longer to import than a card to write."""
    code = "import sys, hybridsim.report.card; sys.exit('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
