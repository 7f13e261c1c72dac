"""Misfortunes as rules on messages: each matches, or passes to the next; shares are drawn from a stream of their own."""

from __future__ import annotations

from collections.abc import Sequence

from harness.plan.misfortunes import ORDINARY, Fault
from harness.plan.scenario import Scenario
from harness.world.mechanics.state import Conditions, Fate, Message, as_designed
from harness.world.sim.cast import Cast
from harness.world.sim.streams import Streams


def fate_of(faults: Sequence[Fault], streams: Streams, cast: Cast) -> Fate:
    """What becomes of each message under these rules; without rules, what the design says."""
    if not faults:
        return as_designed

    def fate(message: Message) -> int | None:
        for number, fault in enumerate(faults):
            if not _matches(fault, message, cast):
                continue
            stream = streams[f"fault/{number}"]
            if fault.share < 1.0 and stream.random() >= fault.share:
                continue
            if fault.lose:
                return None
            span_ms = fault.delay if fault.up_to is None else stream.randint(fault.delay, fault.up_to)
            return message.delay_ms + span_ms
        return message.delay_ms

    return fate


def _matches(fault: Fault, message: Message, cast: Cast) -> bool:
    """Whether a rule is about this message; `any` is any signal."""
    same_kind = fault.message == message.kind or (fault.message == "any" and message.kind not in ORDINARY)
    if not same_kind or (fault.to and cast.place(fault.to) != message.to) or not fault.open_at(message.now_ms):
        return False
    return fault.of is None or cast.agent(fault.of) == message.of


def conditions_of(scenario: Scenario, cast: Cast) -> Conditions:
    """Outages, wrong clocks and late replicas, as the scenario sets them."""
    outages = tuple((cast.place(one.server), one.since, one.until) for one in scenario.outages)
    lags = tuple(one.model_copy(update={"at": cast.place(one.at)}) if one.at else one for one in scenario.lags)
    late_ms = scenario.clocks | {api: -fast_ms for api, fast_ms in scenario.fast_clocks.items()}
    windows = [(one.since, one.until) for one in (*scenario.faults, *scenario.lags)]
    windows += [(since, until) for _, since, until in outages]
    turns = tuple(sorted({at_ms for window in windows for at_ms in window if at_ms}))
    return Conditions(outages, late_ms, lags, turns)
