"""What is going to be simulated: systems with their controls, scenarios, and the catalogues they draw on.

loaded = load_system("scenarios/systems/insurance.yaml")      # Loaded[System]; raises ProblemList
controls = Controls.of(loaded.model, without=["K04"])          # its settings, resolved
scenarios = load_scenarios("scenarios")                        # those that name no system of their own
words(loaded.model)                                            # what the requirement language may name
"""

from harness.plan.controls import Control, Controls, control_catalogue
from harness.plan.files import kind_of, load_scenario, load_scenarios, load_system, scenario_files, system_of
from harness.plan.misbehaviours import Misbehaviour, misbehaviour_catalogue
from harness.plan.misfits import unfit
from harness.plan.needs import applies
from harness.plan.scenario import Expectation, Job, Scenario, Twist
from harness.plan.system import Setting, System
from harness.plan.words import words

__all__ = [
    "Control",
    "Controls",
    "Expectation",
    "Job",
    "Misbehaviour",
    "Scenario",
    "Setting",
    "System",
    "Twist",
    "applies",
    "control_catalogue",
    "kind_of",
    "load_scenario",
    "load_scenarios",
    "load_system",
    "misbehaviour_catalogue",
    "scenario_files",
    "system_of",
    "unfit",
    "words",
]
