"""What leaves through an endpoint that reaches outside: a search, a mail, a pull request.

What a call carries is the data in its arguments, by default all that its task has seen. K11 (and K30) hold back there
what no consent in the token covers for this endpoint as the recipient; the call itself goes on without it.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.world.mechanics import egress
from harness.world.mechanics.commands import Call
from harness.world.mechanics.effects import Effect, Hop, Stop, remember_refusal, settle
from harness.world.mechanics.records import Item, Task
from harness.world.mechanics.state import World


def carried(world: World, step: Call) -> list[Item]:
    """The data in the arguments of a call."""
    return [world.items[key] for key in step.items or world.contexts.get(step.task or "", ())]


def sent(hop: Hop, items: Iterable[Item]) -> list[Effect]:
    """One `message.sent` for each kind of data, or one without any."""
    categories = list(dict.fromkeys(name for item in items for name in item.categories))
    own = {"destination": hop.info.name, "external": True}
    if not categories:
        return [Effect("message.sent", hop.who, own, hop.request)]
    return [Effect("message.sent", hop.who, own | {"category": name}, hop.request) for name in categories]


def send(world: World, step: Call, hop: Hop, task: Task | None) -> None:
    """The call reaches outside with what may leave; what may not is written as stopped."""
    purpose = task.purpose if task else "none"
    disclosure = egress.Disclosure(hop.info.name, purpose, hop.credential)
    kept, held = egress.filtered(world, hop.info.api, carried(world, step), disclosure)
    for control, dropped in held:
        stop = Stop((control,), error="consent_does_not_cover", reason="policy")
        settle(world, step, sent(hop, dropped), stop)
        remember_refusal(world, step, stop)
    settle(world, step, sent(hop, kept), None)
