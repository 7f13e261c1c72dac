"""Misfortunes that befall the small world from its start: what goes wrong by itself, as a scenario file says it.

Nobody decides them step by step: messages that are lost or late, servers that are down, replicas that lag. The adversary
that Hypothesis draws chooses among `ADVERSE`; the exploration takes those of a scenario. Shares are of no use here: what
befalls one run of steps has to befall it again when steps are left out.
"""

from __future__ import annotations

from typing import NamedTuple, get_args

from harness.plan.misfortunes import Fact, Fault, Lag, Outage, Signalled
from harness.plan.scenario import Scenario
from harness.plan.system import System
from harness.plan.values import duration_text
from harness.world.mechanics.state import Conditions, Fate
from harness.world.sim.cast import Cast
from harness.world.sim.faults import conditions_of, fate_of
from harness.world.sim.streams import Streams

LATE = "10m"
_DURATIONS = frozenset({"delay", "by", "since", "until"})


class Misfortunes(NamedTuple):
    """Rules on messages, outages and lags; none of them by default."""

    faults: tuple[Fault, ...] = ()
    outages: tuple[Outage, ...] = ()
    lags: tuple[Lag, ...] = ()

    @classmethod
    def of(cls, scenario: Scenario) -> Misfortunes:
        """Those of a scenario; raises ValueError where chance has a part in them."""
        if any(fault.share < 1 or fault.up_to is not None for fault in scenario.faults):
            raise ValueError(f"{scenario.id}: a search takes misfortunes that happen always, without `share` or `up_to`")
        return cls(tuple(scenario.faults), tuple(scenario.outages), tuple(scenario.lags))

    @property
    def keys(self) -> dict[str, list[dict[str, object]]]:
        """As a scenario file has them."""
        named = {"faults": self.faults, "outages": self.outages, "lags": self.lags}
        return {
            name: [
                {key: duration_text(value) if key in _DURATIONS else value
                 for key, value in one.model_dump(exclude_defaults=True, mode="json").items()}
                for one in some
            ]
            for name, some in named.items() if some
        }  # fmt: skip

    @property
    def text(self) -> str:
        """In words; empty where there are none."""
        said = [
            f"{'signals' if one.message == 'any' else f'`{one.message}` messages'} "
            + ("lost" if one.lose else f"{duration_text(one.delay)} late")
            for one in self.faults
        ]
        said += [f"{one.server} down from {duration_text(one.since)} to {duration_text(one.until)}" for one in self.outages]
        said += [f"{one.of} known {duration_text(one.by)} late{f' at {one.at}' if one.at else ''}" for one in self.lags]
        return ", ".join(said)

    def on(self, system: System) -> tuple[Fate, Conditions]:
        """What they make of messages and servers."""
        scenario = Scenario(
            kind="scenario", id="X", title="misfortunes", faults=list(self.faults), outages=list(self.outages),
            lags=list(self.lags),
        )  # fmt: skip
        cast = Cast(system, scenario)
        return fate_of(scenario.faults, Streams(0), cast), conditions_of(scenario, cast)


NONE = Misfortunes()
ADVERSE: tuple[Misfortunes, ...] = (
    NONE,
    *(Misfortunes(faults=(Fault(message=kind, lose=True),)) for kind in ("any", *get_args(Signalled))),
    Misfortunes(faults=(Fault.model_validate({"delay": LATE}),)),
    Misfortunes(outages=(Outage.model_validate({"since": "1m", "until": "11m"}),)),
    *(Misfortunes(lags=(Lag.model_validate({"of": fact, "by": LATE}),)) for fact in get_args(Fact)),
)
"""What an adversary may wish for: nothing, signals that are lost or late, a server that is down, each replica late."""
