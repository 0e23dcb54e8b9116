"""`hybridsim motion`: clips by name, joints and lengths, and a film."""

import av

from hybridsim.cli import main
from tests.motion.made import swing_table


def test_clips_are_listed_and_told(capsys):
    assert main.run(["motion"]) == 0
    assert "laikago_walk\n" in capsys.readouterr().out
    assert main.run(["motion", "laikago_walk", "--robot", "anymal_c"]) == 0
    out = capsys.readouterr().out
    assert "laikago_walk.txt: 21 frames over 1.250 s, goes round, base moves at 0.269 m/s" in out
    assert "joints of laikago:\n  FR_hip: +0.066 to +0.091 rad" in out and "joints of anymal_c:" in out


def test_a_film_of_a_motion(tmp_path, capsys):
    (tmp_path / "up.csv").write_text("time_s,shoulder_pan_rad\n0,0\n0.4,1.0\n")
    film = tmp_path / "up.mp4"
    assert main.run(["motion", str(tmp_path / "up.csv"), "--video", str(film)]) == 0
    with av.open(str(film)) as opened:
        frames = [frame.to_ndarray(format="rgb24").astype(float) for frame in opened.decode(video=0)]
    assert len(frames) == 10 and abs(frames[0] - frames[-1]).max() > 50  # it moves
    swing_table(tmp_path / "s.csv")
    assert main.run(["motion", str(tmp_path / "s.csv"), "--robot", "nobody"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
