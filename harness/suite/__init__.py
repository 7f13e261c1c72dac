"""The harness' main job as one function: requirements, systems and scenarios in, verdicts out.

    result = run_suite("requirements.yaml")            # a harness.report.result.RunResult

Reads files through `plan` and `requirements`, runs `world`, asks `judge`. Raises ProblemList for mistakes in files and
UsageError for unknown ids; a run that fails is the verdict *error*.
"""

from harness.suite.project import Design, Project, UsageError, control_ids, load_project, scenarios_folder
from harness.suite.single import Single, run_single, scenario_named, scenarios_of, step_scenarios_of
from harness.suite.suite import control_names, replay_command, run_project, run_suite

__all__ = [
    "Design",
    "Project",
    "Single",
    "UsageError",
    "control_ids",
    "control_names",
    "load_project",
    "replay_command",
    "run_project",
    "run_single",
    "run_suite",
    "scenario_named",
    "scenarios_folder",
    "scenarios_of",
    "step_scenarios_of",
]
