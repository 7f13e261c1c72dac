"""Limits: a step that a rule counts is taken again and again, until the rule breaks or something refuses.

A rule that counts breaks by number, and what the small world offers once it may offer without end: the same call, one
more token, another question. So in each closed state every sort of step that was counted is repeated, each alone and,
where none is enough, one sort after the other. What a repeat rests on is made anew where it is used up: an approval is
asked for, answered and redeemed each time; where payees are counted each time it is another one. A repeat that changes
nothing of the count ends its row, and so does one that helps to keep the rule.

Why this loses nothing that closing does not: a repeat of a step that gathers takes nothing away (what it counts for, no
rule of this kind ever minds less), so all of them may be taken at the instant of the first; a row ends only where the next
one would be refused, and what refuses (a limit of a server's own) refuses later ones too, until time has passed. Rows of
steps that use something up are tried aside, since the state they lead to is an event's. In an attack each repeat is a
step; those who tell it say it once, with how often.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

from msgspec.structs import replace

from harness.requirements import Rule
from harness.search.node import Node
from harness.search.steps import Broken
from harness.search.taking import Taking
from harness.world.mechanics import commands as c
from harness.world.mechanics.hostile import LureToConfirm
from harness.world.mechanics.legality import Impossible
from harness.world.mechanics.records import Approval

MOST = 1_000
"""How often a step is repeated at most: what a rule allows more of is not broken by repeating it, and says so (`short`)."""
ROWS = 4
"""How many sorts of steps that break a rule alone are followed up."""
ANSWERS = (c.AnswerPrompt, c.AnswerInstead, LureToConfirm)


class Repeating:
    """Repeats what one rule counts. `short`: whether a limit was too high to be reached."""

    def __init__(self, taking: Taking, rule: Rule) -> None:
        self.taking = taking
        self.interests = taking.interests
        self.distinct = rule.distinct
        self.often = math.inf if rule.sum_of else math.floor(rule.at_most) + 1
        self.short = False

    def run(self, node: Node) -> None:
        """Break the rule by number where that is possible; else go on with everything counted that can be had at once."""
        commands, rows = list(node.tallied.values()) if node.tallied else [], 0
        for command in commands:
            trial = node.fork()
            self._row(trial, command)
            node.broken = trial.broken + node.broken
            node.challenged = max(node.challenged, trial.challenged)
            rows += bool(trial.broken)
            if rows == ROWS or node.cut:
                return
        if node.broken:
            return
        trial = node.fork()
        for command in commands:
            if self.taking.gathers(trial, command) and not trial.broken:
                self._row(trial, command)
        if commands:
            node.become(trial)

    def _row(self, node: Node, command: c.Command) -> None:
        """The same step as often as a rule that counts nothing else allows, and once more; less where it changes nothing.

        Also where the rule breaks sooner, with what was counted before: so that one sort of step alone is told, if it can be.
        """
        last: list[Broken] = []
        for number in range(int(min(self.often, MOST))):
            before = self._count(node)
            possible = self._once_more(node, command, number)
            last, node.broken = node.broken or last, []
            if not possible or node.cut or (not last and self._count(node) == before):
                break
        else:
            self.short |= self.often > MOST and not last
        node.broken = last

    @staticmethod
    def _count(node: Node) -> Hashable:
        """What the rules have counted so far."""
        now = node.world.now_ms
        return tuple(
            hash(frozenset(one.monitor.canon(state, now))) for one, state in zip(node.facets, node.states, strict=True)
        )

    def _once_more(self, node: Node, command: c.Command, number: int) -> bool:
        """One more of a step; False where it is not possible, or helps to keep the rule."""
        try:
            current = self.taking.current(node, command)
            payee = self._other_payee(current, number)
            again = self._afresh(node, current, payee)
            if again is None:
                return False
            if payee is not None and isinstance(again, c.Call | c.AskApproval):
                again = replace(again, payee=payee)
            self.taking.transitions += 1
            _, events = node.do(again)
        except Impossible:
            return False
        return not node.calmed(events)

    def _other_payee(self, command: c.Command, number: int) -> str | None:
        """One more payee where the rule counts them."""
        if self.distinct != "payee" or not isinstance(command, c.Call | c.AskApproval) or command.payee is None:
            return None
        return f"{command.payee}_{number}"

    def _afresh(self, node: Node, command: c.Command, payee: str | None) -> c.Command | None:
        """The step with an approval, or the token of one, that nobody has used; itself where it needs none."""
        named = getattr(command, "approval", None)
        handle = getattr(command, "credential", None)
        given = node.world.credentials[handle].approval if handle is not None else None
        earlier = node.world.approvals.get(given or named or "")
        if earlier is None:
            return command
        approval = self._ask(node, earlier, payee)
        if approval is None:
            return None
        if isinstance(command, ANSWERS):
            return replace(command, approval=approval)
        if not self._answer(node, earlier, approval):
            return None
        if isinstance(command, c.RedeemApproval):
            return replace(command, approval=approval)
        token = self._do(node, c.RedeemApproval(**_base(earlier), approval=approval)).credential if given else handle
        return replace(command, credential=token, approval=approval if named else None) if token else None

    def _ask(self, node: Node, like: Approval, payee: str | None) -> str | None:
        """The same question once more, or about another payee."""
        meant, shown = like.operation, like.shown
        lied = (shown.amount, shown.payee) != (meant.amount, meant.payee)
        endpoint = next(
            (one.name for one in node.world.design.endpoints.values() if one.endpoint.operation == meant.type), None
        )
        if endpoint is None:
            return None
        question = c.AskApproval(
            **_base(like), endpoint=endpoint, user=like.user, amount=meant.amount, payee=payee or meant.payee,
            shown_amount=shown.amount if lied else None, shown_payee=shown.payee if lied else None,
        )  # fmt: skip
        reply = self._do(node, question)
        return reply.approval if reply.ok else None

    def _answer(self, node: Node, like: Approval, approval: str) -> bool:
        if self._do(node, c.AnswerPrompt(like.user, approval, approve=True)).ok:
            return True
        return bool(self._do(node, c.AnswerInstead(**_base(like), approval=approval)).ok)

    def _do(self, node: Node, command: c.Command) -> Any:
        self.taking.transitions += 1
        return node.do(command)[0]


def _base(like: Approval) -> dict[str, Any]:
    return {"agent": like.agent, "task": like.task or None, "goal": "search", "twist": "search"}
