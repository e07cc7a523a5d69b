//! Hasura's behaviour cases, each played by a test of its name: that of its file in
//! tests/fixtures/engine/cases and its own.
//!
//! The cases were collected from the engine's own tests and source, with where each comes from; those of
//! the files `more_*` are of the same kinds and were added here.

mod case;
mod directory;
mod run;

macro_rules! cases {
    ($($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                run::play(stringify!($name)).await;
            }
        )*

        const TESTED: &[&str] = &[$(stringify!($name)),*];
    };
}

#[test]
fn every_case_has_a_test_and_every_test_a_case() {
    let mut tested = TESTED.to_vec();
    tested.sort_unstable();
    let all = case::all();
    assert_eq!(tested, all.keys().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn the_cases_that_are_kept_out_are_in_the_document() {
    let document = crate::repository::read("docs/local-engine.md");
    let all = case::all();
    let kept_out: Vec<&String> = all
        .keys()
        .filter(|name| name.starts_with("action_async_"))
        .collect();
    assert_eq!(kept_out.len(), 5);
    for name in kept_out {
        assert!(document.contains(&format!("`{name}`")), "{name}");
    }
}

cases! {
    action_async_mutation_returns_uuid
    action_async_poll_query
    action_async_handler_error_is_stored
    action_async_only_the_starter_sees_it
    action_async_internal_in_stored_errors_only_for_admin
    action_bad_success_body_list_expected_got_object
    action_bad_success_body_object_expected_got_array
    action_bad_success_body_object_expected_got_string
    action_bad_success_body_object_expected_got_number
    action_bad_success_body_object_expected_got_boolean
    action_bad_success_body_scalar_expected_got_object
    action_bad_success_body_int_array_expected_got_strings
    action_bad_success_body_nonnull_array_item_null
    action_bad_success_body_nonnull_field_null
    action_bad_success_body_scalar_types_inside_object_not_checked
    action_bad_success_body_non_json_body_2xx
    action_bad_success_body_empty_body_204
    action_errors_4xx_toplevel_code
    action_errors_4xx_toplevel_code_real_action
    action_errors_4xx_extensions_with_code
    action_errors_4xx_extensions_without_code
    action_errors_4xx_toplevel_code_and_extensions_without_code
    action_errors_4xx_never_gets_internal
    action_errors_4xx_without_message
    action_errors_4xx_non_json
    action_errors_3xx_not_followed_to_a_2xx
    action_errors_handler_unreachable
    action_errors_handler_timeout
    action_success_object_ok
    action_success_extra_fields_ignored
    action_success_nullable_output_null_body
    action_success_nested_null_passes_through
    action_success_scalar_output
    action_success_scalar_array_output_nullable_items
    action_success_pg_json_scalar_output_without_subselection
    action_success_list_output
    action_success_set_cookie_forwarded
    action_success_user_agent_header_to_handler
    auth_admin_secret_no_secret_configured_no_header
    auth_admin_secret_no_secret_configured_role_header
    auth_admin_secret_secret_ok
    auth_admin_secret_secret_wrong
    auth_admin_secret_secret_missing_no_unauth_role
    auth_admin_secret_secret_missing_unauth_role
    auth_admin_secret_unauth_role_session_vars_come_from_headers
    auth_admin_secret_startup_jwt_without_secret
    auth_admin_secret_startup_hook_without_secret
    auth_admin_secret_startup_hook_and_unauth_role
    auth_jwt_default_role_used
    auth_jwt_role_header_used
    auth_jwt_role_not_allowed
    auth_jwt_no_allowed_roles
    auth_jwt_allowed_roles_is_a_string
    auth_jwt_no_default_role
    auth_jwt_claim_is_a_number
    auth_jwt_claim_is_an_array
    auth_jwt_namespace_path_missing
    auth_jwt_bad_signature
    auth_jwt_not_a_jwt
    auth_jwt_no_header_unauth_role
    auth_jwt_wrong_audience
    auth_jwt_wrong_issuer
    auth_jwt_issuer_in_token_not_in_config
    auth_jwt_audience_in_token_not_in_config
    auth_jwt_admin_secret_beats_jwt
    auth_jwt_session_variables_seen_by_actions
    auth_jwt_key_too_short
    auth_jwt_jwks_unreachable_at_start
    auth_webhook_hook_role_wins
    auth_webhook_secret_skips_hook
    auth_webhook_hook_other_status
    auth_webhook_post_body
    auth_webhook_post_body_with_variables
    auth_webhook_post_invalid_client_body
    auth_webhook_post_without_request
    auth_webhook_get_headers
    auth_webhook_set_cookie_forwarded
    auth_webhook_ws_closed_on_expires
    graphql_role_lacks_mutation_field
    graphql_role_has_no_mutation_at_all
    graphql_role_has_no_query
    graphql_role_lacks_column
    graphql_missing_session_variable
    graphql_missing_required_argument
    graphql_unknown_argument
    graphql_unknown_input_object_field
    graphql_subselection_on_scalar
    graphql_object_without_subselection
    graphql_variable_missing
    graphql_variable_type_too_weak
    graphql_variable_unbound
    graphql_subscription_over_http
    graphql_body_not_json
    graphql_healthz_ok
    graphql_healthz_inconsistent
    graphql_unknown_path
    graphql_api_disabled
    metadata_header_env_prefix_forbidden
    metadata_unknown_scalar_in_custom_type
    metadata_handler_env_missing
    metadata_action_in_yaml_not_in_sdl
    metadata_cli_build_merge
    metadata_inherited_role_gets_action
    more_actions_int_output_str_refused
    more_actions_int_output_str_right
    more_actions_float_output_bool_refused
    more_actions_float_output_bool_right
    more_actions_boolean_output_str_refused
    more_actions_boolean_output_str_right
    more_actions_id_output_int_refused
    more_actions_id_output_int_right
    more_actions_string_output_int_refused
    more_actions_string_output_int_right
    more_actions_string_output_bool_refused
    more_actions_string_output_bool_right
    more_actions_boolean_output_int_refused
    more_actions_boolean_output_int_right
    more_actions_scalar_output_got_array
    more_actions_scalar_output_nonnull_got_null
    more_actions_list_output_null
    more_actions_list_output_nonnull_got_null
    more_actions_list_output_empty
    more_actions_list_of_lists
    more_actions_list_of_lists_got_list
    more_actions_list_item_null_allowed
    more_actions_list_item_field_missing
    more_actions_list_item_is_text
    more_actions_field_missing_though_not_selected
    more_actions_nullable_field_left_out
    more_actions_object_nonnull_got_null
    more_actions_declared_scalar_takes_anything
    more_actions_declared_scalar_nonnull_null
    more_actions_database_scalar_takes_anything
    more_actions_status_201
    more_actions_status_299
    more_actions_message_only
    more_actions_code_null
    more_actions_both_codes
    more_actions_extensions_empty
    more_actions_extra_keys_of_an_error
    more_actions_status_401
    more_actions_status_500
    more_actions_status_502
    more_actions_status_503
    more_actions_status_500_not_json
    more_actions_redirect
    more_actions_inputs_of_every_form
    more_jwt_allowed_roles_is_number
    more_jwt_default_role_is_number
    more_jwt_claim_is_boolean
    more_jwt_allowed_roles_is_boolean
    more_jwt_default_role_is_boolean
    more_jwt_claim_is_null
    more_jwt_allowed_roles_is_null
    more_jwt_default_role_is_null
    more_jwt_claim_is_object
    more_jwt_allowed_roles_is_object
    more_jwt_default_role_is_object
    more_jwt_default_role_is_array
    more_jwt_allowed_roles_holds_a_number
    more_jwt_allowed_roles_is_empty
    more_jwt_default_role_not_allowed_and_unasked
    more_jwt_default_role_not_allowed_and_another_asked
    more_jwt_claim_names_in_any_case
    more_jwt_claims_that_are_not_hasuras_are_dropped
    more_jwt_expired
    more_jwt_expired_within_skew
    more_jwt_expired_beyond_skew
    more_jwt_not_yet_valid
    more_jwt_not_yet_valid_within_skew
    more_jwt_issued_in_the_future
    more_jwt_issued_in_the_future_within_skew
    more_jwt_audience_in_list
    more_jwt_audiences_of_the_token
    more_jwt_audience_of_neither
    more_jwt_audience_missing
    more_jwt_issuer_right
    more_jwt_issuer_missing
    more_jwt_no_header
    more_jwt_header_is_basic
    more_jwt_header_is_bare
    more_jwt_header_is_lower
    more_jwt_header_is_three_words
    more_jwt_malformed_header_is_not_a_guest
    more_jwt_bad_token_is_not_a_guest
    more_jwt_guest_keeps_the_role_it_is_given
    more_jwt_two_parts
    more_jwt_custom_header_missing
    more_jwt_namespace_missing
    more_jwt_namespace_of_our_own
    more_jwt_namespace_path_to_the_root
    more_jwt_namespace_path_with_brackets
    more_jwt_stringified_claims
    more_jwt_stringified_claims_expected
    more_jwt_json_claims_expected
    more_jwt_claims_map
    more_jwt_claims_map_path_missing
    more_jwt_claims_map_default
    more_start_key_too_short_hs256
    more_start_key_too_short_hs384
    more_start_key_too_short_hs512
    more_start_key_and_jwk_url
    more_start_neither_key_nor_jwk_url
    more_start_jwt_secret_is_not_json
    more_start_algorithm_unknown
    more_start_hook_and_jwt
    more_start_unauthorized_role_without_secret
    more_start_unknown_setting
    more_start_action_request_transform
    more_start_action_response_transform
    more_start_action_kind_unknown
    more_start_argument_default
    more_start_header_without_value
    more_start_argument_type_unknown
    more_start_argument_type_is_an_object
    more_start_output_type_unknown
    more_start_output_type_is_an_enum
    more_start_output_type_is_an_input
    more_start_header_variable_missing
    more_start_two_variables_missing
    more_start_input_field_type_unknown
    more_webhook_status_201
    more_webhook_status_204
    more_webhook_status_302
    more_webhook_status_400
    more_webhook_status_404
    more_webhook_status_500
    more_webhook_status_401
    more_webhook_value_is_number
    more_webhook_value_is_boolean
    more_webhook_value_is_null
    more_webhook_value_is_array
    more_webhook_value_is_object
    more_webhook_body_is_array
    more_webhook_body_is_not_json
    more_webhook_no_role
    more_webhook_names_in_any_case
    more_webhook_client_variables_are_not_taken
    more_webhook_wrong_secret_asks_no_hook
    more_webhook_post_batch
    tables_by_pk_found
    tables_by_pk_missing
    tables_no_rows
    tables_aggregate
}
