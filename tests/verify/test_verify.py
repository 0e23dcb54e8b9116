"""A verification from its battery to its folder: verdicts, seeds, workers, bad input, full disks."""

import json
import resource
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from hybridsim.cli.main import run as command
from hybridsim.envs.worlds import Origin, load
from hybridsim.errors import BatteryError, PolicyError, SimulationError, WorkerDied
from hybridsim.policy import Policy
from hybridsim.report.verify_page import write_verify
from hybridsim.verify.battery import Scenario, read_battery
from hybridsim.verify.criteria import Criterion, criteria_of
from hybridsim.verify.episodes import Batch, Subject, load_subject, run_batch
from hybridsim.verify.fit import check_scenario, measures_of
from hybridsim.verify.junit import junit
from hybridsim.verify.run import Asked, subject_of, verify
from hybridsim.verify.work import Crew
from tests.policy.made import policy as walker
from tests.verify.made import battery, standing_policy, swing_policy

SERIAL = Crew(engine="serial")
GOOD = '[[scenario]]\nname = "as it is"\n'
LIMP = '[[scenario]]\nname = "limp & <weak>"\nderating_share = [0.97, 1.0]\n'


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    return swing_policy(tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="module")
def verified(policy, tmp_path_factory):
    """A battery of which one scenario passes, and one fails, by two processes."""
    folder = tmp_path_factory.mktemp("verified")
    asked = Asked(policy=policy, battery=battery(folder, GOOD + LIMP))
    return verify(asked, folder / "out", crew=Crew(workers=2))


def test_scenarios_pass_and_fail_early_with_intervals(verified):
    good, limp = verified.result["scenarios"]
    assert not verified.passed and (good["state"], limp["state"]) == ("passed", "failed")
    assert good["episodes"] < 60 and limp["episodes"] < 60
    part = limp["criteria"][0]
    assert part["limit"] < part["low"] < part["value"] <= part["high"]
    worst = limp["worst_episode"]
    assert worst["failures"] == 1.0 and worst["drawn"]["derating_share"] >= 0.97
    assert verified.result["headline"] == "failed: 1 of 2 scenarios: 'limp & <weak>' (failed)"


def test_the_folder_holds_what_people_and_machines_read(verified, tmp_path):
    names = sorted(path.name for path in verified.folder.iterdir())
    assert names == ["junit.xml", "report.html", "verify.json"]  # a pendulum without shapes is not filmed
    assert json.loads((verified.folder / "verify.json").read_text()) == verified.result
    page = (verified.folder / "report.html").read_text()
    assert "limp &amp; &lt;weak&gt;" in page and "<weak>" not in page and "<video" not in page
    write_verify(tmp_path / "page.html", filmed(verified.result))
    assert '<video src="02-limp%20%26.mp4"' in (tmp_path / "page.html").read_text()


def filmed(result):
    """The same, as if there were a video."""
    good, limp = result["scenarios"]
    return {**result, "scenarios": [good, {**limp, "video": "02-limp &.mp4"}]}


def test_junit_has_a_suite_a_case_a_scenario_and_a_failure_with_words(verified):
    assert (verified.folder / "junit.xml").read_text() == junit(verified.result)
    root = ElementTree.fromstring(junit(filmed(verified.result)))
    suite = root.find("testsuite")
    assert root.tag == "testsuites" and (suite.get("tests"), suite.get("failures")) == ("2", "1")
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    assert set(cases) == {"as it is", "limp & <weak>"}
    assert all(case.get("classname") for case in cases.values())
    assert cases["as it is"].find("failure") is None
    failure = cases["limp & <weak>"].find("failure")
    assert failure.get("message") == failure.text and "of at most 20 %: failed" in failure.text
    assert cases["limp & <weak>"].findtext("system-out").endswith("[[ATTACHMENT|02-limp &.mp4]]")


