"""Reach as the world writes it, against a sampler that asks every enforcement point at many instants, and remembers nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import simpy

from harness.measure.exposure import exposures
from harness.measure.reach import reaches
from harness.plan import Controls, System
from harness.sweep.knobs import with_settings
from harness.trace import Event, Trace
from harness.world import simulate
from harness.world.mechanics.doors import Group, Look
from harness.world.mechanics.engine import advance
from harness.world.sim.run import Run
from tests.oracles.test_world import file
from tests.world.worlds import scenarios

Ways = frozenset[tuple[str, str, str, str | None]]
EVERY_MS = 1_713


def sampling(found: list[tuple[int, Ways]]) -> type[Run]:
    """A run that is looked at now and then, in a fork, so that looking has no effect."""

    class Sampled(Run):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self.env.process(self._look())

        def _look(self) -> Iterator[simpy.Event]:
            while True:
                yield self.sleep(EVERY_MS)
                world = self.world.fork()
                advance(world, self.now_ms)
                look = Look(world)
                look.steady = False
                world.design.remembered.clear()
                ways = look.ways()
                tokens = {key: one.facts.token for key, one in world.credentials.items()}
                found.append(
                    (
                        self.now_ms,
                        frozenset((tokens[w.credential], w.endpoint, str(w.group), w.provider) for w in ways),
                    )
                )

    return Sampled


def open_at(trace: Trace, time_ms: int) -> Ways:
    return frozenset(
        (
            str(one.credential),
            str(one.endpoint),
            str(Group(str(one.owner), str(one.category), one.entitled)),
            one.provider,
        )
        for one in reaches(trace)
        if one.opened_ms <= time_ms < one.closed_ms
    )


def design(settings: Mapping[str, Any]) -> System:
    return System.model_validate(with_settings(file("insurance.yaml"), settings))


@pytest.mark.parametrize("scenario", ["S02", "S33", "S08", "H01"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"controls.K17": {"on": True, "strength": "cached", "lifetime": "20s"}},
        {"controls.K17": {"on": True, "strength": "introspection"}},
        {"controls.K04": "off", "controls.K11": "off", "controls.K10": "off"},
        {"controls.K07": "off", "controls.K09": "off", "controls.K18": "off"},
    ],
    ids=["reference", "cached", "introspection", "open data", "long lives"],
)
def test_what_the_trace_says_is_open_is_what_every_enforcement_point_would_let_in(
    scenario: str, settings: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sampled: list[tuple[int, Ways]] = []
    monkeypatch.setattr("harness.world.sim.shell.Run", sampling(sampled))
    system = design(settings)
    trace = simulate(system, Controls.of(system), scenarios()[scenario], seed=1, reach=True)
    assert len(sampled) > 10
    assert any(ways for _, ways in sampled), "something was open"
    last_ms = trace.events[-1].time_ms
    for time_ms, ways in sampled:
        if time_ms <= last_ms:
            assert open_at(trace, time_ms) == ways, f"at {time_ms} ms"


def facts(trace: Trace) -> list[tuple[Any, ...]]:
    return [_without_ids(event) for event in trace.events if not event.kind.startswith("reach.")]


def _without_ids(event: Event) -> tuple[Any, ...]:
    own = {name: value for name, value in event.own.items() if name not in ("about", "record")}
    return event.kind, event.time_ms, event.who, own, event.attempt, event.cause


@pytest.mark.parametrize("scenario", ["S02", "S33", "S08", "H01"])
def test_writing_what_lies_within_reach_changes_nothing_else(scenario: str) -> None:
    system = design({"controls.K17": {"on": True, "strength": "cached", "lifetime": "20s"}})
    on, off = (
        simulate(system, Controls.of(system), scenarios()[scenario], seed=1, reach=reach) for reach in (True, False)
    )
    assert facts(on) == facts(off)
    assert on.counters == off.counters


def record_s(scenario: str, settings: Mapping[str, Any], name: str, leaves_s: int | None = None) -> float:
    system, played = design(settings), scenarios()[scenario]
    if leaves_s is not None:
        visit = played.visits[0].model_copy(update={"leaves": 1000 * leaves_s})
        played = played.model_copy(update={"visits": [visit]})
    trace = simulate(system, Controls.of(system), played, seed=1, reach=True)
    return next(one.record_s for one in exposures(trace) if (one.slice, one.category) == (name, "all"))


def test_each_control_closes_what_it_is_there_to_close() -> None:
    for control, scenario, name in (
        ("K17", "S33", "after_denial"),
        ("K07", "S02", "after_departure"),
        ("K08", "S02", "after_departure"),
        ("K09", "S01", "after_logout"),
        ("K04", "H01", "foreign"),
        ("K11", "S08", "without_consent"),
    ):
        on, off = record_s(scenario, {}, name), record_s(scenario, {f"controls.{control}": "off"}, name)
        assert off > on, f"{control} against {name}: {on} with it, {off} without"


def test_shorter_lifetimes_expose_less_on_average_over_departures() -> None:
    # not run by run: when the last token before the idle time was asked for depends on how long the others lived
    def mean_s(lifetime_s: int) -> float:
        settings = {"controls.K07.lifetime": f"{lifetime_s}s"}
        return sum(record_s("S02", settings, "after_departure", leaves_s) for leaves_s in range(10, 70, 9)) / 7

    found = [mean_s(lifetime_s) for lifetime_s in (30, 120, 300)]
    assert found == sorted(found)
    assert found[-1] > 1.5 * found[0]
