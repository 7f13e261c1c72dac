"""What a declared step says: its own fields, by what the event beside it knows and what the rules ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from harness.plan.steps import Filled, Step
from harness.trace import Who

if TYPE_CHECKING:
    from harness.world.mechanics.state import World


def filled(
    world: World, step: Step, who: Who, facts: Mapping[str, Any], *, otherwise: bool = False, turn: int = 0
) -> dict[str, Any]:
    """The step's own fields; what nobody can know is left out. In the field `distinct` each `turn` says another thing."""
    own: dict[str, Any] = {}
    for name, field in step.fields.items():
        value = _value(field, facts)
        if name == step.distinct and field.type == "word":
            value = who.actor if field.person else f"{name}{turn + 1}"
        elif value is None or (otherwise and field.otherwise != field.value):
            value = field.otherwise if otherwise else field.value
        if value is None and field.type == "word" and not field.many:
            value = who.actor if field.person else world.ids.next(name)
        if value is not None:
            own[name] = value
    return own


def for_another(world: World, step: Step, who: Who, facts: Mapping[str, Any]) -> tuple[Who, dict[str, Any]]:
    """The same step, done for something else than what rules tie it to: another payee, another agent, another person."""
    people = world.design.system.people
    others = {"agent": tuple(world.design.system.agents), "user": tuple(people.customers)}
    behind = {
        name: next((one for one in others[name] if one != getattr(who, name)), getattr(who, name))
        for name in step.tied
        if name in others
    }
    swapped = {
        known: world.ids.next(name)
        for name in step.tied
        if name in step.fields
        for known in step.fields[name].names
        if known in facts
    }
    return replace(who, **behind), {**facts, **swapped, **behind}


def _value(field: Filled, facts: Mapping[str, Any]) -> Any:
    """What the world knows under one of a field's names, where it is of the field's sort."""
    for name in field.names:
        value = facts.get(name)
        if value is None or (field.words and value not in field.words):
            continue
        if field.many:
            return value if isinstance(value, tuple) else (value,)
        if isinstance(value, _SORTS[field.type]) and (field.type == "flag") == isinstance(value, bool):
            return value
    return None


_SORTS: Mapping[str, tuple[type, ...]] = {
    "word": (str, int), "enum": (str,), "flag": (bool,), "number": (int, float), "duration": (int,),
}  # fmt: skip
