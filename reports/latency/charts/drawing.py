"""What a chart is drawn with: scales, ticks and shapes, all in the units of its view box."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

WIDTH = 360.0
"""As wide as a phone, so that text stays readable where the page is narrow."""
ROW = 26.0
AXIS = 24.0
"""Below the drawing, for numbers."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; ``kind`` names its style."""

    shape: ClassVar[str] = "line"
    x1: float
    y1: float
    x2: float
    y2: float
    kind: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point, with words for who rests on it."""

    shape: ClassVar[str] = "dot"
    x: float
    y: float
    kind: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    shape: ClassVar[str] = "box"
    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Label:
    """Text at a point."""

    shape: ClassVar[str] = "label"
    x: float
    y: float
    text: str
    kind: str = "soft"
    anchor: Literal["start", "middle", "end"] = "start"


@dataclass(frozen=True, slots=True)
class Path:
    """A line through points, ``x,y x,y``."""

    shape: ClassVar[str] = "path"
    points: str
    kind: str


Mark = Line | Dot | Box | Label | Path


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and the sentence that says how to read it."""

    title: str
    caption: str
    height: float
    marks: tuple[Mark, ...]
    legend: tuple[tuple[str, str], ...] = ()
    """Style and words."""
    width: float = WIDTH


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to coordinates, straight or by decades."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the coordinate of a value, kept inside the drawing."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        if high == low:
            return round((self.start + self.end) / 2, 1)
        return round(self.start + (at - low) / (high - low) * (self.end - self.start), 1)


def ticks(low: float, high: float, count: int = 4) -> tuple[float, ...]:
    """Return round numbers between the two, about as many as asked."""
    if not high > low:
        return (low,)
    rough = (high - low) / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(round(number * step, 12) for number in range(first, last + 1))


def decades(low: float, high: float) -> tuple[float, ...]:
    """Return 1, 2 and 5 times powers of ten between the two."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = (factor * 10.0**power for power in powers for factor in (1, 2, 5))
    return tuple(value for value in found if low <= value <= high)


def points(pairs: Iterator[tuple[float, float]]) -> str:
    """Return coordinates as SVG wants them."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def axis_below(
    scale: Scale, values: tuple[float, ...], texts: tuple[str, ...], height: float
) -> Iterator[Mark]:
    """Yield grid lines from the top to ``height``, with their numbers below."""
    for value, text in zip(values, texts, strict=True):
        yield Line(scale(value), 0, scale(value), height, "grid")
        yield Label(scale(value), height + 15, text, "tick", "middle")


def axis_left(
    scale: Scale, values: tuple[float, ...], texts: tuple[str, ...], left: float
) -> Iterator[Mark]:
    """Yield grid lines from ``left`` to the right end, with their numbers beside."""
    for value, text in zip(values, texts, strict=True):
        yield Line(left, scale(value), WIDTH - 8, scale(value), "grid")
        yield Label(left - 6, scale(value) + 4, text, "tick", "end")
