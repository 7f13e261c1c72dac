"""What ablations, incidents and roadmaps found, as tidy pandas frames: a row per fact, columns documented.

Computes nothing; pandas is imported when a frame is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from harness.suite.ablate import Ablation
from harness.suite.expectations import Checked
from harness.suite.roadmap import Roadmap

if TYPE_CHECKING:
    import pandas as pd


def removal_frame(ablation: Ablation, names: Mapping[str, str]) -> pd.DataFrame:
    """What taking each control away breaks, a row for each control and requirement.

    Columns: system, control, name, requirement, scenarios (how many break it then and did not before), verdict.
    """
    import pandas as pd

    rows = [
        {
            "system": ablation.design.system.name,
            "control": one.without[0],
            "name": names[one.without[0]],
            "requirement": requirement,
            "scenarios": len(one.broken.get(requirement, ())),
            "verdict": verdict,
        }
        for one in ablation.removals
        for requirement, verdict in one.verdicts.items()
    ]
    return pd.DataFrame(rows, columns=["system", "control", "name", "requirement", "scenarios", "verdict"])


def incident_frame(checked: Iterable[Checked]) -> pd.DataFrame:
    """What each design of each incident came to, a row for each expectation without controls taken away.

    Columns: incident, design, variant (of the scenario, empty for the file's own), requirement, verdict, stopped_by (control
    ids, as in `K04 K07`), because (the reason that the file gives), met (as the file expects).
    """
    import pandas as pd

    rows = [
        {
            "incident": one.scenario,
            "design": one.expected.design,
            "variant": one.expected.variant or "",
            "requirement": one.expected.requirement,
            "verdict": one.found,
            "stopped_by": " ".join(one.stopped_by),
            "because": one.expected.because or "",
            "met": one.met,
        }
        for one in checked
        if not one.expected.without and one.applies
    ]
    columns = ["incident", "design", "variant", "requirement", "verdict", "stopped_by", "because", "met"]
    return pd.DataFrame(rows, columns=columns)


def roadmap_frame(roadmap: Roadmap, names: Mapping[str, str]) -> pd.DataFrame:
    """A row for each step of a roadmap, the start first.

    Columns: step, added (ids, as in `K12 K13`), name, effort, closed, left (scenarios with a requirement that they break),
    requirements_broken, tasks, completed, refused_calls.
    """
    import pandas as pd

    rows = [
        {
            "step": number,
            "added": " ".join(one.added),
            "name": " + ".join(names.get(control, control) for control in one.added) or roadmap.start,
            "effort": one.effort,
            "closed": one.closed,
            "left": one.left,
            "requirements_broken": sum(count > 0 for count in one.breaks.values()),
            "tasks": one.benign.tasks,
            "completed": one.benign.completed,
            "refused_calls": one.benign.refused_calls,
        }
        for number, one in enumerate(roadmap.steps)
    ]
    return pd.DataFrame(rows)
