"""Taking a step that can always be taken: whether it can, what becomes of it, and what that says of others like it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from harness.plan.steps import LATE, LEFT_OUT
from harness.search.facets import Facet
from harness.search.interests import emits
from harness.search.node import Node
from harness.search.rotated import newest, takes_away
from harness.search.steps import Accepted, Shape
from harness.search.withheld import Withholding
from harness.trace import Event
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.choices_of_steps import twisted
from harness.world.mechanics.hostile import Forge
from harness.world.mechanics.replies import Reply

ASK_EVERY = 500
"""After how many steps it is asked within a state whether there is time left."""
ABOUT_CONSENT = frozenset({"consent_required", "invalid_authorization_details"})


class Taking:
    """The steps of one facet in one small world. `transitions` counts those that were tried, `kept` those
    that stay events; `reply` is the last one's; `calmed`: whether the last one that stayed an event helps to keep
    the rule; `of_agents`: whether what programs do can matter at all (`reach`).

    `go_on` is asked now and then whether there is time left: without it a state stays half closed (`Node.cut`).
    """

    def __init__(self, view: Bounds, facet: Facet, go_on: Callable[[], bool] = lambda: True) -> None:
        self.view = view
        self.facet = facet
        self.interests = facet.interests
        self.beside = frozenset(view.beside)
        self.withholding = Withholding(facet)
        self.of_agents = True
        self.transitions = 0
        self.kept = 0
        self.reply = Reply(ok=False)
        self.calmed = False
        self.go_on = go_on
        self.asked = 0

    def gathers(self, node: Node, command: c.Command) -> bool:
        """Whether a step takes nothing away and uses nothing up here.

        Whoever answers a question is there for a while: where the rule takes notice of that person's presence the answer
        is an event, so that what it gives is rare and its use is one too.
        """
        if not self.interests.gathers(command) or takes_away(node, command):
            return False
        if not self.interests.of_presence:
            return True
        approval = getattr(command, "approval", None)
        handle = getattr(command, "credential", None)
        if approval is None and handle is not None:
            approval = node.world.credentials[handle].approval
        return approval is None or not self.facet.involves(node.world.approvals[approval].user)

    def plain(self, node: Node, command: c.Command) -> bool:
        """Whether a step can be taken always, without a look at what it makes true."""
        return self.gathers(node, command) and not self.may_calm(command)

    def may_calm(self, command: c.Command) -> bool:
        """Whether a step may help to keep the rule, by itself or by a declared step that is done with it."""
        return self.interests.may_calm(command) or not self.beside.isdisjoint(emits(command))

    def twisted(self, node: Node, command: c.Command) -> Iterator[c.Command]:
        """The same command in each way in which a step that belongs to it can go wrong, but for those that others cover.

        What only helps, and no place asks for, is left out where it could come late: whoever leaves it out does no more
        for the rule, and can do all the same.
        """
        for one in twisted(node.world, self.view, command):
            twist = str(getattr(one, "twist", ""))
            if not (twist.startswith(LATE) and self._only_helps(node, twist.removeprefix(LATE))):
                yield one

    def each_way(self, node: Node, command: c.Command) -> bool:
        """Whether it matters later how work was begun: a place insists on a step that belongs to its beginning."""
        kept = node.world.design.schedule.kept
        twists = (str(getattr(one, "twist", "")) for one in self.twisted(node, command))
        return isinstance(command, c.StartTask) and any(one.partition(".")[2] in kept for one in twists)

    def _only_helps(self, node: Node, kind: str) -> bool:
        schedule, interests = node.world.design.schedule, self.interests
        counts = kind in interests.about or kind in interests.arming or kind in schedule.kept or kind in schedule.beside
        return kind in interests.calming and not counts and LEFT_OUT in schedule.steps[kind].twists

    def once(self, node: Node, shape: Shape, command: c.Command) -> str | None:
        """Take a step that was not taken before; None where it was, or cannot be closed; else the error, or ``.

        Before it, the same without its declared steps: who leaves them out can do no more, and does nothing for the rule.
        """
        if self.view.steps and shape not in node.accepted:
            for other in self.twisted(node, command):
                self._once(node, (*shape, getattr(other, "twist", None)), other)
        return self._once(node, shape, command)

    def _once(self, node: Node, shape: Shape, command: c.Command) -> str | None:
        if shape in node.accepted or shape in node.refused or self.interests.idle(command):
            return None
        if not self.gathers(node, command):
            return None
        taken = self.take(node, command)
        if taken is None:
            if self.calmed:
                node.kept[shape] = command
            return None
        self.reply, events, made = taken
        if self.reply.ok:
            node.accepted[shape] = Accepted(command, node.heard(events), made)
            if isinstance(command, c.Call) and not self.interests.rations:
                node.asked.clear()
            return ""
        node.refuse(shape)
        if self.reply.error in ABOUT_CONSENT:
            node.wanting.add(shape)
        # an error from a hop behind the first one says nothing of what was presented
        behind = isinstance(command, c.Call) and any(e.kind == "request.allowed" and e.attempt is None for e in events)
        return "refused behind" if behind else self.reply.error or "refused"

    def gather(self, node: Node, command: c.Command) -> bool:
        """Take a step that gathers; False where it is refused or stays an event."""
        if not self.gathers(node, command):
            return False
        taken = self.take(node, command)
        if taken is None and self.calmed:
            node.kept["gathered", type(command), hash(command)] = command
        return taken is not None and taken[0].ok

    def attempt(self, node: Node, command: c.Command) -> None:
        """Take a step for what becomes of the rule alone."""
        self.transitions += 1
        node.do(command)

    def take(self, node: Node, command: c.Command) -> tuple[Reply, list[Event], tuple[Shape, ...]] | None:
        """Take a step that gathers; None where it stays an event: it helps to keep the rule, or reads what is withheld."""
        self.transitions += 1
        self.asked += 1
        node.late += bool(node.late or node.broken)
        if self.asked % ASK_EVERY == 0 and not self.go_on():
            node.cut = True
        self._leak(node, command)
        may_bring = self.withholding.may(node, command)
        if not may_bring and not self.may_calm(command):
            reply, events = node.do(command)
            return reply, events, node.made
        trial = node.fork()
        reply, events = trial.do(command)
        self.calmed = trial.calmed(events)
        brought = self.withholding.brought(node, trial) if may_bring and not self.calmed else {}
        if self.calmed or brought:
            node.broken += trial.broken
            node.withheld |= brought.items()
            self.kept += 1
            return None
        node.become(trial)
        return reply, events, node.made

    @staticmethod
    def current(node: Node, command: c.Command) -> c.Command:
        """The same step with the credential of its kind that lives longest now, and the approval that this comes from."""
        def approval_of(handle: str) -> str | None:
            return node.world.credentials[handle].approval or getattr(command, "approval", None)

        for field in ("credential", "subject"):
            handle = getattr(command, field, None)
            if handle is not None:
                held = node.world.credentials[handle]
                best = newest(node, held).handle if held.kind == "refresh" else node.best.get(node.shape(held), handle)
                if best != handle:
                    named = {"approval": approval_of(best)} if getattr(command, "approval", None) is not None else {}
                    command = replace(command, **{field: best}, **named)
        return command

    def _leak(self, node: Node, command: c.Command) -> None:
        """What an outsider shows has leaked, at the latest by then."""
        if not isinstance(command, c.Step) or command.agent not in self.view.outsiders:
            return
        fields = ("like",) if isinstance(command, Forge) else ("credential", "subject")
        handle = next((one for one in (getattr(command, name, None) for name in fields) if one is not None), None)
        if handle is None or handle in node.world.leaked or node.world.credentials[handle].holder == command.agent:
            return
        self.transitions += 1
        node.do(c.Leak(handle))
