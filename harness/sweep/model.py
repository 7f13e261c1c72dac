"""A sweep file (`*.sweep.yaml`): which knobs of systems and scenarios take which values, what is drawn, how many runs.

A path names any setting: `controls.K07.lifetime`, `servers.home.session_idle` of the system; after `scenario.` one of the
scenario, as `scenario.visits.0.leaves`. Knobs span a grid; draws differ from run to run, the same for every cell, and
`share.PATH` is the knob of how often a draw happens that happens sometimes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from harness.plan.values import Closed, Name

Path = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$", max_length=200)]
MOST_RUNS = 1_000_000
RUNS_PER_BATCH = 50
"""A run of the smallest world takes half a millisecond: a batch is worth the 25 ms that it takes to hand it over."""


class Range(Closed):
    """Values from one end to the other, both included: durations (`30s`) or numbers, evenly or on a logarithmic scale."""

    first: Any = Field(validation_alias="from", description="The first value.")
    last: Any = Field(validation_alias="to", description="The last value.")
    steps: int = Field(ge=2, le=1_000, description="How many values, both ends included.")
    scale: Literal["linear", "log"] = Field(default="linear", description="Evenly, or evenly on a logarithmic scale.")


class Draw(Closed):
    """How a setting differs from run to run; exactly one of the first four keys. Durations (`30s`) or numbers."""

    uniform: list[Any] | None = Field(
        default=None, min_length=2, max_length=2, description="Evenly between two values."
    )
    exponential: Any = Field(default=None, description="With this mean.")
    choice: list[Any] | None = Field(default=None, min_length=1, description="One of these, evenly.")
    sometimes: Any = Field(default=None, description="This in a `share` of the runs, else what the files say.")
    share: float | None = Field(default=None, ge=0, le=1, description="Of `sometimes`; the knob `share.PATH` sets it.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Draw:
        if sum(one is not None for one in (self.uniform, self.exponential, self.choice, self.sometimes)) != 1:
            raise ValueError("a draw has exactly one of `uniform`, `exponential`, `choice` and `sometimes`")
        if self.share is not None and self.sometimes is None:
            raise ValueError("`share` belongs to `sometimes`")
        return self


class SweepFile(Closed):
    """One sweep file; paths are relative to it."""

    kind: Literal["sweep"] = Field(description="Says that this is a sweep file.")
    title: str = Field(default="", description="The question that it answers, in a sentence.")
    requirements: str = Field(default="requirements.yaml", description="The requirements file that is judged.")
    systems: list[str] = Field(default=[], description="System files; by default the one that the requirements name.")
    scenarios: list[str] = Field(min_length=1, description="Ids of scenarios beside the requirements, or files.")
    only: list[Name] = Field(default=[], description="Judge these requirements only.")
    settings: dict[Path, Any] = Field(default={}, description="What is set alike in every run.")
    knobs: dict[Path, list[Any] | Range] = Field(default={}, description="The grid: a list of values, or a range.")
    draws: dict[Path, Draw] = Field(default={}, description="What differs from run to run.")
    runs: int = Field(default=1, ge=1, le=MOST_RUNS, description="Runs of each cell, with as many seeds.")
    bound: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Instead of `runs`: as many that, where none of them breaks a requirement, at most this share does, "
        "in all cells at once.",
    )
    seed: int = Field(default=0, ge=0, description="The first seed.")
    reach: bool = Field(default=False, description="Whether exposure is measured, which costs time.")
    batch: int = Field(default=RUNS_PER_BATCH, ge=1, le=100_000, description="Runs in one batch and one part.")

    @model_validator(mode="after")
    def _one_number(self) -> SweepFile:
        if self.bound is not None and "runs" in self.model_fields_set:
            raise ValueError("`bound` chooses the number of runs; leave `runs` out")
        return self
