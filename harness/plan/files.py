"""Reading system and scenario files: the shape by the models, then what names refer to, each mistake at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.load import Document, Loaded, Problem, ProblemList, did_you_mean, nearest, read_document, validate
from harness.plan.controls import control_catalogue
from harness.plan.misbehaviours import Doer, misbehaviour_catalogue
from harness.plan.overlays import overlaid
from harness.plan.scenario import Scenario, Twist
from harness.plan.settings import setting_problems, unknown
from harness.plan.steps import LEFT_OUT, step_twist_name
from harness.plan.system import System, TaskSpec

_KIND = re.compile(r"kind:[ ]+([a-z]+)(?:[ ]+#.*)?")
_OTHER_KEY = re.compile(r"(?!kind\b)[a-z_]+:( .*)?")


def load_system(path: str | Path) -> Loaded[System]:
    """A system file, laid over the one that it is based on; raises ProblemList with all its mistakes."""
    return _load_system(path, ())


def _load_system(path: str | Path, above: tuple[Path, ...]) -> Loaded[System]:
    document = read_document(path)
    if isinstance(document.value, dict) and isinstance(document.value.get("based_on"), str):
        base = Path(path).parent / document.value["based_on"]
        if base.resolve() in above or not base.is_file():
            wrong = "there is no file" if not base.is_file() else "the files are based on each other:"
            raise ProblemList([document.problem(f"{wrong} `{document.value['based_on']}`", "based_on")])
        under = _load_system(base, (*above, Path(path).resolve())).document
        document = overlaid(under, document)
    return system_of(document)


def system_of(document: Document) -> Loaded[System]:
    """A document as a system, whatever file it was; raises ProblemList with all its mistakes."""
    loaded = Loaded(validate(document, System), document)
    problems = list(_system_problems(loaded.model, loaded.document))
    if problems:
        raise ProblemList(problems)
    return loaded


def load_scenario(path: str | Path) -> Loaded[Scenario]:
    """A scenario file; raises ProblemList with all its mistakes."""
    return scenario_of(read_document(path))


def scenario_of(document: Document) -> Loaded[Scenario]:
    """A document as a scenario, whatever changes were made to it; raises ProblemList with all its mistakes."""
    loaded = Loaded(validate(document, Scenario), document)
    problems = list(_scenario_problems(loaded.model, document))
    if problems:
        raise ProblemList(problems)
    loaded.model.place(document.path)
    return loaded


def _scenario_problems(scenario: Scenario, document: Document) -> Iterator[Problem]:
    for number, visit in enumerate(scenario.visits):
        for order, job in enumerate(visit.tasks):
            if job.twist is not None:
                yield from _twist_problems(document, job.twist, "agent", "visits", number, "tasks", order, "twist")
        yield from _deed_problems(document, visit.twist, "visits", number, "twist")
    for number, action in enumerate(scenario.actions):
        yield from _deed_problems(document, action.twist, "actions", number, "twist")
        if action.thief is not None:
            yield from _twist_problems(document, action.thief, "outsider", "actions", number, "thief")
    for number, one in enumerate(scenario.expect):
        for field, value, names in (
            ("design", one.design, scenario.designs),
            ("variant", one.variant, scenario.variants),
        ):
            if value is not None and value not in names:
                yield unknown(document, field, value, names, "expect", number, field)
        for field, controls in (("without", one.without), ("stopped_by", one.stopped_by)):
            for place, control in enumerate(controls):
                if control not in (*control_catalogue(), "base"):
                    yield unknown(document, "control", control, control_catalogue(), "expect", number, field, place)
    if scenario.designs and scenario.system is None:
        yield document.problem("a file with designs of its own names the system that they are laid over", "designs")


_WRITTEN_AS = {"agent": "a task's `twist`", "outsider": "a `thief`", "operator": "an action of its own"}


def _deed_problems(document: Document, twist: Twist | None, *path: str | int) -> Iterator[Problem]:
    """What goes wrong about a deed of operators and people is about a declared step; the catalogue is for programs."""
    if twist is not None and step_twist_name(twist.id) is None:
        hint = f"write what is wrong about a step, as in `{LEFT_OUT}claim.reviewed`"
        yield document.problem(f"`{twist.id}` is nothing that people do", *path, suggestion=hint)


def _twist_problems(document: Document, twist: Twist, doer: Doer, *path: str | int) -> Iterator[Problem]:
    """A misbehaviour that does not exist, has no such variant, or is not for whoever shall do it."""
    entry = misbehaviour_catalogue().get(twist.id)
    if entry is None and step_twist_name(twist.id) is not None and doer == "agent":
        return  # whether such a step is done depends on the requirements file
    if entry is None:
        yield unknown(document, "misbehaviour", twist.id, misbehaviour_catalogue(), *path)
        return
    if doer not in entry.by:
        yield document.problem(f"`{twist.id}` is written as {_WRITTEN_AS[entry.by[0]]}", *path)
    if twist.variant is not None and twist.variant not in entry.variants:
        yield unknown(document, f"variant of {twist.id}", twist.variant, entry.variants, *path, "variant")


def load_scenarios(folder: str | Path) -> list[Scenario]:
    """All scenarios below a folder that name no system of their own, by id; raises ProblemList with all mistakes."""
    found: dict[str, Scenario] = {}
    problems: list[Problem] = []
    for path in scenario_files(folder):
        try:
            loaded = load_scenario(path)
        except ProblemList as error:
            problems += error.problems
            continue
        scenario = loaded.model
        if scenario.system is not None:
            continue
        if scenario.id in found:
            other = found[scenario.id].path
            problems.append(loaded.document.problem(f"scenario `{scenario.id}` is in `{other}` too", "id"))
        found[scenario.id] = scenario
    if problems:
        raise ProblemList(problems)
    return [found[key] for key in sorted(found, key=_in_order)]


def scenario_files(folder: str | Path) -> Iterator[Path]:
    """The files below a folder that say `kind: scenario`, or nearly so, or cannot be read as YAML at all."""
    for path in sorted(Path(folder).rglob("*.yaml")):
        if (kind := kind_of(path)) in ("scenario", "unreadable") or nearest(kind, ("scenario",)):
            yield path


def kind_of(path: str | Path) -> str:
    """What a YAML file is by its own account: `system`, `scenario`, `sweep`, `mapping`, or `requirements`."""
    if (stated := _stated_kind(path)) is not None:
        return stated
    try:
        document: Document = read_document(path)
    except ProblemList:
        return "unreadable"
    if not isinstance(document.value, dict):
        return "unknown"
    if "kind" in document.value:  # a scenario may name its requirements file too
        return str(document.value["kind"])
    if (slip := next((key for key in document.value if nearest(key, ("kind",))), None)) is not None:
        return str(document.value[slip])
    return "requirements" if "requirements" in document.value else "unknown"


def _stated_kind(path: str | Path) -> str | None:
    """The kind of a file by the keys at the margin, read without parsing it; None where these do not settle it."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = (line.rstrip() for line in file)
            at_margin = (line for line in lines if line and line[0] not in " #-")
            first = next(at_margin, "")
            if found := _KIND.fullmatch(first):
                return found[1]
            keys = [first, *at_margin]
    except (OSError, UnicodeDecodeError):
        return None
    plain = all(_OTHER_KEY.fullmatch(line) for line in keys)
    return "requirements" if plain and any(line == "requirements:" for line in keys) else None


