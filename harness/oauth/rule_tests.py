"""Which tests stand behind each protocol rule. Written by the tests (`tests/oauth/rulebook.py`), and kept true by one.

`python -m tests.oauth.rulebook` writes it again.
"""

from __future__ import annotations

from collections.abc import Mapping

TESTS: Mapping[str, tuple[str, ...]] = {
    "P-001": (
        "tests/oauth/test_rules_core.py::test_errors_of_the_token_endpoint",
        "tests/oauth/test_rules_core.py::test_a_form_is_read_strictly",
        "tests/oauth/test_rules_core.py::test_a_client_is_who_its_certificate_says",
        "tests/oauth/test_rules_core.py::test_the_client_takes_an_error_for_an_error",
    ),
    "P-002": (
        "tests/oauth/test_rules_core.py::test_a_code_is_its_clients_own",
    ),
    "P-003": (
        "tests/oauth/test_rules_core.py::test_a_code_is_redeemed_once_and_a_replay_revokes",
    ),
    "P-004": (
        "tests/oauth/test_rules_core.py::test_a_code_lives_a_minute",
    ),
    "P-005": (
        "tests/oauth/test_rules_core.py::test_a_bad_redirect_uri_is_never_followed",
    ),
    "P-006": (
        "tests/oauth/test_rules_core.py::test_pkce_is_needed_and_must_fit",
    ),
    "P-007": (
        "tests/oauth/test_rules_core.py::test_no_implicit_no_password_no_token_in_a_query",
    ),
    "P-008": (
        "tests/oauth/test_rules_core.py::test_refreshing_stays_within_the_grant",
        "tests/oauth/test_rules_core.py::test_a_rotated_token_used_again_ends_the_family",
        "tests/oauth/test_rules_core.py::test_a_refresh_token_of_a_revoked_grant_is_dead",
    ),
    "P-009": (
        "tests/oauth/test_rules_core.py::test_agents_get_no_offline_access",
        "tests/oauth/test_rules_core.py::test_refreshing_needs_a_session_that_a_human_uses",
        "tests/oauth/test_rules_core.py::test_refresh_tokens_expire_in_the_end",
    ),
    "P-010": (
        "tests/oauth/test_rules_core.py::test_without_credentials_the_challenge_has_no_error",
    ),
    "P-011": (
        "tests/oauth/test_rules_core.py::test_an_expired_token_is_invalid",
    ),
    "P-012": (
        "tests/oauth/test_rules_core.py::test_a_missing_scope_is_a_403_that_names_it",
    ),
    "P-013": (
        "tests/oauth/test_rules_core.py::test_a_token_is_sent_in_one_way",
    ),
    "P-014": (
        "tests/oauth/test_rules_core.py::test_a_record_of_somebody_else_is_not_found",
        "tests/oauth/test_rules_core.py::test_attributes_in_the_claims_decide",
    ),
    "P-015": (
        "tests/oauth/test_rules_core.py::test_lifetimes_are_a_setting",
    ),
    "P-016": (
        "tests/oauth/test_rules_core.py::test_a_client_assertion_is_fresh_and_its_clients",
    ),
    "P-017": (
        "tests/oauth/test_rules_exchange.py::test_a_bad_assertion_is_an_invalid_grant",
    ),
    "P-018": (
        "tests/oauth/test_rules_core.py::test_one_client_authentication_at_a_time",
    ),
    "P-019": (
        "tests/oauth/test_rules_core.py::test_a_clients_own_token_stands_for_no_person",
    ),
    "P-020": (
        "tests/oauth/test_rules_core.py::test_the_client_compares_the_issuer_first",
    ),
    "P-021": (
        "tests/oauth/test_rules_core.py::test_metadata_is_of_the_issuer_that_was_asked",
    ),
    "P-022": (
        "tests/oauth/test_rules_core.py::test_registration_is_open_only_where_the_policy_says_so",
        "tests/oauth/test_rules_core.py::test_an_allow_list_admits_known_publishers",
    ),
    "P-023": (
        "tests/oauth/test_rules_core.py::test_a_metadata_document_describes_its_url",
    ),
    "P-024": (
        "tests/oauth/test_rules_core.py::test_a_metadata_document_carries_no_secret",
    ),
    "P-025": (
        "tests/oauth/test_rules_core.py::test_a_changed_document_asks_again",
    ),
    "P-026": (
        "tests/oauth/test_rules_core.py::test_a_consent_covers_client_provider_purpose_and_categories",
        "tests/oauth/test_rules_core.py::test_consent_can_be_coarser_by_setting",
    ),
    "P-030": (
        "tests/oauth/test_rules_tokens.py::test_an_access_token_is_typed_and_complete",
    ),
    "P-031": (
        "tests/oauth/test_rules_tokens.py::test_issuer_and_audience_are_compared_exactly",
    ),
    "P-032": (
        "tests/oauth/test_rules_tokens.py::test_acr_stays_as_it_was",
    ),
    "P-033": (
        "tests/oauth/test_rules_tokens.py::test_without_a_target_there_is_one_default_or_none",
    ),
    "P-034": (
        "tests/oauth/test_rules_tokens.py::test_every_scope_means_something_everywhere",
    ),
    "P-035": (
        "tests/oauth/test_rules_tokens.py::test_a_client_needs_to_see_nothing_in_its_token",
    ),
    "P-036": (
        "tests/oauth/test_rules_tokens.py::test_algorithm_key_and_signature_fit",
    ),
    "P-037": (
        "tests/oauth/test_rules_tokens.py::test_a_token_of_the_future_waits_for_the_leeway",
    ),
    "P-038": (
        "tests/oauth/test_rules_tokens.py::test_only_resource_servers_introspect",
    ),
    "P-039": (
        "tests/oauth/test_rules_tokens.py::test_an_inactive_token_is_not_described",
        "tests/oauth/test_rules_tokens.py::test_what_a_token_stands_on_makes_it_inactive",
    ),
    "P-040": (
        "tests/oauth/test_rules_tokens.py::test_a_cached_answer_ends_with_its_token",
        "tests/oauth/test_rules_tokens.py::test_a_silent_server_fails_closed_or_open",
    ),
    "P-041": (
        "tests/oauth/test_rules_tokens.py::test_introspection_means_what_the_claims_mean",
    ),
    "P-042": (
        "tests/oauth/test_rules_tokens.py::test_a_client_revokes_its_own_tokens",
    ),
    "P-043": (
        "tests/oauth/test_rules_tokens.py::test_access_tokens_fall_with_their_refresh_token",
    ),
    "P-044": (
        "tests/oauth/test_rules_tokens.py::test_an_enforcement_point_goes_on_until_the_signal_arrives",
    ),
    "P-045": (
        "tests/oauth/test_rules_tokens.py::test_a_jwt_outlives_its_revocation_where_nothing_is_added",
    ),
    "P-046": (
        "tests/oauth/test_rules_tokens.py::test_global_revocation_ends_everything_of_a_person",
    ),
    "P-050": (
        "tests/oauth/test_rules_exchange.py::test_an_exchange_names_its_tokens_and_types",
    ),
    "P-051": (
        "tests/oauth/test_rules_exchange.py::test_an_unacceptable_subject_token_is_an_invalid_request",
        "tests/oauth/test_rules_exchange.py::test_an_actor_token_speaks_of_its_client",
    ),
    "P-052": (
        "tests/oauth/test_rules_exchange.py::test_a_refused_target_is_an_invalid_target",
    ),
    "P-053": (
        "tests/oauth/test_rules_exchange.py::test_an_exchange_never_widens_scope",
        "tests/oauth/test_rules_exchange.py::test_strengths_of_the_scope_policy",
        "tests/oauth/test_rules_exchange.py::test_an_assertion_for_another_domain_never_widens_scope",
    ),
    "P-054": (
        "tests/oauth/test_rules_exchange.py::test_the_response_says_what_was_issued",
    ),
    "P-055": (
        "tests/oauth/test_rules_exchange.py::test_an_agent_is_visible_or_is_refused",
    ),
    "P-056": (
        "tests/oauth/test_rules_exchange.py::test_access_is_decided_on_the_current_actor",
    ),
    "P-057": (
        "tests/oauth/test_rules_exchange.py::test_only_who_was_named_may_act",
    ),
    "P-058": (
        "tests/oauth/test_rules_exchange.py::test_derived_tokens_survive_unless_lineage_is_kept",
        "tests/oauth/test_rules_exchange.py::test_tokens_that_hide_the_agent_are_named_one_by_one",
    ),
    "P-059": (
        "tests/oauth/test_rules_exchange.py::test_public_clients_do_not_exchange",
    ),
    "P-060": (
        "tests/oauth/test_rules_exchange.py::test_an_assertion_is_for_a_trusted_server",
    ),
    "P-061": (
        "tests/oauth/test_rules_exchange.py::test_the_other_domain_checks_audience_and_subject",
    ),
    "P-062": (
        "tests/oauth/test_rules_exchange.py::test_the_other_domain_gives_no_refresh_token",
    ),
    "P-063": (
        "tests/oauth/test_rules_exchange.py::test_an_assertion_is_short_lived_and_used_once",
    ),
    "P-064": (
        "tests/oauth/test_rules_exchange.py::test_an_assertion_is_typed_and_complete",
    ),
    "P-065": (
        "tests/oauth/test_rules_exchange.py::test_an_assertion_names_the_client_that_presents_it",
    ),
    "P-066": (
        "tests/oauth/test_rules_exchange.py::test_an_assertion_starts_from_a_token_of_the_caller",
    ),
    "P-067": (
        "tests/oauth/test_rules_exchange.py::test_an_assertion_is_for_the_next_domain_alone",
    ),
    "P-068": (
        "tests/oauth/test_rules_exchange.py::test_step_up_during_an_exchange_is_a_400",
    ),
    "P-069": (
        "tests/oauth/test_rules_exchange.py::test_a_bound_assertion_needs_its_key",
    ),
    "P-070": (
        "tests/oauth/test_rules_exchange.py::test_enterprise_managed_authorization_names_audience_and_resource",
    ),
    "P-071": (
        "tests/oauth/test_rules_exchange.py::test_a_transaction_token_is_in_its_own_header",
    ),
    "P-072": (
        "tests/oauth/test_rules_exchange.py::test_a_transaction_token_is_no_wider_than_its_subject",
    ),
    "P-073": (
        "tests/oauth/test_rules_exchange.py::test_a_replacement_changes_nothing_that_matters",
        "tests/oauth/test_rules_stepup.py::test_an_approval_is_used_once_at_the_api",
    ),
    "P-074": (
        "tests/oauth/test_rules_exchange.py::test_a_transaction_token_shows_the_agent",
    ),
    "P-076": (
        "tests/oauth/test_rules_exchange.py::test_the_actor_is_the_agent_not_the_client_id",
    ),
    "P-077": (
        "tests/oauth/test_rules_exchange.py::test_the_actor_is_the_agent_not_the_client_id",
    ),
    "P-078": (
        "tests/oauth/test_rules_stepup.py::test_only_the_persons_own_strong_answer_counts",
    ),
    "P-079": (
        "tests/oauth/test_rules_core.py::test_a_denied_agent_cannot_register_again",
        "tests/oauth/test_rules_core.py::test_a_denied_agent_has_no_document",
        "tests/oauth/test_rules_exchange.py::test_a_disabled_principal_gets_nothing_on_any_path",
        "tests/oauth/test_rules_exchange.py::test_a_disabled_person_cannot_log_in",
        "tests/oauth/test_rules_exchange.py::test_another_domain_hears_of_a_denial",
        "tests/oauth/test_rules_exchange.py::test_an_enforcement_point_refuses_what_was_denied",
    ),
    "P-080": (
        "tests/oauth/test_rules_exchange.py::test_a_decision_leaves_a_record",
    ),
    "P-090": (
        "tests/oauth/test_rules_sender.py::test_a_certificate_bound_token_needs_its_certificate",
    ),
    "P-091": (
        "tests/oauth/test_rules_sender.py::test_every_check_of_a_proof",
        "tests/oauth/test_rules_sender.py::test_a_bad_proof_is_answered_by_server_and_api_in_their_ways",
    ),
    "P-092": (
        "tests/oauth/test_rules_sender.py::test_the_proof_is_by_the_key_in_the_token",
        "tests/oauth/test_rules_sender.py::test_codes_and_refresh_tokens_stay_with_their_key",
    ),
    "P-093": (
        "tests/oauth/test_rules_sender.py::test_a_server_may_demand_its_nonce",
    ),
    "P-094": (
        "tests/oauth/test_rules_sender.py::test_a_dpop_bound_token_is_no_bearer_token",
    ),
    "P-095": (
        "tests/oauth/test_rules_sender.py::test_a_proof_is_used_once",
    ),
    "P-096": (
        "tests/oauth/test_rules_sender.py::test_a_resource_is_a_known_absolute_uri",
    ),
    "P-097": (
        "tests/oauth/test_rules_sender.py::test_a_server_may_demand_a_resource",
    ),
    "P-098": (
        "tests/oauth/test_rules_sender.py::test_a_pushed_request_is_used_once_in_time_by_its_client",
    ),
    "P-099": (
        "tests/oauth/test_rules_sender.py::test_only_what_is_inside_a_signed_request_counts",
    ),
    "P-100": (
        "tests/oauth/test_rules_sender.py::test_authorization_details_are_of_a_known_type_and_shape",
    ),
    "P-101": (
        "tests/oauth/test_rules_exchange.py::test_a_grant_is_a_ceiling",
        "tests/oauth/test_rules_sender.py::test_an_exchange_stays_within_the_granted_details",
        "tests/oauth/test_rules_sender.py::test_with_the_ceiling_no_exchange_exceeds_the_grant",
    ),
    "P-102": (
        "tests/oauth/test_rules_sender.py::test_an_api_compares_every_field_of_the_operation",
        "tests/oauth/test_rules_sender.py::test_an_egress_compares_the_disclosure",
    ),
    "P-103": (
        "tests/oauth/test_rules_sender.py::test_pushed_details_cannot_be_changed_on_the_way",
    ),
    "P-110": (
        "tests/oauth/test_rules_stepup.py::test_an_api_asks_for_stronger_or_fresher_authentication",
        "tests/oauth/test_rules_stepup.py::test_an_approval_ages_at_the_api",
        "tests/oauth/test_rules_stepup.py::test_only_the_persons_own_strong_answer_counts",
    ),
    "P-111": (
        "tests/oauth/test_rules_stepup.py::test_an_unmet_acr_ends_the_request",
    ),
    "P-112": (
        "tests/oauth/test_rules_stepup.py::test_a_person_is_asked_only_so_often",
    ),
    "P-113": (
        "tests/oauth/test_rules_stepup.py::test_a_client_keeps_elevated_tokens_for_the_calls_that_need_them",
    ),
    "P-114": (
        "tests/oauth/test_rules_stepup.py::test_errors_of_a_backchannel_request",
    ),
    "P-115": (
        "tests/oauth/test_rules_stepup.py::test_polling_waits_slows_down_and_ends",
        "tests/oauth/test_rules_stepup.py::test_an_approval_gives_one_token_in_time",
        "tests/oauth/test_rules_stepup.py::test_a_question_is_answered_once_and_in_time",
    ),
    "P-116": (
        "tests/oauth/test_rules_stepup.py::test_a_binding_message_is_short_and_plain",
    ),
    "P-117": (
        "tests/oauth/test_rules_stepup.py::test_a_user_code_stops_prompts_that_nobody_asked_for",
    ),
    "P-118": (
        "tests/oauth/test_rules_stepup.py::test_a_logout_token_is_one",
        "tests/oauth/test_rules_stepup.py::test_the_end_of_a_session_spares_offline_access",
    ),
    "P-119": (
        "tests/oauth/test_rules_stepup.py::test_a_security_event_token_is_typed_and_addressed",
    ),
    "P-120": (
        "tests/oauth/test_rules_stepup.py::test_the_end_of_a_session_is_enforced",
    ),
    "P-121": (
        "tests/oauth/test_rules_stepup.py::test_presence_signals_are_read_and_deny_nothing",
    ),
    "P-122": (
        "tests/oauth/test_rules_stepup.py::test_a_pushed_signal_is_answered",
    ),
    "P-130": (
        "tests/oauth/test_rules_mcp.py::test_resource_metadata_is_of_the_resource_that_was_asked",
    ),
    "P-131": (
        "tests/oauth/test_rules_mcp.py::test_challenges_name_the_metadata_with_any_scheme",
    ),
    "P-132": (
        "tests/oauth/test_rules_mcp.py::test_the_oldest_revision_has_its_own_server",
    ),
    "P-133": (
        "tests/oauth/test_rules_mcp.py::test_a_server_says_where_its_metadata_is",
    ),
    "P-134": (
        "tests/oauth/test_rules_mcp.py::test_pkce_is_verified_and_a_missing_scope_is_named",
    ),
    "P-135": (
        "tests/oauth/test_rules_stepup.py::test_scopes_add_up_and_retries_end",
        "tests/oauth/test_rules_mcp.py::test_the_current_revision_keeps_no_session",
    ),
    "P-136": (
        "tests/oauth/test_rules_mcp.py::test_a_received_token_is_never_passed_on",
    ),
    "P-137": (
        "tests/oauth/test_rules_mcp.py::test_headers_say_what_the_body_says",
    ),
    "P-138": (
        "tests/oauth/test_rules_mcp.py::test_a_foreign_origin_is_refused",
    ),
    "P-139": (
        "tests/oauth/test_rules_mcp.py::test_a_state_handle_works_for_its_person_alone",
    ),
    "P-140": (
        "tests/oauth/test_rules_mcp.py::test_a_proxy_asks_for_consent_per_client",
        "tests/oauth/test_rules_mcp.py::test_the_server_shows_a_screen_per_client",
    ),
    "P-141": (
        "tests/oauth/test_rules_mcp.py::test_elicitation_asks_for_no_secret",
    ),
    "P-142": (
        "tests/oauth/test_rules_mcp.py::test_tools_validate_their_arguments_and_their_rate",
    ),
    "P-144": (
        "tests/oauth/test_rules_a2a.py::test_every_operation_is_authenticated_before_anything_is_looked_up",
    ),
    "P-145": (
        "tests/oauth/test_rules_a2a.py::test_a_foreign_task_and_an_absent_one_look_the_same",
    ),
    "P-146": (
        "tests/oauth/test_rules_a2a.py::test_identity_in_the_payload_counts_for_nothing",
    ),
    "P-147": (
        "tests/oauth/test_rules_a2a.py::test_the_extended_card_is_for_authenticated_callers",
    ),
    "P-148": (
        "tests/oauth/test_rules_a2a.py::test_a_task_waits_for_authorization_and_goes_on",
    ),
    "P-149": (
        "tests/oauth/test_rules_a2a.py::test_a_change_of_state_authorizes_no_operation",
    ),
    "P-150": (
        "tests/oauth/test_rules_a2a.py::test_an_in_band_credential_is_bound_to_the_agent",
    ),
    "P-151": (
        "tests/oauth/test_rules_a2a.py::test_results_go_where_the_owner_says",
        "tests/oauth/test_rules_a2a.py::test_a_receiver_drops_what_is_not_authentic",
    ),
}
