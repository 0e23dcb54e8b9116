"""Imported actuator networks: signs, order, opt-in, and what a network that breaks its contract is told."""

import warnings

import numpy as np
import pytest
import torch

from hybridsim.errors import HybridSimError, SimulationError
from hybridsim.exchange.actuator_contract import read_actuator_contract
from hybridsim.exchange.torchscript import ImportedActuator, UntrustedCodeWarning
from tests.exchange.made import (
    Fails,
    NotANumber,
    Picks,
    Sums,
    Wide,
    Worded,
    lstm_contract,
    mlp_contract,
    save,
)


def loaded(tmp_path, module, contract, worlds=1):
    with pytest.warns(
        UntrustedCodeWarning, match=r"net\.pt: loading a TorchScript file, which can hold any code"
    ):
        return ImportedActuator.load(save(module, tmp_path / "net.pt"), contract, worlds=worlds, trust=True)


def ask(actuator, target=0.0, position=0.0, velocity=0.0):
    shape = (actuator.worlds, len(actuator.joints))
    return actuator.effort(
        *(np.broadcast_to(np.asarray(v, float), shape) for v in (target, position, velocity))
    )


def test_the_error_is_target_minus_position(tmp_path):
    actuator = loaded(tmp_path, Picks(0), mlp_contract(pos_scale=2.0, torque_scale=10.0))
    found = ask(actuator, target=[0.5, 0.1], position=[0.2, 0.3], velocity=9.0)
    np.testing.assert_allclose(found, [[6.0, -4.0]], rtol=1e-6)  # 10 * 2 * 0.3, 10 * 2 * -0.2


@pytest.mark.parametrize(("order", "columns"), [("pos_vel", (0, 1, 2)), ("vel_pos", (3, 4, 5))])
def test_histories_are_newest_first_and_start_at_zero(tmp_path, order, columns):
    """Errors 1, 2, ... at entries (0, 1, 3): after four calls 4, 3 and 1; after the first 1, 0 and 0."""
    for column, first, fourth in zip(columns, (1.0, 0.0, 0.0), (4.0, 3.0, 1.0), strict=True):
        actuator = loaded(tmp_path, Picks(column), mlp_contract(input_order=order))
        found = [ask(actuator, target=float(k), velocity=50.0)[0, 0] for k in range(1, 5)]
        assert (found[0], found[3]) == (first, fourth)
        actuator.reset()
        assert ask(actuator, target=1.0)[0, 0] == first


@pytest.mark.parametrize(("order", "column"), [("pos_vel", 3), ("vel_pos", 0)])
def test_velocities_have_their_own_scale_and_place(tmp_path, order, column):
    actuator = loaded(tmp_path, Picks(column), mlp_contract(input_order=order, vel_scale=0.5))
    assert ask(actuator, target=7.0, velocity=3.0)[0, 0] == 1.5


def test_worlds_forget_apart(tmp_path):
    actuator = loaded(tmp_path, Picks(1), mlp_contract(), worlds=3)
    ask(actuator, target=5.0)
    actuator.reset([1])
    np.testing.assert_array_equal(ask(actuator)[:, 0], [5.0, 0.0, 5.0])


def test_an_lstm_gets_error_and_velocity_and_its_own_states_back(tmp_path):
    """Sums adds up velocities: 10 * (0.1 + 0.1), beside the error."""
    actuator = loaded(tmp_path, Sums(), lstm_contract(), worlds=2)
    ask(actuator, velocity=0.1)
    found = ask(actuator, target=[[1.0, 0.0], [0.0, 0.0]], position=0.25, velocity=0.1)
    np.testing.assert_allclose(found, [[2.75, 1.75], [1.75, 1.75]], rtol=1e-6)
    actuator.reset([0])
    np.testing.assert_allclose(ask(actuator), [[0.0, 0.0], [2.0, 2.0]], atol=1e-6)


def test_efforts_stay_within_the_motors_line():
    """Saturation 20, limit 12, no effort at 10 rad/s: at 5 rad/s at most 20 (1 - 0.5) = 10, at least -12."""
    contract = mlp_contract(effort_limit_Nm=12.0, saturation_effort_Nm=20.0, velocity_limit_rad_s=10.0)
    wanted = np.array([[99.0, -99.0]])
    for speed, most, least in (
        (5.0, 10.0, -12.0),
        (-5.0, 12.0, -10.0),
        (0.0, 12.0, -12.0),
        (12.0, -4.0, -12.0),
    ):
        np.testing.assert_allclose(contract.limited(wanted, np.full((1, 2), speed)), [[most, least]])
    # Beyond the speed where line and limit meet, 10 (1 + 12 / 20) = 16 rad/s, nothing changes.
    np.testing.assert_allclose(contract.limited(wanted, np.full((1, 2), 99.0)), [[-12.0, -12.0]])


def test_another_sample_period_is_refused(tmp_path):
    actuator = loaded(tmp_path, Picks(0), mlp_contract())
    actuator.require_period(1 / 400)
    with pytest.raises(SimulationError, match=r"net\.pt: asked every 0\.005 s; .* sample_period_s 0\.0025"):
        actuator.require_period(0.005)


