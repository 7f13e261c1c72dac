"""The requirement language: a stakeholder's YAML file as rules over events. Imports load and trace only.

    source = read_requirements("requirements.yaml")       # its shape; source.system is the system file as written
    found = compile_requirements(source, words)           # every word looked up; raises ProblemList with all mistakes
    found["R4"].rules                                      # compiled, for the judge

`words` (`Words`) are the names that the system declares, by class. `load_requirements(path, words)` does both steps.
"""

from harness.requirements.load import (
    RequirementSet,
    Source,
    compile_requirements,
    load_requirements,
    read_requirements,
    source_of,
    vocabulary_of,
)
from harness.requirements.meant import looks_like_requirements
from harness.requirements.rules import Clause, Requirement, Rule, Story, Waiver
from harness.requirements.values import duration_ms, duration_spoken, duration_text
from harness.requirements.words import Words

__all__ = [
    "Clause",
    "Requirement",
    "RequirementSet",
    "Rule",
    "Source",
    "Story",
    "Waiver",
    "Words",
    "compile_requirements",
    "duration_ms",
    "duration_spoken",
    "duration_text",
    "load_requirements",
    "looks_like_requirements",
    "read_requirements",
    "source_of",
    "vocabulary_of",
]
