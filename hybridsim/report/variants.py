"""Every variant's colour, line and meaning, the same in each figure and table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class VariantStyle:
    """How a variant looks and what it is; markers differ too, so that colour is never the only sign."""

    colour: str
    symbol: str
    meaning: str


MEASURED = "#1a1a1a"

# Colours: Okabe and Ito 2008, "Color universal design", told apart with every common colour blindness.
STYLES = {
    "command": VariantStyle("#8c8c8c", "x", "the command itself, taken as the motion"),
    "nominal": VariantStyle("#cc79a7", "diamond", "URDF and an ideal drive, nothing fitted"),
    "delayed": VariantStyle("#56b4e9", "triangle-up", "the command, later by the best constant delay"),
    "identified": VariantStyle("#d55e00", "square", "rigid body and drives with identified parameters"),
    "ideal_sensor": VariantStyle(
        "#e69f00", "star-diamond", "identified drives read by sensors without errors"
    ),
    "hybrid": VariantStyle("#0072b2", "circle", "identified, plus the learned residual networks"),
    "blackbox": VariantStyle("#009e73", "star", "a recurrent network from commands to motion, no physics"),
}

# What the same words mean where efforts are predicted from motion.
INVERSE = {
    "nominal": "inverse dynamics of the URDF, nothing fitted",
    "identified": "identified bodies, rotors and friction",
    "blackbox": "a recurrent network from motion to efforts, no physics",
}

# What they mean where drives that push are followed along the measured motion.
ALONG = {
    "nominal": "ideal drives of robot.toml, nothing fitted",
    "delayed": "the same, their commands later by the best constant delay",
    "identified": "drives with identified parameters",
}

# What they mean where nothing is commanded and contacts are what there is to find out.
PASSIVE = {
    "nominal": "URDF, and PyBullet's own contact with what robot.toml states, nothing fitted",
    "identified": "contact law, body and ground with identified parameters",
}

UNKNOWN = VariantStyle("#555555", "cross", "")


def style(variant: str) -> VariantStyle:
    """The style of a variant; one grey for any without its own."""
    return STYLES.get(variant, UNKNOWN)


def translucent(colour: str, alpha: float) -> str:
    """The colour "#rrggbb" as plotly's rgba."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"
