"""Options that several commands share, with their help."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

Systems = Annotated[
    list[str] | None,
    typer.Option("--system", metavar="FILE", help="Use this system instead of the file's; repeatable."),
]
OneSystem = Annotated[
    str | None, typer.Option("--system", metavar="FILE", help="Use this system instead of the file's.")
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="CONTROL", help="Take this control away, by id or name; repeatable."),
]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same run, byte for byte.")]
Json = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON; `-` for standard output.")
]

Today = Annotated[
    str | None,
    typer.Option("--today", metavar="DATE", help="The date that waivers are held against; by default this day."),
]
AllowUnchallenged = Annotated[
    bool, typer.Option("--allow-unchallenged", help="Do not fail for what nothing put to the test.")
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="FILE", help="Say on the page what changed since this earlier result (JSON)."),
]
Requirements = Annotated[
    str, typer.Option("--requirements", metavar="FILE", help="The requirements file.", show_default=True)
]


class Catalogue(StrEnum):
    """What can be listed."""

    requirements = "requirements"
    scenarios = "scenarios"
    controls = "controls"
    misbehaviours = "misbehaviours"
    events = "events"
    protocol_rules = "protocol-rules"
