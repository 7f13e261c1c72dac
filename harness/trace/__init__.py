"""Events, their vocabulary, and the canonical JSONL form of a run. Imports nothing of the harness."""

from harness.trace.events import Attempt, Cause, Event, Request, Route, Token, Trace, Who

__all__ = ["Attempt", "Cause", "Event", "Request", "Route", "Token", "Trace", "Who"]