def _in_order(key: str) -> tuple[str, int, str]:
    digits = "".join(letter for letter in key if letter.isdigit())
    return (key.rstrip("0123456789"), int(digits or 0), key)


def _system_problems(system: System, document: Document) -> Iterator[Problem]:
    endpoints = {f"{api}.{name}" for api, group in system.apis.items() for name in group.endpoints}
    domains = {server.domain for server in system.servers.values()}
    for api, group in system.apis.items():
        if group.domain not in domains:
            yield unknown(document, "domain", group.domain, domains, "apis", api, "domain")
        for name, endpoint in group.endpoints.items():
            if endpoint.calls is not None and endpoint.calls not in endpoints:
                yield unknown(document, "endpoint", endpoint.calls, endpoints, "apis", api, "endpoints", name, "calls")
    for kind, programs in (("agents", system.agents), ("services", system.services)):
        for name, program in programs.items():
            for audience in program.policy:
                if audience not in system.apis:
                    hint = did_you_mean(audience, system.apis)
                    yield document.problem(
                        f"unknown api `{audience}`", kind, name, "policy", audience, on_key=True, suggestion=hint
                    )
            if program.domain not in domains:
                yield unknown(document, "domain", program.domain, domains, kind, name, "domain")
    for name, agent in system.agents.items():
        if agent.provider is not None and agent.provider not in system.providers:
            yield unknown(document, "provider", agent.provider, system.providers, "agents", name, "provider")
    for name, provider in system.providers.items():
        if provider.fallback is not None and provider.fallback not in system.providers:
            yield unknown(document, "provider", provider.fallback, system.providers, "providers", name, "fallback")
    yield from _cache_problems(system, document)
    for name, purpose in system.purposes.items():
        if purpose.provider is not None and purpose.provider not in system.providers:
            yield unknown(document, "provider", purpose.provider, system.providers, "purposes", name, "provider")
    for kind, task in system.tasks.items():
        for place, tool in _tools_of(task):
            if tool not in endpoints:
                yield unknown(document, "endpoint", tool, endpoints, "tasks", kind, *place)
        if task.purpose not in system.purposes:
            yield unknown(document, "purpose", task.purpose, system.purposes, "tasks", kind, "purpose")
        if task.agent is not None and task.agent not in system.agents:
            yield unknown(document, "agent", task.agent, system.agents, "tasks", kind, "agent")
    yield from setting_problems(system, document)
    yield from _people_problems(system, document)
    yield from _assumption_problems(system, document)


