"""The shape of a requirements file: its keys and the types of their values, no meaning yet.

Descriptions here become the editor's help (JSON Schema). What a rule means, and whether its words exist, is decided in
`build` and `typed`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from harness.requirements.values import Closed, DurationMs, Id, Text, Word

Severity = Literal["low", "medium", "high", "critical"]
Kinds = Annotated[str | list[str], Field(description="One kind of event, or a list of kinds.")]
Condition = Annotated[str, StringConstraints(min_length=1)]
Literally = str | int | float | bool


class Rule(Closed):
    """One rule: a pattern over events, in keys that read aloud as a sentence."""

    never: Kinds | None = Field(None, description="This never happens (where the condition holds).")
    every: Kinds | None = Field(None, description="Every such event needs an earlier one, or is followed by one.")
    where: Condition | None = Field(None, description="Condition on the event that the rule is about.")
    needs_earlier: Kinds | None = Field(None, description="The event that must have come first.")
    earlier_where: Condition | None = Field(None, description="Condition on the earlier event.")
    same: list[str] | None = Field(None, description="Fields that are equal in both: `user`, or `owner=user`.")
    within: DurationMs | None = Field(None, description="How old the earlier event may be; how soon the other follows.")
    use_once: bool | None = Field(None, description="An earlier event counts for one event only.")
    unless_since: Kinds | None = Field(None, description="Once this has followed, the earlier event counts no more.")
    unless_where: Condition | None = Field(None, description="Condition on the event of `unless_since`.")
    grace: DurationMs | None = Field(None, description="How long the earlier event still counts after `unless_since`.")
    at_least: int | None = Field(None, ge=1, le=1000, description="How many earlier events are needed.")
    distinct: str | None = Field(None, description="Count different values of this field.")
    compare: Condition | None = Field(None, description="A test against the earlier event: `amount <= earlier.amount`.")
    after: Kinds | None = Field(None, description="From this event on the other never happens.")
    after_where: Condition | None = Field(None, description="Condition on the event of `after`.")
    delay: DurationMs | None = Field(None, description="How long the system may take until the ban holds.")
    until: Kinds | None = Field(None, description="This event lifts the ban.")
    until_where: Condition | None = Field(None, description="Condition on the event of `until`.")
    for_: DurationMs | None = Field(None, alias="for", description="The ban ends so long after it began.")
    at_most: float | int | None = Field(None, ge=0, description="The limit.")
    of: Kinds | None = Field(None, description="The events that are counted.")
    sum_: str | None = Field(None, alias="sum", description="Add up this field instead of counting events.")
    per: list[str] | None = Field(None, description="Count apart for each value of these fields.")
    window: DurationMs | None = Field(None, description="Count the last so long only; without it, the whole run.")
    since: Kinds | None = Field(None, description="This event starts the count again.")
    since_where: Condition | None = Field(None, description="Condition on the event of `since`.")
    still_open: Kinds | None = Field(None, description="This event closes one; counted are those open at once.")
    open_where: Condition | None = Field(None, description="Condition on the event of `still_open`.")
    leads_to: Kinds | None = Field(None, description="The event that must follow.")
    leads_to_where: Condition | None = Field(None, description="Condition on the event of `leads_to`.")
    for_each: dict[Id, Annotated[list[Literally], Field(min_length=1, max_length=200)]] | None = Field(
        None, description="One rule for each value, named `$name` in the rule."
    )


class Waiver(Closed):
    """A violation that is accepted for a while: by whom, why, and until when."""

    reason: Text = Field(description="Why it is accepted.")
    owner: Word = Field(description="Who accepted it.")
    expires: date = Field(description="The last day on which it is accepted.")


Story = list[dict[str, dict[str, Any] | None]]


class Requirement(Rule):
    """A stakeholder's sentence with a rule beside it."""

    id: Id = Field(description="Names the requirement in every result.")
    text: Text | None = Field(None, description="The sentence that was agreed.")
    owner: Word | None = Field(
        None, description="Who answers for it: any word.", examples=["compliance", "product", "ai_team", "ciso", "ceo"]
    )
    severity: Severity | None = Field(None, description="How bad a violation is.")
    source: Text | None = Field(None, description="Where it comes from: a standard, a contract, an incident.")
    agreed: dict[Word, date] | None = Field(None, description="Who has agreed, and when.")
    rules: list[Rule] | None = Field(None, min_length=1, description="Several rules: held only if each is.")
    waiver: Waiver | None = Field(None, description="Accepts violations until a date.")
    breaks: Story | list[Story] | None = Field(None, description="Events in order that break it, kept as a test.")
    keeps: Story | list[Story] | None = Field(None, description="Events in order that keep it, kept as a test.")


class DeclaredEvent(Closed):
    """A further kind of event that this file's rules speak of."""

    fields: dict[Id, str | list[str]] = Field(
        default={}, description="Fields by name: id, text, number, duration, yes/no, a known field's name, or words."
    )
    emitted_by: str | list[str] | None = Field(
        None,
        description="Who or what makes it happen: an endpoint or tool, an API, an agent, a service, a person, a role; "
        "`payments.screen` is a step of the API `payments`.",
    )
    text: Text | None = Field(None, description="What it says, in a sentence.")


class File(Closed):
    """A requirements file."""

    system: Word | None = Field(None, description="The system file, relative to this one.")
    lists: dict[Id, list[Literally] | dict[str, list[Literally]]] = Field(
        default={}, description="Named lists: plain, or one per key."
    )
    values: dict[str, list[Word]] = Field(default={}, description="Words that the system does not declare, by class.")
    events: dict[str, DeclaredEvent] = Field(default={}, description="Further kinds of events.")
    requirements: list[Requirement] = Field(description="The requirements; the last key of the file.")
