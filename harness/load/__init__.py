"""Reads YAML files: plain values and models, each with its place, and every mistake of a file at once.

    loaded = load_model("scenarios/systems/insurance.yaml", System)      # raises ProblemList
    loaded.model                                                          # the System
    loaded.document.value                                                 # the plain values
    loaded.document.at("apis", "mcp", "kind")                             # (line, column) of a value, from 1
    loaded.document.at_key("apis", "mcp")                                 # of a key
    problem = loaded.document.problem("unknown api `mpc`", "agents", 0, "calls", suggestion="did you mean `mcp`?")
    raise ProblemList([problem, ...])                                     # sorted, printed one line each

`read_document(path)` gives the values without a model; `validate(document, Model, *key_path)` checks one part;
`did_you_mean(word, known)` makes the suggestion. Keys of a path are text for mappings, numbers for lists.
Imports nothing of the harness.
"""

from harness.load.document import Document, Key, Mark, documents_kept, read_document
from harness.load.foreign import read_foreign
from harness.load.models import Loaded, load_model, model_problems, shown, validate
from harness.load.problems import Problem, ProblemList, did_you_mean, nearest

__all__ = [
    "Document",
    "Key",
    "Loaded",
    "Mark",
    "Problem",
    "ProblemList",
    "did_you_mean",
    "documents_kept",
    "load_model",
    "model_problems",
    "nearest",
    "read_document",
    "read_foreign",
    "shown",
    "validate",
]
