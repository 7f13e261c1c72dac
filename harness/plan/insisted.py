"""What a design insists on: evidence of earlier steps, no act after an event that forbids it, steps that are made good.

The settings of K32, where they apply: at an endpoint, or below `procedures:` at what operators and people do. What is
compared is what the requirements ask of the step, unless the file says that the design looks at something else. Sources:
NIST SP 800-53 AC-5 (separation of duties) and AU-10 (evidence), RFC 6585 section 3 (428).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from harness.plan.values import Closed, DurationMs, Name


class Evidence(Closed):
    """An event that must have happened before, and what is looked at of it; what is left out is as the requirements say."""

    step: Name = Field(description="The kind of event, as the requirements declare it.")
    same: list[str] | None = Field(
        default=None, description="Fields that are compared, as in a rule: `[user, payee=recipient]`."
    )
    within: DurationMs | None = Field(default=None, description="How old it may be.")
    at_least: int | None = Field(default=None, ge=1, description="How many there must be.")
    distinct: Name | None = Field(default=None, description="In which field these must differ.")
    outcome: Literal["needed", "any"] = Field(
        default="needed", description="Whether it is looked at what came of it, or only that it happened."
    )


def _by_name(value: Any) -> Any:
    """`claim.reviewed` is short for `{step: claim.reviewed}`."""
    return {"step": value} if isinstance(value, str) else value


NamedEvidence = Annotated[Evidence, BeforeValidator(_by_name)]


class Insisted(Closed):
    """What K32 does at one place."""

    requires: list[NamedEvidence] = Field(
        default=[], description="K32: refused without evidence of these earlier events of the requirements file."
    )
    refuses_after: list[NamedEvidence] = Field(default=[], description="K32: refused once one of these has happened.")
    ensures: dict[Name, DurationMs] = Field(
        default={}, description="K32: what is done by itself when nobody has done it after so long."
    )

    @property
    def insists(self) -> bool:
        """Whether anything is insisted on here."""
        return bool(self.requires or self.refuses_after or self.ensures)

    def steps(self) -> tuple[tuple[tuple[str | int, ...], str], ...]:
        """Every kind of event that is named, with where it is named."""
        asked = [
            ((key, number), one.step)
            for key in ("requires", "refuses_after")
            for number, one in enumerate(getattr(self, key))
        ]
        return (*asked, *((("ensures", name), name) for name in self.ensures))
