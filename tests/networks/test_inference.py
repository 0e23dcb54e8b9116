"""The compiled forward pass: zero is zero, bounded, gated, equal to torch, the same in any batch."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from hybridsim.errors import CalibrationError
from hybridsim.networks.inference import Networks, hidden, untrained
from tests.networks.planted import contract, random_features, random_networks


def torch_forward(networks, features):
    """The same network in torch, double precision, without the gate."""
    s = networks.contract.scaling_arrays()
    h = torch.as_tensor((features - s.center) / s.scale, dtype=torch.float64).permute(1, 0, 2)[:, None]
    for n, (weight, bias) in enumerate(zip(networks.weights, networks.biases, strict=True)):
        h = (
            h @ torch.tensor(weight, dtype=torch.float64)
            + torch.tensor(bias, dtype=torch.float64)[:, :, None]
        )
        h = torch.nn.functional.softsign(h) if n < len(networks.weights) - 1 else h
    y = h[..., 0].permute(2, 0, 1).numpy() * s.output_scale[:, None]  # [row group member]
    y = y / np.sqrt(1 + (y / s.bound[:, None]) ** 2)
    return y.mean(-1), y.std(-1, ddof=1), y[..., 0]


@pytest.mark.parametrize("hidden", [(16,), (16, 8), (20, 40, 7)])
def test_equals_a_torch_forward(hidden):
    networks = random_networks(hidden=hidden)
    features = np.clip(random_features(networks, rows=11), -2, 3)
    mean, spread = networks.evaluate(features)
    first, unknown = networks.evaluate(features, members="first")
    expected = torch_forward(networks, features)
    for got, wanted in zip((mean, spread, first), expected, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-6 * 0.2)  # of the bound, 0.2
    assert np.isnan(unknown).all()
    assert np.abs(mean).max() > 0.01


def test_hidden_layers_with_the_last_one_give_the_output():
    networks = random_networks(ensemble=3)
    features = random_features(networks, rows=200, spread=2.0)
    layer, gate = hidden(networks, features)
    raw = (layer @ networks.weights[-1] + networks.biases[-1][:, :, None])[..., 0]
    s = networks.contract.scaling_arrays()
    y = np.moveaxis(raw, 2, 0) * s.output_scale[:, None]
    y = gate[:, :, None] * y / np.sqrt(1 + (y / s.bound[:, None]) ** 2)
    assert 0.1 < np.mean(gate == 1.0) < 0.9
    np.testing.assert_allclose(y.mean(-1), networks.evaluate(features)[0], atol=1e-6 * 0.2)


def test_untrained_networks_add_exactly_nothing():
    networks = untrained(contract(), seed=3)
    mean, spread = networks.evaluate(random_features(networks, rows=9, spread=100.0))
    assert np.array_equal(mean, np.zeros((9, 2))) and np.array_equal(spread, np.zeros((9, 2)))


def scaled_output(networks, factor):
    return Networks(
        networks.contract,
        (*networks.weights[:-1], networks.weights[-1] * factor),
        (*networks.biases[:-1], networks.biases[-1] * factor),
    )


def test_output_is_bounded_monotone_and_of_slope_one_at_zero():
    networks = random_networks(ensemble=1)
    features = np.clip(random_features(networks, rows=50), -2, 3)
    raw = scaled_output(networks, 1e-4).evaluate(features)[0] * 1e4  # what it would be without the bound
    outputs = [scaled_output(networks, f).evaluate(features)[0] / np.sign(raw) for f in (0.5, 1, 3, 1e4)]
    assert all((small < large).all() for small, large in pairwise(outputs))
    assert outputs[-1].min() > 0.19 and outputs[-1].max() <= np.float32(0.2)
    np.testing.assert_allclose(outputs[0], np.abs(raw / 2) / np.sqrt(1 + (raw / 2 / 0.2) ** 2), rtol=1e-4)


def test_gate_is_one_inside_smooth_outside_and_zero_beyond_the_fade():
    networks = random_networks()
    ungated = Networks(widened(networks.contract), networks.weights, networks.biases)
    x = np.linspace(-6, 8, 14_001, dtype=np.float32)
    features = np.zeros((len(x), 2, 5), np.float32)
    features[:, :, 2] = x[:, None]
    gate = networks.evaluate(features)[0] / ungated.evaluate(features)[0]
    inside, beyond = (x >= -2) & (x <= 3), (x < -3.5001) | (x > 4.5001)
    assert (gate[inside] == 1).all() and (gate[beyond] == 0).all()
    step = float(x[1] - x[0])
    # |d gate / dx| <= 1.5 / fade = 1, and the slope itself moves by at most 6 / fade^2 a unit of x
    assert np.abs(np.diff(gate, axis=0)).max() <= 1.001 * step + 1e-5
    middle = np.interp([3.75], x, gate[:, 0])  # half-way out: 1 - 3/4 + 2/8 = 0.5
    np.testing.assert_allclose(middle, 0.5, atol=1e-3)
    slope = np.gradient(gate[:, 0], step)[[np.argmin(abs(x - 3.0)), np.argmin(abs(x - 4.5))]]
    np.testing.assert_allclose(slope, 0, atol=0.02)


def widened(terms):
    """The same contract with support everywhere."""
    features = [f.model_copy(update={"low": -1e6, "high": 1e6}) for f in terms.scaling[0].features]
    scaling = tuple(entry.model_copy(update={"features": tuple(features)}) for entry in terms.scaling)
    return terms.model_copy(update={"scaling": scaling})


def test_a_row_gives_the_same_bits_alone_and_in_a_batch():
    networks = random_networks()
    features = random_features(networks, rows=13)
    together = networks.evaluate(features)
    alone = [networks.evaluate(features[n : n + 1]) for n in range(13)]
    assert np.array_equal(together[0], np.concatenate([mean for mean, _ in alone]))
    assert np.array_equal(together[1], np.concatenate([spread for _, spread in alone]))


def test_a_nan_feature_is_not_masked_and_stays_in_its_row():
    networks = random_networks()
    features = random_features(networks, rows=6)
    features[2, 1, 0] = np.nan
    mean, _ = networks.evaluate(features)
    assert np.isnan(mean).sum() == 1 and np.isnan(mean[2, 1])


def test_other_shapes_are_refused():
    networks = random_networks()
    with pytest.raises(CalibrationError, match=r"shape \(4, 2, 6\); expected \(rows, 2 groups, 5 features\)"):
        networks.evaluate(np.zeros((4, 2, 6), np.float32))
    with pytest.raises(CalibrationError, match="weight_1 has shape"):
        Networks(networks.contract, networks.weights[:1] * 3, networks.biases)
    with pytest.raises(ValueError, match="read-only"):
        networks.weights[0][0, 0, 0, 0] = 1.0
