"""Expectations per release, read from outcomes.toml."""

from __future__ import annotations

from pathlib import Path

from suites.expectations import Expectations

expected = Expectations.read(Path(__file__).with_name("outcomes.toml"))
