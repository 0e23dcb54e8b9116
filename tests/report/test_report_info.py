"""A calibration's own record, in the words of the page."""

import hashlib

from hybridsim.calibration.record import new_record
from hybridsim.report.card import card
from hybridsim.report.info import info_of


def record_of(log_ids):
    """A record whose fit has trained on the first log and validated on the second."""
    splits = ["train", "validation", *["test"] * (len(log_ids) - 2)]
    logs = [
        {"log_id": log_id, "sha256": "0" * 64, "name": f"motion {i}", "split": split}
        for i, (log_id, split) in enumerate(zip(sorted(log_ids), splits, strict=True))
    ]
    study = "schema = 1\n"
    return new_record(
        robot="so101",
        serial="stand-in",
        synthetic=True,
        simulation={"physics_timestep_s": 0.001},
        parameters={
            "elbow_flex.delay": {"value": 0.2, "unit": "s", "low": 0.0, "high": 0.2, "at_bound": True}
        },
        gates={"joint_position": {"ships": False, "reason": "no better than chance"}},
        intervals={},
        networks=(),
        baselines={},
        lineage={
            "logs": logs,
            "code_version": "0.1.0",
            "seed": 7,
            "study": study,
            "study_sha256": hashlib.sha256(study.encode()).hexdigest(),
        },
    )


def test_a_record_tells_the_page_what_it_needs(arm):
    _, scores, _ = arm
    ids = sorted(scores["variants"]["hybrid"]["logs"])
    info = info_of(record_of(ids), log_names={ids[3]: "pick and place"}, command="hybridsim evaluate so101")
    assert info.fitted_on == (ids[0], ids[1])  # training and validation logs, not the test logs
    assert [info.log_name(log_id) for log_id in ids] == ["motion 0", "motion 1", "motion 2", "pick and place"]
    text = card(scores, info)
    assert "On 4 partly in-sample synthetic logs" in text
    assert "elbow_flex.delay = 0.2 s" in text
    assert "left out; no better than chance" in text
    assert "    hybridsim evaluate so101" in text
    assert info.lineage["seed"] == "7"
