"""One toss drawn: outlines of the body along its way, real and simulated, from the side and from above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Int
from plotly.subplots import make_subplots
from scipy.spatial import ConvexHull

from hybridsim.report.layout import blank, label, styled
from hybridsim.report.toss_body import Motion, Toss
from hybridsim.report.variants import MEASURED, style, translucent

FRAMES = 8
WIDTH, MOST_HEIGHT, LEAST_HEIGHT = 1150, 420, 200  # px: of the page's column; of one view
MARGIN = 150  # px: legend, titles and axes
DISC = np.stack([np.cos(a := np.arange(16) * np.pi / 8), np.sin(a)], axis=1)
MM = 1e3


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """Where a toss is looked at from: world [m] to the picture's two axes [mm]."""

    title: str
    axes: Float[np.ndarray, "3 2"]
    origin: Float[np.ndarray, "3"]

    def of(self, points: Float[np.ndarray, "*point 3"]) -> Float[np.ndarray, "*point 2"]:
        """Points as seen [mm]."""
        return MM * (points - self.origin) @ self.axes


def frames_figure(toss: Toss, drawing: Mapping[str, Any], variants: Sequence[str]) -> go.Figure:
    """Side view above, top view below, both along the measured direction of travel and to the same scale.

    Args:
        toss: what is drawn.
        drawing: of scores["passive"]["body"].
        variants: drawn beside the measured motion.
    """
    views = views_of(toss.measured, float(drawing["ground_m"]))
    motions = {"measured": toss.measured} | {name: toss.predicted[name] for name in variants}
    rows = moments(toss.measured)
    shapes = {name: [outlines(m, drawing, view, rows) for view in views] for name, m in motions.items()}
    low, high, heights = extents(shapes)
    titles = [view.title for view in views]
    figure = make_subplots(
        rows=2, cols=1, row_heights=heights, vertical_spacing=0.13, subplot_titles=titles, figure=blank()
    )
    dot = np.array(drawing["corners_m"])[:1]
    for name, seen in shapes.items():
        motion, counted = motions[name], name in ("measured", variants[-1])  # three numbers are not legible
        for row, (outline, view) in enumerate(zip(seen, views, strict=True), start=1):
            add_path(figure, motion, view, name, row)
            for n, polygon in enumerate(outline):
                add_outline(figure, polygon, name, row, first=row == 1 and n == 0)
            add_middles(figure, view.of(motion.position[rows]), motion.time_s[rows], name, row, counted)
            add_corners(figure, view.of(motion.at(dot)[rows, 0]), name, row)
    add_axes(figure, low, high)
    figure.update_annotations(font_size=13)
    return styled(figure, height=int(sum(heights)) + MARGIN)


def add_axes(figure: go.Figure, low: np.ndarray, high: np.ndarray) -> None:
    """Ground line and axes of both views, from lowest to highest [view axis] mm, to one scale."""
    figure.add_hline(y=0, line={"color": "#8c8c8c", "width": 1.5}, row=1, col=1)  # pyright: ignore[reportArgumentType]
    for row in (1, 2):
        anchor = "x" if row == 1 else "x2"
        (left, bottom), (right, top) = low[row - 1], high[row - 1]
        figure.update_xaxes(range=[left, right], constrain="domain", row=row)
        figure.update_yaxes(range=[bottom, top], scaleanchor=anchor, constrain="domain", row=row)
    figure.update_xaxes(title_text="along the direction of travel, mm", row=2)
    figure.update_yaxes(title_text="height, mm", row=1)
    figure.update_yaxes(title_text="across, mm", zeroline=False, row=2)


def views_of(motion: Motion, ground: float) -> tuple[View, View]:
    """From the side and from above, along the horizontal travel from first to last sample."""
    way = motion.position[-1, :2] - motion.position[0, :2]
    length = float(np.linalg.norm(way))
    x, y = way / length if length > 1e-3 else np.array([1.0, 0.0])
    origin = np.array([*motion.position[0, :2], ground])
    side = np.array([[x, 0.0], [y, 0.0], [0.0, 1.0]])
    top = np.array([[x, -y], [y, x], [0.0, 0.0]])
    return (
        View(title="from the side", axes=side, origin=origin),
        View(title="from above", axes=top, origin=origin),
    )


def moments(motion: Motion) -> Int[np.ndarray, " frame"]:
    """Rows to draw, equally far apart along the path, so that outlines do not pile up at rest."""
    steps = np.linalg.norm(np.diff(motion.position, axis=0), axis=1)
    done = np.concatenate([[0.0], np.cumsum(steps)])
    return np.unique(np.searchsorted(done, np.linspace(0, done[-1], FRAMES) - 1e-9).clip(0, len(done) - 1))


