"""Scaling, support and bound of a network, estimated from its training samples."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hybridsim.networks.contract import FeatureScaling, GroupScaling, NetworkSpec
from hybridsim.networks.samples import Samples

# Quantiles that one broken sample in a thousand does not move.
LOW, HIGH = 0.001, 0.999
# Quantiles are read from at most so many samples; chosen, because 0.1 % of them is still 50.
MOST = 50_000


def fit_scaling(
    spec: NetworkSpec, samples: Samples, *, margin: float, fade: float, bound: float
) -> tuple[GroupScaling, ...]:
    """Scaling of every group, robust against a few broken samples.

    Args:
        spec: names of groups and features.
        samples: training samples only.
        margin: full strength reaches so far beyond the 0.1 % and 99.9 % quantiles, in their distance.
        fade: width over which the network fades to nothing, in the same distance.
        bound: largest output, in the 99.9 % quantile of the absolute target.
    """
    stride = -(-len(samples.features) // MOST)
    used = samples.shares()[::stride] > 0
    features, targets = samples.features[::stride][used], samples.targets[::stride][used]
    return tuple(
        GroupScaling(
            group=group,
            bound=_positive(bound * np.quantile(np.abs(targets[:, g]), HIGH)),
            output_scale=_positive(1.25 * np.abs(targets[:, g]).mean()),  # a normal's standard deviation
            features=tuple(
                _feature(name, features[:, g, f], margin, fade) for f, name in enumerate(spec.feature_names)
            ),
        )
        for g, group in enumerate(spec.groups)
    )


def _feature(name: str, values: Float[np.ndarray, " sample"], margin: float, fade: float) -> FeatureScaling:
    low, high = np.quantile(values.astype(np.float64), [LOW, HIGH])
    inner = np.clip(values, low, high)
    width = high - low if high - low > 1e-9 * max(abs(low), abs(high), 1e-6) else 1.0
    return FeatureScaling(
        feature=name,
        center=float(inner.mean()),
        scale=_positive(inner.std() if high > low else 1.0),
        low=float(low - margin * width),
        high=float(high + margin * width),
        fade=float(fade * width),
    )


def _positive(value: float) -> float:
    return float(value) if value > 1e-12 else 1.0
