"""One report: what was asked, what really ran, and what became of every check.

The JSON form is the source of every other rendering. Its schema is published as
``reports/report.schema.json``; a change that breaks readers raises ``schema_version``.
"""

from typing import Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from reports.latency.finding import HistoryPoint, LatencyFinding
from reports.rows import Row, Text

Level = Literal["core", "hardened", "compat"]
Verdict = Literal["pass", "fail", "inconclusive", "invalid", "skipped"]


class Requirement(Row):
    """One sentence of a contract that a filter can keep or break."""

    id: Text = Field(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$", examples=["AUTH-3"])
    sentence: Text = Field(min_length=1)
    level: Level
    contract: Text = Field(min_length=1)
    source: Text = Field(min_length=1, description="link or section the sentence comes from")
    since: Text | None = Field(default=None, pattern=r"^\d+\.\d+$", description="first release")
    until: Text | None = Field(default=None, pattern=r"^\d+\.\d+$", description="last release")


class Check(Row):
    """One test that ran, or was skipped, for one or more requirements."""

    nodeid: Text
    requirements: tuple[Text, ...] = Field(min_length=1)
    level: Level = Field(description="the strictest level of its requirements")
    filter: Text = Field(default="", description='label, "basic-auth cpp"; empty without a filter')
    release: Text = Field(default="", description="the Istio release; empty without a gateway")
    proxy: Text = Field(default="", description="the version of Envoy; empty without a gateway")
    verdict: Verdict = Field(description="invalid: the check could not be carried out")
    seconds: float = Field(ge=0)
    message: Text = ""
    expected: Text = ""
    actual: Text = ""
    curl: Text = ""
    evidence: Text = Field(default="", description="path relative to the report's folder")
    claim: Text = Field(default="", description="what is said of filters and was measured here")
    measured: Text = Field(default="", description="what was found of the claim")


class Summary(Row):
    """How many checks of one filter, release, proxy and level ended in which verdict."""

    subject: Text = Field(description="filter label, or the contract where no filter took part")
    release: Text = ""
    proxy: Text = ""
    level: Level
    passed: int = Field(default=0, ge=0)
    failed: int = Field(default=0, ge=0)
    inconclusive: int = Field(default=0, ge=0)
    invalid: int = Field(default=0, ge=0)
    skipped: int = Field(default=0, ge=0)


class Report(Row):
    """Everything one run found."""

    schema_version: Literal[1] = 1
    tool_version: Text
    started: AwareDatetime = Field(description="UTC")
    seconds: float = Field(ge=0)
    facts: dict[Text, Text] = Field(description="what ran: istio, semantics, envoy, place, ...")
    level: Level = Field(description="failures up to this level fail the run")
    verdict: Verdict
    incomplete: Text = Field(default="", description="why the run did not reach its end")
    filters: tuple[Text, ...]
    requirements: tuple[Requirement, ...] = Field(
        description="all that apply in a full run, checked or not; only the checked ones otherwise"
    )
    checks: tuple[Check, ...]
    summaries: tuple[Summary, ...]
    latency: tuple[LatencyFinding, ...] = Field(default=(), description="what each filter costs")
    history: tuple[HistoryPoint, ...] = Field(
        default=(), description="this run and those before it; for plots, never for a verdict"
    )

    @model_validator(mode="after")
    def _names_what_it_checks(self) -> Self:
        known = {each.id for each in self.requirements}
        for check in self.checks:
            for requirement in check.requirements:
                if requirement not in known:
                    raise ValueError(f"{requirement} is not among its requirements")
        return self