def _cache_problems(system: System, document: Document) -> Iterator[Problem]:
    """A cache of what is not there would hold nothing without a word."""
    for name, cache in system.caches.items():
        for number, api in enumerate(cache.at):
            if api not in system.apis:
                yield unknown(document, "api", api, system.apis, "caches", name, "at", number)
        known = {one for api in cache.at if api in system.apis for one in system.apis[api].endpoints}
        for number, endpoint in enumerate(cache.endpoints):
            if endpoint not in known:
                yield unknown(document, "endpoint", endpoint, known, "caches", name, "endpoints", number)
        for field in ("stands", "endpoints", "forgets"):
            if cache.holds == "tokens" and field in cache.model_fields_set:
                message = f"`{field}` means nothing for a cache of tokens"
                yield document.problem(message, "caches", name, field, on_key=True)


def _tools_of(task: TaskSpec) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The tools that a kind of task names, with where it names them."""
    yield ("tool",), task.tool
    yield from ((("reads", number), tool) for number, tool in enumerate(task.reads))
    if task.then is not None:
        yield ("then",), task.then


def _assumption_problems(system: System, document: Document) -> Iterator[Problem]:
    """What is confirmed must be something that was simulated, or say what it is."""
    settings = {f"{name}.{key}" for name, server in system.servers.items() for key in type(server).model_fields}
    known = {*control_catalogue(), *settings}
    for key, assumed in system.assumptions.items():
        if key not in known and assumed.value is None:
            hint = did_you_mean(key, known) or "name a control (`K07`), a setting (`home.leeway`), or add a `value`"
            yield document.problem(f"unknown assumption `{key}`", "assumptions", key, on_key=True, suggestion=hint)


def _people_problems(system: System, document: Document) -> Iterator[Problem]:
    people = system.people
    everybody = {*people.customers, *people.brokers, *people.employees, *people.administrators}
    for number, mandate in enumerate(people.mandates):
        for field, value in (("holder", mandate.holder), ("owner", mandate.owner)):
            if value not in everybody:
                yield unknown(document, "person", value, everybody, "people", "mandates", number, field)
    for number, group in enumerate(people.joint):
        for place, customer in enumerate(group):
            if customer not in people.customers:
                yield unknown(document, "customer", customer, people.customers, "people", "joint", number, place)
    known = {*everybody, *people.others}
    for field in ("tenants", "regions"):
        for person in getattr(people, field):
            if person not in known:
                hint = did_you_mean(person, known)
                message = f"unknown person `{person}`"
                yield document.problem(message, "people", field, person, on_key=True, suggestion=hint)
    for name, employee in people.employees.items():
        for number, customer in enumerate(employee.assigned):
            if customer not in people.customers:
                path = ("people", "employees", name, "assigned", number)
                yield unknown(document, "customer", customer, people.customers, *path)