def test_without_trust_the_file_is_not_opened(tmp_path, monkeypatch):
    file = save(Picks(0), tmp_path / "net.pt")
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("opened"))
    with (
        warnings.catch_warnings(),
        pytest.raises(HybridSimError, match=r"net\.pt: .*--trust-torchscript") as caught,
    ):
        warnings.simplefilter("error")
        ImportedActuator.load(file, mlp_contract())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("module", "contract", "said"),
    [
        (Wide(), mlp_contract(), r"gives shape \(2, 2\); expected \(2, 1\)"),
        (Worded(), mlp_contract(), "gives str; expected"),
        (Fails(), mlp_contract(), "mat1 and mat2 shapes cannot be multiplied"),
        (Picks(0), lstm_contract(), "no submodule `lstm`"),
        (Sums(cut=1), lstm_contract(), r"gives states of shape \(2, 2, 2\); expected \(2, 2, 3\)"),
        (Sums(), mlp_contract(), "expected a network that keeps its contract, kind 'mlp'"),
    ],
    ids=["wide", "worded", "fails", "no lstm", "states", "another kind"],
)
def test_a_network_that_breaks_its_contract_is_named_at_once(tmp_path, module, contract, said):
    with pytest.raises(SimulationError, match=said) as caught:
        loaded(tmp_path, module, contract)
    assert str(tmp_path / "net.pt") in str(caught.value) and "\n" not in str(caught.value)


def test_a_nan_is_named_with_its_joint_and_world(tmp_path):
    actuator = loaded(tmp_path, NotANumber(), mlp_contract(), worlds=2)
    assert np.isfinite(ask(actuator, target=0.4)).all()
    with pytest.raises(SimulationError, match=r"net\.pt: gives nan for joint b in world 1; expected finite"):
        ask(actuator, target=[[0.0, 0.0], [0.0, 0.6]])


def test_wrong_shapes_given_are_named(tmp_path):
    actuator = loaded(tmp_path, Picks(0), mlp_contract())
    with pytest.raises(SimulationError, match=r"net\.pt: target of shape \(1, 3\); expected \(1, 2\)"):
        actuator.effort(*np.zeros((3, 1, 3)))


@pytest.mark.parametrize("content", [b"", b"not TorchScript", "cut"], ids=["empty", "text", "cut"])
@pytest.mark.filterwarnings("ignore::hybridsim.exchange.torchscript.UntrustedCodeWarning")
def test_a_damaged_file_is_one_line(tmp_path, content):
    file = save(Picks(0), tmp_path / "net.pt")
    file.write_bytes(file.read_bytes()[:-200] if content == "cut" else content)
    with pytest.raises(SimulationError, match=r"net\.pt: is no TorchScript file, or damaged") as caught:
        ImportedActuator.load(file, mlp_contract(), trust=True)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SimulationError, match=r"net\.pt: cannot be read: No such file"):
        ImportedActuator.load(tmp_path / "net.pt", mlp_contract(), trust=True)


def test_contracts_go_to_their_file_and_back(tmp_path):
    for contract in (mlp_contract(dry_friction_Nm=0.5), lstm_contract()):
        (tmp_path / "net.toml").write_text(contract.toml())
        assert read_actuator_contract(tmp_path / "net.toml") == contract


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "mlp"', 'kind = "gru"', "kind: input should be 'mlp' or 'lstm'"),
        ("torque_scale = 1.0\n", "", "kind 'mlp' without torque_scale"),
        ('kind = "mlp"', 'kind = "lstm"', "kind 'lstm' with input_idx, input_order"),
        ("pos_scale = 1.0", "pos_scale = nan", "pos_scale: input should be a finite number"),
        ("pos_scale", "position_scale", "unknown key 'position_scale'; known keys: schema, kind"),
        ("    3,\n", "", None),
        ("    0,\n    1,\n    3,\n", "    3,\n    0,\n", "expected newest first"),
        ("    1,\n", "    1,\n    1,\n", "input_idx repeat an entry"),
        (
            "sample_period_s = 0.0025",
            "sample_period_s = 0",
            "sample_period_s: input should be greater than 0",
        ),
        ("schema = 1", "schema = ", "not valid TOML"),
        ("effort_limit_Nm = 100.0\n", "", "key 'effort_limit_Nm' is missing"),
        ("schema = 1", "schema = 1\nvelocity_limit_rad_s = 3.0", "expected both or none"),
    ],
)
def test_a_contract_that_does_not_fit_says_where(tmp_path, old, new, said):
    text = mlp_contract().toml()
    assert old in text, text
    (tmp_path / "net.toml").write_text(text.replace(old, new))
    if said is None:  # the twin: this change is fine
        assert read_actuator_contract(tmp_path / "net.toml").input_idx == (0, 1)
        return
    with pytest.raises(SimulationError, match=said) as caught:
        read_actuator_contract(tmp_path / "net.toml")
    assert str(caught.value).startswith(str(tmp_path / "net.toml")) and "\n" not in str(caught.value)
