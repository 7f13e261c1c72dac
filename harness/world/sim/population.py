"""People and records from the seed: Faker gives the names; whose a record is comes from the system file.

The same people for every design with the same names and seed, so that designs are compared on equal terms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from harness.plan.system import System
from harness.world.mechanics.design import DEFAULT_TENANT
from harness.world.mechanics.records import Record

if TYPE_CHECKING:
    from faker import Faker

FIELDS: Mapping[str, tuple[str, ...]] = {
    "policy": ("number", "holder", "address", "premium"),
    "claim": ("number", "date", "damage", "note"),
    "payment": ("iban", "amount", "payee"),
    "letter": ("recipient", "body"),
    "health": ("diagnosis",),
    "underwriting": ("risk", "remark"),
    "repair": ("garage", "plate"),
}


def records(system: System) -> dict[str, Record]:
    """Every record of the ledger, by id: some of each category for each customer, with everyone who is entitled."""
    return {record.id: record for record in _records(system)}


def _records(system: System) -> Iterator[Record]:
    endpoints = [one for api in system.apis.values() for one in api.endpoints.values() if one.category is not None]
    categories = dict.fromkeys(str(one.category) for one in endpoints)
    untrusted = {one.category for one in endpoints if not one.trusted}
    for owner in system.people.customers:
        for category in categories:
            for number in range(1, system.records_per_customer + 1):
                yield Record(
                    id=f"{category}.{owner}.{number}",
                    owner=owner,
                    category=category,
                    entitled=entitled(system, owner, category, number),
                    fields=FIELDS.get(category, ("text",)),
                    subjects=tuple(
                        name
                        for one in system.shared
                        if (one.owner, one.category) == (owner, category)
                        for name in one.subjects
                    ),
                    trusted=category not in untrusted,
                    region=system.people.regions.get(owner, "EU"),
                    tenant=system.people.tenants.get(owner, DEFAULT_TENANT),
                )


def entitled(system: System, owner: str, category: str, number: int) -> tuple[str, ...]:
    """Everyone the ledger entitles to a record: owner, joint holders, mandates, assigned handlers.

    The first record of each category of a customer in a joint group is the joint one.
    """
    people = system.people
    found = [owner]
    if number == 1:
        found += [other for group in people.joint if owner in group for other in group if other != owner]
    found += [mandate.holder for mandate in people.mandates if mandate.owner == owner]
    found += [name for name, employee in people.employees.items() if owner in employee.assigned]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=64)
def full_names(people: tuple[str, ...], seed: int) -> Mapping[str, str]:
    """The name that each person goes by, drawn from the seed."""
    faker = _faker()
    found = {}
    for person in people:
        faker.seed_instance(f"{seed}/{person}")
        found[person] = faker.name()
    return found


@cache
def _faker() -> Faker:
    """One for all runs: making it takes as long as a short run, and it is seeded anew for each person."""
    from faker import Faker

    return Faker("en_GB")