def outlines(
    motion: Motion, drawing: Mapping[str, Any], view: View, rows: Int[np.ndarray, " frame"]
) -> list[Float[np.ndarray, "point 2"]]:
    """Closed outline of the body at each moment [mm]: the hull of its corners' spheres as seen."""
    corners, radius = np.array(drawing["corners_m"]), MM * np.array(drawing["radius_m"])
    seen = view.of(motion.at(corners)[rows])[:, :, None] + radius[:, None, None] * DISC
    found = []
    for points in seen.reshape(len(rows), -1, 2):
        hull = points[ConvexHull(points, qhull_options="QJ").vertices]
        found.append(np.concatenate([hull, hull[:1]]))
    return found


def extents(
    shapes: Mapping[str, Sequence[Sequence[np.ndarray]]],
) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Lowest and highest [view axis] of what is drawn [mm], and the views' heights on the page [px]."""
    edge = 12.0  # mm
    both = [np.concatenate([p for seen in shapes.values() for p in seen[view]]) for view in (0, 1)]
    low, high = (np.array([f(points, axis=0) for points in both]) for f in (np.min, np.max))
    low[:, 0], high[:, 0] = low[:, 0].min(), high[:, 0].max()  # one axis along the travel
    low[0, 1] = min(low[0, 1], 0.0)
    low, high = low - edge, high + edge
    tall = WIDTH * (high[:, 1] - low[:, 1]) / (high[0, 0] - low[0, 0])
    tall *= min(1.0, MOST_HEIGHT / tall.max())
    return low, high, np.maximum(tall, LEAST_HEIGHT * tall / tall.max()).tolist()


def look(name: str) -> tuple[str, str]:
    """Colour of a line and what fills it."""
    if name == "measured":
        return MEASURED, translucent(MEASURED, 0.1)
    return style(name).colour, "rgba(0,0,0,0)"


def add_path(figure: go.Figure, motion: Motion, view: View, name: str, row: int) -> None:
    """The path of the origin."""
    x, y = view.of(motion.position).T
    line = {"color": look(name)[0], "width": 1, "dash": "dot"}
    shared = {"mode": "lines", "line": line, "legendgroup": name, "showlegend": False, "hoverinfo": "skip"}
    figure.add_scatter(x=short(x), y=short(y), **shared, row=row, col=1)


def add_outline(figure: go.Figure, polygon: np.ndarray, name: str, row: int, first: bool) -> None:
    """The body at one moment; in the legend once."""
    colour, fill = look(name)
    figure.add_scatter(
        x=short(polygon[:, 0]),
        y=short(polygon[:, 1]),
        mode="lines",
        fill="toself" if name == "measured" else "none",
        fillcolor=fill,
        line={"color": colour, "width": 1.2 if name == "measured" else 1.8},
        name=label(name),
        legendgroup=name,
        showlegend=first,
        hoverinfo="skip",
        row=row,
        col=1,
    )


def add_middles(
    figure: go.Figure, middles: np.ndarray, times: np.ndarray, name: str, row: int, counted: bool
) -> None:
    """The middle of the body at each moment, with the moment's number where it is `counted`."""
    colour, _ = look(name)
    figure.add_scatter(
        x=short(middles[:, 0]),
        y=short(middles[:, 1]),
        mode="markers+text" if counted else "markers",
        marker={"size": 4, "color": colour},
        text=[str(n + 1) for n in range(len(times))],
        textposition="top center" if name == "measured" else "bottom center",
        textfont={"color": colour, "size": 12},
        customdata=times.round(4),
        hovertemplate="%{customdata:.3f} s: %{x:.0f}, %{y:.0f} mm",
        name=label(name),
        legendgroup=name,
        showlegend=False,
        row=row,
        col=1,
    )


def add_corners(figure: go.Figure, corners: np.ndarray, name: str, row: int) -> None:
    """A dot on the same corner at each moment, which tells how the body is turned."""
    symbol = "circle" if name == "measured" else "circle-open"
    figure.add_scatter(
        x=short(corners[:, 0]),
        y=short(corners[:, 1]),
        mode="markers",
        marker={"size": 8, "color": look(name)[0], "symbol": symbol},
        legendgroup=name,
        showlegend=False,
        hoverinfo="skip",
        row=row,
        col=1,
    )


def short(values: np.ndarray) -> np.ndarray:
    """Tenths of a millimetre are enough for a picture."""
    return values.round(1)
