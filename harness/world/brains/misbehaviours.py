"""Which brain runs a task: the honest one, or the twist that its job names, by the id in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.plan.steps import step_twist_name
from harness.world.brains import (
    after_denial,
    after_departure,
    approval_tricks,
    borrowed_time,
    delegation,
    disclosure,
    false_fronts,
    foreign_data,
    forged,
    off_the_list,
    persistent,
    poisoned,
    steady,
    steps,
)
from harness.world.brains.honest import Plan
from harness.world.brains.view import View

BRAINS: Mapping[str, Callable[[View], Plan]] = {
    "T01": foreign_data.other_record,
    "T02": foreign_data.injected_instruction,
    "T03": off_the_list.admin_endpoint,
    "T04": off_the_list.more_scope,
    "T03/around": off_the_list.around_the_gateway,
    "T04/refresh": off_the_list.more_audience,
    "T05": off_the_list.more_scope,
    "T06": off_the_list.direct_call,
    "T07": off_the_list.passed_through,
    "T09": off_the_list.hidden_agent,
    "T10": delegation.spliced,
    "T11": delegation.widened,
    "T11/record": delegation.widened,
    "T12": after_departure.launders_lifetime,
    "T13": after_departure.after_logout,
    "T14": after_departure.keeps_working,
    "T15": after_departure.keeps_offline,
    "T16": after_departure.keeps_offline,
    "T17": borrowed_time.claims_presence,
    "T16/after_the_end": after_departure.after_the_end,
    "T18": disclosure.no_consent,
    "T19": disclosure.other_provider,
    "T20": disclosure.after_withdrawal,
    "T21": disclosure.over_collection,
    "T22": poisoned.smuggled,
    "T23": off_the_list.found_credential,
    "T25": approval_tricks.no_approval,
    "T26": approval_tricks.other_parameters,
    "T27": approval_tricks.rides_along,
    "T28": approval_tricks.replayed,
    "T29": approval_tricks.held_back,
    "T30": approval_tricks.foreign_approval,
    "T31": approval_tricks.false_text,
    "T32": approval_tricks.bombing,
    "T33": approval_tricks.answers_itself,
    "T34": persistent.confirmed_by_another,
    "T35": persistent.small_sums,
    "T36": poisoned.description,
    "T36/record": poisoned.description,
    "T36/payment": poisoned.description,
    "T38": poisoned.answer,
    "T38/record": poisoned.answer,
    "T38/payment": poisoned.answer,
    "T38/flow": disclosure.toxic_flow,
    "T39": foreign_data.foreign_memory,
    "T40": foreign_data.foreign_handle,
    "T41": foreign_data.foreign_token,
    "T42": persistent.retries,
    "T44": after_denial.old_tokens,
    "T45": after_denial.derived_tokens,
    "T46": after_denial.new_tokens,
    "T47": after_denial.registers_again,
    "T48": after_denial.shared_client,
    "T49": borrowed_time.stretches_leeway,
    "T50": forged.wrong_kind,
    "T51": forged.forged,
    "T52": forged.own_token,
    "T53": false_fronts.header_and_body,
    "T54": false_fronts.new_document,
    "T55": delegation.assertion_at_home,
    "T57": false_fronts.follows_metadata,
}


def brain_for(view: View) -> Plan:
    """The brain of a task: a variant of a misbehaviour goes by `id/variant`."""
    twist = view.job.twist
    if twist is None:
        return steady.brain_for(view)
    if step_twist_name(twist.id) is not None:
        return steps.about_a_step(view)
    return BRAINS[twist.id if twist.variant is None else f"{twist.id}/{twist.variant}"](view)
