"""Figures of many tosses: errors by impact, by speed and landing, and energies through impacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from hybridsim.report.figures import HEIGHT, whiskers
from hybridsim.report.layout import blank, label, styled
from hybridsim.report.variants import style
from hybridsim.score.wording import display_unit, signal_unit

SIGNALS = {"base_position": "position error", "base_orientation": "angle error"}
ASIDE = 0.12  # of the distance between groups, by which variants stand apart
LEAST_LOSS, MOST_GAIN = 0.0, 1.3  # of energy after over before: what the axes show at most
ORDINALS = ("first", "second")


def groups_figure(groups: Sequence[Mapping[str, Any]], variants: Sequence[str], axis: str) -> go.Figure:
    """Median error of every variant in each group of logs, whiskers the quartiles; angles to the right.

    Args:
        groups: of scores["passive"].
        variants: which are drawn.
        axis: what the groups are.
    """
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.1, figure=blank())
    for column, (signal, word) in enumerate(SIGNALS.items(), start=1):
        for n, name in enumerate(variants):
            add_groups(figure, groups, name, signal, (n - (len(variants) - 1) / 2) * ASIDE, column)
        unit = display_unit(signal_unit(signal, groups[0]["variants"][variants[0]][signal]["unit"]))[1]
        figure.update_yaxes(title_text=f"{word}, {unit}", rangemode="tozero", row=1, col=column)
    names = [f"{label(one['label'])}<br>{one['logs']} logs" for one in groups]
    at = list(range(len(groups)))
    figure.update_xaxes(
        title_text=axis, tickvals=at, ticktext=names, range=[-0.5, len(at) - 0.5], showgrid=False
    )
    return styled(figure, height=HEIGHT + 30, margin_b=70)


def add_groups(
    figure: go.Figure,
    groups: Sequence[Mapping[str, Any]],
    name: str,
    signal: str,
    aside: float,
    column: int,
) -> None:
    """One variant's medians and quartiles."""
    held = [one["variants"][name][signal] for one in groups]
    factor, _ = display_unit(signal_unit(signal, held[0]["unit"]))
    look = style(name)
    median = [factor * own["median"] if own["median"] is not None else None for own in held]
    figure.add_scatter(
        x=[n + aside for n in range(len(groups))],
        y=median,
        error_y=whiskers([own["median"] for own in held], [own["quartiles"] for own in held], factor),
        mode="markers",
        name=label(name),
        legendgroup=name,
        showlegend=column == 1,
        marker={"color": look.colour, "symbol": look.symbol, "size": 9},
        hovertemplate="%{y:.3g}",
        row=1,
        col=column,
    )


def energy_figure(logs: Mapping[str, Mapping[str, Any]], variants: Sequence[str]) -> go.Figure | None:
    """Energy after over before the first impacts, simulated against real, a dot a log; None without any."""
    pairs = {name: [energy_pairs(logs, name, n) for n in range(len(ORDINALS))] for name in variants}
    if not any(len(one) for own in pairs.values() for one in own):
        return None
    every = np.concatenate([one for own in pairs.values() for one in own])
    low = max(LEAST_LOSS, float(np.quantile(every, 0.002)) - 0.05)
    high = min(MOST_GAIN, float(np.quantile(every, 0.998)) + 0.05)
    titles = [f"{ordinal} impact" for ordinal in ORDINALS]
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.1, subplot_titles=titles, figure=blank())
    for column in range(1, len(ORDINALS) + 1):
        line = {"color": "#8c8c8c", "width": 1.5, "dash": "dash"}
        shared = {"mode": "lines", "line": line, "showlegend": False, "hoverinfo": "skip"}
        figure.add_scatter(x=[low, high], y=[low, high], **shared, row=1, col=column)
        for name, own in pairs.items():
            add_energies(figure, name, own[column - 1], column)
    figure.update_xaxes(title_text="real, energy after over before", range=[low, high])
    figure.update_yaxes(title_text="simulated", range=[low, high], constrain="domain")
    for column, anchor in ((1, "x"), (2, "x2")):
        figure.update_yaxes(scaleanchor=anchor, row=1, col=column)
        figure.update_xaxes(constrain="domain", row=1, col=column)
    return styled(figure, height=HEIGHT + 190)


def energy_pairs(logs: Mapping[str, Mapping[str, Any]], variant: str, impact: int) -> np.ndarray:
    """[log 2] energy after over before one impact, real and simulated, of logs where both are known."""
    key = "energy_after_over_before"
    held = [(one[key]["measured"][impact], one[key][variant][impact]) for one in logs.values()]
    return np.array([(real, own) for real, own in held if None not in (real, own)], float).reshape(-1, 2)


def add_energies(figure: go.Figure, name: str, pairs: np.ndarray, column: int) -> None:
    """One variant's dots; the legend says how many in the first panel."""
    look = style(name)
    figure.add_scatter(
        x=pairs[:, 0].round(4),
        y=pairs[:, 1].round(4),
        mode="markers",
        name=label(name),
        legendgroup=name,
        showlegend=column == 1,
        marker={"color": look.colour, "symbol": look.symbol, "size": 6, "opacity": 0.65},
        hovertemplate="real %{x:.2f}, simulated %{y:.2f}",
        row=1,
        col=column,
    )