def test_a_filmed_episode_is_the_one_that_was_judged(tmp_path):
    import av

    subject = Subject(
        policy=str(standing_policy(tmp_path)),
        calibration=None,
        variant="hybrid",
        options=(("episode_s", 0.5), ("prior", False)),
    )
    scenario = Scenario.model_validate({"name": "x", "push_m_s": [0.1, 3.0], "push_at_s": 0.1})
    batch = Batch(subject=subject, scenario=scenario, seed=0, first=2, count=2)
    plain = run_batch(batch)
    film = run_batch(replace(batch, film=3, path=tmp_path / "film.mp4"))
    for name, values in plain.columns.items():
        np.testing.assert_array_equal(values, film.columns[name], err_msg=name)
    with av.open(str(tmp_path / "film.mp4")) as video:
        frames = [frame.to_ndarray(format="gray") for frame in video.decode(video=0)]
    assert len(frames) == np.ceil(plain.columns["seconds"][1] / 0.04) and frames[0].std() > 5.0


def test_the_verdict_does_not_depend_on_the_workers(verified, policy, tmp_path):
    asked = Asked(policy=policy, battery=battery(tmp_path, GOOD + LIMP))
    alone = verify(asked, crew=SERIAL).result
    differ = {"started"}
    strip = [{k: v for k, v in one.items() if k not in differ} for one in (alone, verified.result)]
    for one in strip:
        one["scenarios"] = [{**entry, "video": None} for entry in one["scenarios"]]
    assert strip[0] == strip[1]
    other = verify(replace(asked, seed=1), crew=SERIAL).result
    assert other["scenarios"][1]["worst_episode"] != alone["scenarios"][1]["worst_episode"]


def test_what_stays_open_fails_with_that_word(policy, tmp_path):
    path = battery(tmp_path, GOOD + "episodes = 10\n", passing="most_failures = 0.05")
    found = verify(Asked(policy=policy, battery=path), crew=SERIAL)
    assert not found.passed and found.result["scenarios"][0]["state"] == "undecided"
    assert "(undecided)" in str(found)


def test_exit_codes_and_a_payload_that_differs_from_episode_to_episode(policy, tmp_path, capsys):
    path = battery(
        tmp_path, '[[scenario]]\nname = "load"\npayload_kg = [0.0, 0.05]\n', passing="most_failures = 0.4"
    )
    words = ["verify", str(policy), "--battery", str(path), "--engine", "serial", "--json", "-"]
    assert command(words) == 0
    entry = json.loads(capsys.readouterr().out)["scenarios"][0]
    assert entry["state"] == "passed"
    limp = battery(tmp_path, LIMP)
    assert command([*words[:3], str(limp), *words[4:6]]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("failed: 1 of 1 scenarios")


def test_a_heavier_load_is_felt(policy, tmp_path):
    path = battery(tmp_path, '[[scenario]]\nname = "x"\npayload_kg = 0.2\n[[scenario]]\nname = "y"\n')
    asked = Asked(policy=policy, battery=path)
    read = read_battery(path)
    subject = subject_of(asked, read)
    heavy, light = (
        run_batch(Batch(subject=subject, scenario=one, seed=0, first=0, count=4)) for one in read.scenarios
    )
    errors = [one.columns["angle_error_rad"].mean() for one in (heavy, light)]
    assert errors[0] > 1.2 * errors[1]


def test_policies_for_others_are_refused(policy, tmp_path):
    path = battery(tmp_path, GOOD, top='robot = "anymal_c"')
    with pytest.raises(PolicyError, match="its robot is xl330_pendulum; expected anymal_c"):
        verify(Asked(policy=policy, battery=path))
    stranger = swing_policy(tmp_path / "b", robot="so101")
    with pytest.raises(PolicyError, match="its robot is so101; expected xl330_pendulum, which does swing"):
        verify(Asked(policy=stranger, battery=battery(tmp_path, GOOD)))
    layout = swing_policy(tmp_path / "c", terms=("command", "joint_position"))
    with pytest.raises(PolicyError, match="terms command, joint_position; expected command, joint"):
        verify(Asked(policy=layout, battery=battery(tmp_path, GOOD)))
    slow = swing_policy(tmp_path / "d", control_period_s=0.04)
    with pytest.raises(PolicyError, match="control_period_s 0.04; expected 0.02"):
        verify(Asked(policy=slow, battery=battery(tmp_path, GOOD)))


def test_a_calibration_with_another_control_period_is_refused(policy, tmp_path):
    read = read_battery(battery(tmp_path, GOOD))
    subject = subject_of(Asked(policy=policy, battery=tmp_path / "battery.toml"), read)
    source = load(Origin(calibration="xl330_pendulum"), "xl330_pendulum")
    slow = source.settings.model_copy(update={"rate_hz": 25.0})
    task = load_subject(subject).task(dict(subject.options))
    with pytest.raises(SimulationError, match="its control period is 0.02 s, the simulator's 0.04 s"):
        measures_of(task, replace(source, settings=slow))


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        (
            "slope_rad = 0.1",
            "slope_rad needs a base that floats on PyBullet's ground; xl330_pendulum has",
        ),
        ("push_m_s = 1", "push_m_s needs a base that floats"),
        ("gyro_bias_rad_s = 1", "needs a policy that sees angular_velocity"),
        ("search = {key = 'tilt_rad', to = 0.5}", "tilt_rad needs a base that floats"),
        ("derating_joints = 'knee'", "no joint is called 'knee'; available: pendulum"),
        ("payload_link = 'nose'", "no link is called 'nose'"),
        ("values = {'drive.*.delays' = 1}", r"is called 'drive.\*.delays'"),
        ("worst = {}", "worst draws need a calibration"),
        ("pass = {most_stumbles = 1}", "no limit 'most_stumbles'; available: most_falls, .*angle_error_rad"),
        ("pass = {most_falls = 0}", "expected most_falls above 0 and below 1"),
        ("pass = {least_falls = 0.1}", "expected most_falls"),
    ],
)
def test_scenarios_that_cannot_be_are_refused_before_anything_runs(policy, tmp_path, scenario, words):
    path = battery(tmp_path, f'[[scenario]]\nname = "x"\n{scenario}\n')
    with pytest.raises(BatteryError, match=f"scenario 'x'.*{words}"):
        verify(Asked(policy=policy, battery=path), crew=Crew(run=lambda _: pytest.fail("it ran")))


