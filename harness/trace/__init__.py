"""Events, their vocabulary, and the canonical JSONL form of a run. Imports nothing of the harness.

`STANDARD.kinds["data.accessed"].fields["owner"]` says what a field means, its type, fact or claimed, always or
optional; `STANDARD.getter(kind, field)` reads it off an event. `write_trace` and `read_trace` know the file form.
"""

from harness.trace.events import NO_FIELDS, Attempt, Cause, Event, Request, Route, Token, Trace, Who
from harness.trace.jsonl import SCHEMA, TraceError, flat, read_trace, write_trace
from harness.trace.kinds import STANDARD, declared_kind
from harness.trace.vocabulary import Field, Kind, Vocabulary

__all__ = [
    "NO_FIELDS",
    "SCHEMA",
    "STANDARD",
    "Attempt",
    "Cause",
    "Event",
    "Field",
    "Kind",
    "Request",
    "Route",
    "Token",
    "Trace",
    "TraceError",
    "Vocabulary",
    "Who",
    "declared_kind",
    "flat",
    "read_trace",
    "write_trace",
]
