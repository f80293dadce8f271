"""What a filter costs: figures with intervals from blocks of requests, and four verdicts.

Pure: nothing here measures, waits or touches a file, but ``stored`` and ``references``.
"""

from reports.latency.estimates import Estimates, Figure, FigureEstimate, estimate
from reports.latency.interval import Interval
from reports.latency.judgement import Budget, State, Thresholds, Verdict, judge
from reports.latency.measurement import ARMS, Arm, Block, Environment, Measurement, Memory

__all__ = [
    "ARMS",
    "Arm",
    "Block",
    "Budget",
    "Environment",
    "Estimates",
    "Figure",
    "FigureEstimate",
    "Interval",
    "Measurement",
    "Memory",
    "State",
    "Thresholds",
    "Verdict",
    "estimate",
    "judge",
]
