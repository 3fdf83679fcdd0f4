"""Colours of the heatmap: one sequential scale whose lightness falls evenly, so that it reads without colour vision."""

from __future__ import annotations

from speechsvc.domain.heatmap import Heatmap, Measure

# Light to dark in one hue: order is carried by lightness, which colour-blind eyes and grey printers keep.
STOPS = ("#eaf3fb", "#c6dff2", "#92c2e4", "#559fd1", "#2a78b8", "#12539a", "#0a3069")
WHITE_FROM = 0.65  # of the scale: black and white text contrast alike here (4.5:1), white does better above


def top_of_scale(heatmap: Heatmap) -> float:
    """The value that gets the darkest colour: the largest one, rounded up to a number people can read off a bar."""
    largest = max((heatmap.value(r, t[0]) for r in heatmap.rows for t in heatmap.topics), default=0.0)
    if heatmap.query.measure is Measure.SHARE:
        return min(1.0, max(0.2, _round_up(largest)))
    return _round_up(largest) or 1.0


def colour(level: float) -> str:
    """`level` 0 to 1 -> "#rrggbb"."""
    at = min(1.0, max(0.0, level)) * (len(STOPS) - 1)
    below = min(int(at), len(STOPS) - 2)
    low, high = _rgb(STOPS[below]), _rgb(STOPS[below + 1])
    mixed = (round(a + (b - a) * (at - below)) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{x:02x}" for x in mixed)


def ink(level: float) -> str:
    """Text colour that reads on `colour(level)`."""
    return "#ffffff" if level >= WHITE_FROM else "#00050c"


def _rgb(text: str) -> tuple[int, int, int]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _round_up(value: float) -> float:
    """To 1, 2, 2.5, 4, 5, 6, 8 or 10 times a power of ten."""
    if value <= 0:
        return 0.0
    power = 1.0
    while power < value:
        power *= 10
    while power / 10 >= value:
        power /= 10
    return next(round(power / 10 * f, 6) for f in (1, 2, 2.5, 4, 5, 6, 8, 10) if power / 10 * f >= value * 0.999999)