def test_ground_is_there_for_walkers(tmp_path):
    scenario = read_battery("anymal_c/batteries/release.toml").scenarios
    folder = walker().save(tmp_path)
    for one in scenario:
        check_scenario(one, load(Origin(), "anymal_c"), Policy.load(folder))


@pytest.mark.parametrize("times", [1, 2])
def test_a_worker_that_dies_is_restarted_once(tmp_path, times):
    def dying(item):
        import os
        import signal

        deaths = tmp_path / item
        deaths.write_text(deaths.read_text() + "x" if deaths.exists() else "x")
        if item == "b" and len(deaths.read_text()) <= times:
            os.kill(os.getpid(), signal.SIGKILL)
        return item.upper()

    crew = Crew(workers=2, run=dying)
    if times == 1:
        assert crew.outcomes(["a", "b", "c"]) == ["A", "B", "C"]
    else:
        with pytest.raises(WorkerDied, match="a worker process died"):
            crew.outcomes(["a", "b", "c"])


def test_a_full_disk_leaves_nothing_half_written(policy, tmp_path, capsys):
    """A real limit of the operating system on the size of files stands in for the full disk."""
    words = ["verify", str(policy), "--battery", str(battery(tmp_path, GOOD)), "--engine", "serial"]
    out = tmp_path / "out"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        assert command([*words, "--no-video", "--out", str(out)]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert capsys.readouterr().err.startswith("hybridsim: ")
    assert not list(out.iterdir()) and not list(tmp_path.glob(".out*"))


def test_a_folder_with_other_things_is_left_alone(policy, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("x")
    with pytest.raises(BatteryError, match="holds thesis.txt, which no verification wrote"):
        verify(Asked(policy=policy, battery=battery(tmp_path, GOOD)), tmp_path / "out", crew=SERIAL)


def test_limits_by_hand():
    most, least = criteria_of({"most_falls": 0.1, "least_return": 5.0}, [], "x")
    states = ("passed", "undecided", "failed")
    assert (most.state(0.0, 0.1), most.state(0.05, 0.2), most.state(0.11, 0.3)) == states
    assert (least.state(5.0, 9.0), least.state(4.0, 6.0), least.state(1.0, 4.9)) == states
    assert Criterion(most=True, measure="return", limit=np.inf).key == "most_return"
