"""What lies within reach: `reach.opened` and `reach.closed` at each instant at which an answer changes.

For each credential an agent holds, each enforcement point and each kind of data it opens is asked with the protocol's own
check, without effect. On by a setting, since it costs; a run without it is otherwise the same.
"""

from __future__ import annotations

from harness.world.mechanics.state import World


def refresh(world: World) -> None:
    """Write what has come within reach, and what has left it, since the last time."""
    if not world.design.reach:
        return
