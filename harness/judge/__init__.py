"""Judges traces against requirements, and sees nothing else: no token, no control, no guard's opinion.

Judge(requirements, vocabulary).judge(trace)    # {requirement id: RunVerdict}; compile once, judge many traces
combine(run_verdicts, waiver=..., today=...)    # Verdict over runs: held, violated, not_challenged, error
failed_run(requirements, "what went wrong")     # the verdicts of a run that failed
monitor(rule, vocabulary)                       # one rule: new_state, step, would_violate, deadlines, canon
benign(trace)                                   # what it cost honest work
"""

from harness.judge.benign import Benign, benign
from harness.judge.judging import Judge, judge, monitor
from harness.judge.monitor import Monitor, State, Violation
from harness.judge.stories import violates, wrong_stories
from harness.judge.verdicts import Broken, Outcome, Reason, RunVerdict, Verdict, combine, failed_run, stale_waiver

__all__ = [
    "Benign",
    "Broken",
    "Judge",
    "Monitor",
    "Outcome",
    "Reason",
    "RunVerdict",
    "State",
    "Verdict",
    "Violation",
    "benign",
    "combine",
    "failed_run",
    "judge",
    "monitor",
    "stale_waiver",
    "violates",
    "wrong_stories",
]
