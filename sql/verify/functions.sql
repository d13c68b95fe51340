-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:functions on pg

SELECT 'orders_v1.refuse'::regproc;
SELECT 'orders_v1.allow_early_release'::regproc;
SELECT 'orders_v1.is_transient'::regproc;
SELECT 'orders_v1.digits'::regproc;
SELECT 'orders_v1.utc_time'::regproc;
SELECT 'orders_v1.local_time'::regproc;
SELECT 'orders_v1.local_text'::regproc;
SELECT 'orders_v1.span_start'::regproc;
SELECT 'orders_v1.span_end'::regproc;
SELECT 'orders_v1.skip_ids'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.span_start(integer, text, date, timestamptz)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.span_end(integer, text, date, timestamptz)', 'EXECUTE')::integer;
SELECT 'orders_v1.user_id_of'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.user_id_of(integer, text)', 'EXECUTE')::integer;
SELECT 'orders_v1.seller_context'::regproc;
SELECT 'orders_v1.role_in'::regproc;
SELECT 'orders_v1.role_sells'::regproc;
SELECT 'orders_v1.may_sell'::regproc;
SELECT 'orders_v1.sells_for'::regproc;
SELECT 'orders_v1.payable_unit'::regproc;
SELECT 'orders_v1.event_hash'::regproc;
SELECT 'orders_v1.comments_digest'::regproc;
SELECT 'orders_v1.comments_salt'::regproc;
SELECT 'orders_v1.event_types'::regproc;
SELECT 'orders_v1.step_texts'::regproc;
SELECT 'orders_v1.check_steps'::regproc;
SELECT 'orders_v1.extend_event'::regproc;
SELECT 'orders_v1.record_event'::regproc;
SELECT 'orders_v1.next_in_series'::regproc;
SELECT 'orders_v1.order_id_of'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.order_id_of(integer, text)', 'EXECUTE')::integer;
SELECT 'orders_v1.invalid_address_codes'::regproc;
SELECT 'orders_v1.is_package'::regproc;
SELECT 'orders_v1.labels_of'::regproc;
SELECT 'orders_v1.active_user_id'::regproc;
SELECT 'orders_v1.schema_version'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.labels_of(integer, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.active_user_id(integer, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.schema_version()', 'EXECUTE')::integer;
SELECT 'orders_v1.claim_key'::regproc;
SELECT 'orders_v1.replay'::regproc;
SELECT 'orders_v1.store_answer'::regproc;
SELECT 'orders_v1.stored_result'::regproc;
SELECT 'orders_v1.written_order'::regproc;
SELECT 'orders_v1.written_parts'::regproc;
SELECT 'orders_v1.finish_with'::regproc;
SELECT 'orders_v1.finish'::regproc;
SELECT 'orders_v1.record_terminal_transaction'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.record_terminal_transaction(integer, text, text, bigint, text, text, bytea, text, text, bigint, '
    'text, text)', 'EXECUTE')::integer;
SELECT 'orders_v1.token_identity'::regproc;
SELECT 'orders_v1.login_identity'::regproc;
SELECT 'orders_v1.token_of'::regproc;
SELECT 'orders_v1.issue_token'::regproc;
SELECT 'orders_v1.revoke_token'::regproc;
SELECT 'orders_v1.list_tokens'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.token_identity(integer, bytea)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.login_identity(integer, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.issue_token(integer, text, text, bigint, text, text, bytea, bigint, text[], integer, bytea, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.revoke_token(integer, text, text, bigint, text, text, bytea, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.list_tokens(integer, bigint, integer)', 'EXECUTE')::integer;
SELECT 'orders_v1.split_amount'::regproc;
SELECT 'orders_v1.debit_balance'::regproc;
SELECT 'orders_v1.credit_balance'::regproc;
SELECT 'orders_v1.coupon_discount'::regproc;
SELECT 'orders_v1.refuse_coupon'::regproc;
SELECT 'orders_v1.reserve_coupon'::regproc;
SELECT 'orders_v1.release_coupons'::regproc;
SELECT 'orders_v1.put_due'::regproc;
SELECT 'orders_v1.end_due'::regproc;
SELECT 'orders_v1.postpone_due'::regproc;
SELECT 'orders_v1.claim_due'::regproc;
SELECT 'orders_v1.bill_series_at'::regproc;
SELECT 'orders_v1.bill_number'::regproc;
SELECT 'orders_v1.bill_order'::regproc;
SELECT 'orders_v1.bill_orders'::regproc;
SELECT 'orders_v1.issue_bills'::regproc;
SELECT 'orders_v1.tenants_to_bill'::regproc;
SELECT 'orders_v1.tenants_to_reconcile'::regproc;
SELECT 'orders_v1.tenants_with_due'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.issue_bills(integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.tenants_to_bill()', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.tenants_to_reconcile(text, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.tenants_with_due(text, text)', 'EXECUTE')::integer;
SELECT 'orders_v1.take_numbers'::regproc;
SELECT 'orders_v1.document_parties'::regproc;
SELECT 'orders_v1.as_bill'::regproc;
SELECT 'orders_v1.is_goods'::regproc;
SELECT 'orders_v1.net_of'::regproc;
SELECT 'orders_v1.spread_discount'::regproc;
SELECT 'orders_v1.tax_of'::regproc;
SELECT 'orders_v1.tax_shares'::regproc;
SELECT 'orders_v1.sum_lines'::regproc;
SELECT 'orders_v1.random_digits'::regproc;
SELECT 'orders_v1.order_number'::regproc;
SELECT 'orders_v1.unused_order_number'::regproc;
SELECT 'orders_v1.expiry_of'::regproc;
SELECT 'orders_v1.placing_steps'::regproc;
SELECT 'orders_v1.put_taxes'::regproc;
SELECT 'orders_v1.check_payment_choice'::regproc;
SELECT 'orders_v1.put_order'::regproc;
SELECT 'orders_v1.put_redemption'::regproc;
SELECT 'orders_v1.put_payment'::regproc;
SELECT 'orders_v1.check_plan_offer'::regproc;
SELECT 'orders_v1.plan_snapshot'::regproc;
SELECT 'orders_v1.plan_offer_of'::regproc;
SELECT 'orders_v1.plan_head'::regproc;
SELECT 'orders_v1.plan_line'::regproc;
SELECT 'orders_v1.place_plan'::regproc;
SELECT 'orders_v1.awaits_intent'::regproc;
SELECT 'orders_v1.repeated_placing_result'::regproc;
SELECT 'orders_v1.link_key_to_order'::regproc;
SELECT 'orders_v1.placing_result'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.place_plan(integer, text, text, bigint, text, text, bytea, bigint, bigint, bigint, integer, text, text, text, text, integer)', 'EXECUTE')::integer;
SELECT 'orders_v1.line_amount'::regproc;
SELECT 'orders_v1.amount_of_items'::regproc;
SELECT 'orders_v1.items_paid_by'::regproc;
SELECT 'orders_v1.reserve_refund_line'::regproc;
SELECT 'orders_v1.unrefunded'::regproc;
SELECT 'orders_v1.unrefunded_of'::regproc;
SELECT 'orders_v1.refund_unit'::regproc;
SELECT 'orders_v1.amount_of_lines'::regproc;
SELECT 'orders_v1.reserve_refund_lines'::regproc;
SELECT 'orders_v1.split_lines'::regproc;
SELECT 'orders_v1.shares_of_lines'::regproc;
SELECT 'orders_v1.restore_refundable_lines'::regproc;
SELECT 'orders_v1.refunded_quantities'::regproc;
SELECT 'orders_v1.reserve_items'::regproc;
SELECT 'orders_v1.reserve_stock'::regproc;
SELECT 'orders_v1.cancel_refunded_items'::regproc;
SELECT 'orders_v1.record_movement'::regproc;
SELECT 'orders_v1.departure_kind'::regproc;
SELECT 'orders_v1.deduct_missing_items'::regproc;
SELECT 'orders_v1.deduct_items'::regproc;
SELECT 'orders_v1.remember_caller'::regproc;
SELECT 'orders_v1.movement_by_caller'::regproc;
SELECT 'orders_v1.enter_stock'::regproc;
SELECT 'orders_v1.count_items'::regproc;
SELECT 'orders_v1.check_stock_match'::regproc;
SELECT 'orders_v1.check_stock_limit'::regproc;
SELECT 'orders_v1.check_comment'::regproc;
SELECT 'orders_v1.operator_movement'::regproc;
SELECT 'orders_v1.written_stock_of'::regproc;
SELECT 'orders_v1.returned_items'::regproc;
SELECT 'orders_v1.items_to_restock'::regproc;
SELECT 'orders_v1.restock_items'::regproc;
SELECT 'orders_v1.was_restocked'::regproc;
SELECT 'orders_v1.stock_view_of'::regproc;
SELECT 'orders_v1.movement_view_from'::regproc;
SELECT 'orders_v1.movement_view_of'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.count_stock(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.adjust_stock(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.restock_return(integer, text, text, bigint, text, text, bytea, bigint, jsonb, text, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.variant_id_of(integer, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.read_stock(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.list_stock(integer, text, text, text, integer, boolean, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_movements(integer, bigint, integer, bigint)', 'EXECUTE')::integer;
SELECT 'orders_v1.end_reservations'::regproc;
SELECT 'orders_v1.release_stock'::regproc;
SELECT 'orders_v1.ship_stock'::regproc;
SELECT 'orders_v1.period_end'::regproc;
SELECT 'orders_v1.is_active'::regproc;
SELECT 'orders_v1.lock_member'::regproc;
SELECT 'orders_v1.term_of'::regproc;
SELECT 'orders_v1.next_term'::regproc;
SELECT 'orders_v1.grant_term'::regproc;
SELECT 'orders_v1.is_applicable'::regproc;
SELECT 'orders_v1.cannot_grant_package'::regproc;
SELECT 'orders_v1.apply_package'::regproc;
SELECT 'orders_v1.revoke_package'::regproc;
SELECT 'orders_v1.update_package'::regproc;
SELECT 'orders_v1.put_package_order'::regproc;
SELECT 'orders_v1.system_context'::regproc;
SELECT 'orders_v1.acting_as'::regproc;
SELECT 'orders_v1.version_tag'::regproc;
SELECT 'orders_v1.lock_order'::regproc;
SELECT 'orders_v1.last_state'::regproc;
SELECT 'orders_v1.is_shipped_state'::regproc;
SELECT 'orders_v1.is_shipped'::regproc;
SELECT 'orders_v1.is_shippable'::regproc;
SELECT 'orders_v1.awaits_shipping'::regproc;
SELECT 'orders_v1.add_closing_step'::regproc;
SELECT 'orders_v1.settle_stock'::regproc;
SELECT 'orders_v1.move_order'::regproc;
SELECT 'orders_v1.set_return_state'::regproc;
SELECT 'orders_v1.move_return'::regproc;
SELECT 'orders_v1.has_received_money'::regproc;
SELECT 'orders_v1.has_unrefunded_money'::regproc;
SELECT 'orders_v1.is_closed'::regproc;
SELECT 'orders_v1.is_unpaid'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.is_unpaid(text)', 'EXECUTE')::integer;
SELECT 'orders_v1.awaits_payment'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.awaits_payment(text, text)', 'EXECUTE')::integer;
SELECT 'orders_v1.can_expire'::regproc;
SELECT 'orders_v1.is_due'::regproc;
SELECT 'orders_v1.can_be_paid'::regproc;
SELECT 'orders_v1.awaits_buyer'::regproc;
SELECT 'orders_v1.is_open_payment'::regproc;
SELECT 'orders_v1.can_be_captured'::regproc;
SELECT 'orders_v1.expire_at'::regproc;
SELECT 'orders_v1.as_of_now'::regproc;
SELECT 'orders_v1.close_payments'::regproc;
SELECT 'orders_v1.is_capture_outcome_unknown'::regproc;
SELECT 'orders_v1.as_confirming'::regproc;
SELECT 'orders_v1.closing_steps'::regproc;
SELECT 'orders_v1.close_expired'::regproc;
SELECT 'orders_v1.expire_order'::regproc;
SELECT 'orders_v1.record_transaction'::regproc;
SELECT 'orders_v1.is_manual'::regproc;
SELECT 'orders_v1.has_transactions'::regproc;
SELECT 'orders_v1.states_of'::regproc;
SELECT 'orders_v1.state_after_refund'::regproc;
SELECT 'orders_v1.refund_steps'::regproc;
SELECT 'orders_v1.put_refund'::regproc;
SELECT 'orders_v1.create_refunds'::regproc;
SELECT 'orders_v1.check_refundable'::regproc;
SELECT 'orders_v1.refund'::regproc;
SELECT 'orders_v1.reopen_return'::regproc;
SELECT 'orders_v1.leave_refund_to_operator'::regproc;
SELECT 'orders_v1.end_refund'::regproc;
SELECT 'orders_v1.check_manual_settlement'::regproc;
SELECT 'orders_v1.settle_refund'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.refund(integer, text, text, bigint, text, text, bytea, bigint, bigint, jsonb, text, integer, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.settle_refund(integer, text, text, bigint, text, text, bytea, bigint, text, boolean, text, text, text[])', 'EXECUTE')::integer;
SELECT 'orders_v1.read_return_lines'::regproc;
SELECT 'orders_v1.returnable_quantity'::regproc;
SELECT 'orders_v1.same_return'::regproc;
SELECT 'orders_v1.check_returnable'::regproc;
SELECT 'orders_v1.refuse_lines'::regproc;
SELECT 'orders_v1.check_return_lines'::regproc;
SELECT 'orders_v1.count_returned'::regproc;
SELECT 'orders_v1.put_return'::regproc;
SELECT 'orders_v1.request_return'::regproc;
SELECT 'orders_v1.all_items_returned'::regproc;
SELECT 'orders_v1.receive_return'::regproc;
SELECT 'orders_v1.reserve_return_refund'::regproc;
SELECT 'orders_v1.refund_return'::regproc;
SELECT 'orders_v1.state_after_action'::regproc;
SELECT 'orders_v1.check_resolvable'::regproc;
SELECT 'orders_v1.move_return_to'::regproc;
SELECT 'orders_v1.resolve_return'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.request_return(integer, text, text, bigint, text, text, bytea, bigint, bigint, jsonb, text, integer, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.resolve_return(integer, text, text, bigint, text, text, bytea, bigint, text, text, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_returns(integer, text, integer, bigint)', 'EXECUTE')::integer;
SELECT 'orders_v1.capture'::regproc;
SELECT 'orders_v1.mark_captured'::regproc;
SELECT 'orders_v1.capture_late'::regproc;
SELECT 'orders_v1.return_surplus'::regproc;
SELECT 'orders_v1.fail_order'::regproc;
SELECT 'orders_v1.lock_payment'::regproc;
SELECT 'orders_v1.clear_capture_request'::regproc;
SELECT 'orders_v1.check_intent'::regproc;
SELECT 'orders_v1.record_intent'::regproc;
SELECT 'orders_v1.record_intent_failure'::regproc;
SELECT 'orders_v1.manual_payment'::regproc;
SELECT 'orders_v1.refuse_payment'::regproc;
SELECT 'orders_v1.as_payable'::regproc;
SELECT 'orders_v1.awaits_new_payment'::regproc;
SELECT 'orders_v1.check_payable'::regproc;
SELECT 'orders_v1.settle_manually'::regproc;
SELECT 'orders_v1.settle_payment'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.record_intent(integer, text, text, bigint, text, text, bytea, bigint, text, text, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.record_intent_failure(integer, text, text, bigint, text, text, bytea, bigint, text, text, boolean)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.settle_payment(integer, text, text, bigint, text, text, bytea, bigint, text, text, text[])', 'EXECUTE')::integer;
SELECT 'orders_v1.find_payment'::regproc;
SELECT 'orders_v1.check_event'::regproc;
SELECT 'orders_v1.complete_capture'::regproc;
SELECT 'orders_v1.apply_paid'::regproc;
SELECT 'orders_v1.confirming_time'::regproc;
SELECT 'orders_v1.apply_confirming'::regproc;
SELECT 'orders_v1.apply_failed'::regproc;
SELECT 'orders_v1.match_refund_event'::regproc;
SELECT 'orders_v1.has_refused_capture'::regproc;
SELECT 'orders_v1.check_capture'::regproc;
SELECT 'orders_v1.apply_provider_refund'::regproc;
SELECT 'orders_v1.refuse_settled_refund'::regproc;
SELECT 'orders_v1.check_outcome'::regproc;
SELECT 'orders_v1.match_refund_failure'::regproc;
SELECT 'orders_v1.apply_unmatched_refund_failure'::regproc;
SELECT 'orders_v1.apply_refund_event'::regproc;
SELECT 'orders_v1.apply_event'::regproc;
SELECT 'orders_v1.keep_failed_event'::regproc;
SELECT 'orders_v1.process_event'::regproc;
SELECT 'orders_v1.claim_waiting_event'::regproc;
SELECT 'orders_v1.try_waiting_event'::regproc;
SELECT 'orders_v1.apply_waiting_events'::regproc;
SELECT 'orders_v1.event_result'::regproc;
SELECT 'orders_v1.store_event'::regproc;
SELECT 'orders_v1.is_foreign_event'::regproc;
SELECT 'orders_v1.unstored_event_result'::regproc;
SELECT 'orders_v1.approval_result'::regproc;
SELECT 'orders_v1.apply_provider_event'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.apply_provider_event(integer, text, text, text, uuid, text, text, bigint, text, text, text, text, text, text, integer)',
    'EXECUTE')::integer;
SELECT 'orders_v1.end_waiting_event'::regproc;
SELECT 'orders_v1.notice_limit'::regproc;
SELECT 'orders_v1.settled_notice_limit'::regproc;
SELECT 'orders_v1.is_notice_full'::regproc;
SELECT 'orders_v1.trim_notices'::regproc;
SELECT 'orders_v1.named_payment'::regproc;
SELECT 'orders_v1.notice_event_id'::regproc;
SELECT 'orders_v1.list_rejected_notice'::regproc;
SELECT 'orders_v1.reject_notice'::regproc;
SELECT 'orders_v1.settle_notice'::regproc;
SELECT 'orders_v1.store_provider_notice'::regproc;
SELECT 'orders_v1.claim_notices'::regproc;
SELECT 'orders_v1.postpone_notice'::regproc;
SELECT 'orders_v1.finish_notice'::regproc;
SELECT 'orders_v1.refuse_stale_notices'::regproc;
SELECT 'orders_v1.purge_provider_notices'::regproc;
SELECT 'orders_v1.store_unreadable_event'::regproc;
SELECT 'orders_v1.provider_event_of'::regproc;
SELECT 'orders_v1.written_event'::regproc;
SELECT 'orders_v1.check_event_open'::regproc;
SELECT 'orders_v1.lock_notice_of'::regproc;
SELECT 'orders_v1.resolve_provider_event'::regproc;
SELECT 'orders_v1.retry_notice'::regproc;
SELECT 'orders_v1.retry_event'::regproc;
SELECT 'orders_v1.retry_provider_event'::regproc;
SELECT 'orders_v1.list_provider_events'::regproc;
SELECT 'orders_v1.read_provider_event'::regproc;
SELECT 'orders_v1.provider_event_counts'::regproc;
SELECT 'orders_v1.due_provider_events'::regproc;
SELECT 'orders_v1.review_provider_event'::regproc;
SELECT 'orders_v1.refused_provider_events'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.due_provider_events(integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.review_provider_event(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.refused_provider_events(integer, integer)', 'EXECUTE')::integer;
SELECT 'orders_v1.cancel_effect'::regproc;
SELECT 'orders_v1.cancel_order'::regproc;
SELECT 'orders_v1.try_cancel'::regproc;
SELECT 'orders_v1.refuse_refund_by_cancelling'::regproc;
SELECT 'orders_v1.cancel_as_permitted'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.cancel_as_permitted(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text[], boolean)', 'EXECUTE')::integer;
SELECT 'orders_v1.cancel'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.cancel(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text[])', 'EXECUTE')::integer;
SELECT 'orders_v1.claim_intents'::regproc;
SELECT 'orders_v1.refund_task_of'::regproc;
SELECT 'orders_v1.claim_refunds'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.refunds_to_send(integer, bigint)', 'EXECUTE')::integer;
SELECT 'orders_v1.tenants'::regproc;
SELECT 'orders_v1.expire_due'::regproc;
SELECT 'orders_v1.run_job'::regproc;
SELECT 'orders_v1.run_job_for_order'::regproc;
SELECT 'orders_v1.run_job_for_orders'::regproc;
SELECT 'orders_v1.may_purge_more'::regproc;
SELECT 'orders_v1.delete_at'::regproc;
SELECT 'orders_v1.purge_position'::regproc;
SELECT 'orders_v1.set_purge_position'::regproc;
SELECT 'orders_v1.purge_idempotency'::regproc;
SELECT 'orders_v1.purge_mails'::regproc;
SELECT 'orders_v1.purge_provider_events'::regproc;
SELECT 'orders_v1.purge_tokens'::regproc;
SELECT 'orders_v1.purge_carts'::regproc;
SELECT 'orders_v1.job_backlog'::regproc;
SELECT 'orders_v1.microseconds_since'::regproc;
SELECT 'orders_v1.webhook_metrics'::regproc;
SELECT 'orders_v1.tenant_metrics'::regproc;
SELECT 'orders_v1.metric_values'::regproc;
SELECT 'orders_v1.is_last_try'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.claim_intents(integer, text, integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.claim_refunds(integer, text, integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.tenants()', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.expire_due(integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.purge_idempotency(integer, interval)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.purge_mails(integer, interval, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.purge_provider_events(integer, interval, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.purge_tokens(integer, interval, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.purge_carts(integer, interval, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.job_backlog(integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.metric_values(integer)', 'EXECUTE')::integer;
SELECT 'orders_v1.move_balance'::regproc;
SELECT 'orders_v1.posted_of'::regproc;
SELECT 'orders_v1.post_balance'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.post_balance(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text)', 'EXECUTE')::integer;
SELECT 'orders_v1.merge_patch'::regproc;
SELECT 'orders_v1.has_controls'::regproc;
SELECT 'orders_v1.is_mail_address'::regproc;
SELECT 'orders_v1.whole_number'::regproc;
SELECT 'orders_v1.doc_integer'::regproc;
SELECT 'orders_v1.known_currency'::regproc;
SELECT 'orders_v1.variant_options'::regproc;
SELECT 'orders_v1.has_controls_within'::regproc;
SELECT 'orders_v1.doc_display'::regproc;
SELECT 'orders_v1.upsert_outcome'::regproc;
SELECT 'orders_v1.refuse_taken'::regproc;
SELECT 'orders_v1.doc_duration_value'::regproc;
SELECT 'orders_v1.company_id_of'::regproc;
SELECT 'orders_v1.put_company'::regproc;
SELECT 'orders_v1.put_membership'::regproc;
SELECT 'orders_v1.put_prices'::regproc;
SELECT 'orders_v1.put_stock'::regproc;
SELECT 'orders_v1.put_variant'::regproc;
SELECT 'orders_v1.put_variants'::regproc;
SELECT 'orders_v1.product_document'::regproc;
SELECT 'orders_v1.put_product'::regproc;
SELECT 'orders_v1.put_cart_lines'::regproc;
SELECT 'orders_v1.make_cart'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.make_cart(integer, text, text, bigint, text, text, bytea, jsonb)', 'EXECUTE')::integer;
SELECT 'orders_v1.put_package'::regproc;
SELECT 'orders_v1.member_document'::regproc;
SELECT 'orders_v1.doc_term'::regproc;
SELECT 'orders_v1.put_member'::regproc;
SELECT 'orders_v1.put_user'::regproc;
SELECT 'orders_v1.put_plan'::regproc;
SELECT 'orders_v1.put_billing_option'::regproc;
SELECT 'orders_v1.put_tax_rate'::regproc;
SELECT 'orders_v1.put_payment_channel'::regproc;
SELECT 'orders_v1.put_label'::regproc;
SELECT 'orders_v1.coupon_from'::regproc;
SELECT 'orders_v1.count_uses'::regproc;
SELECT 'orders_v1.put_coupon'::regproc;
SELECT 'orders_v1.put_entry'::regproc;
SELECT 'orders_v1.analyze_grown'::regproc;
SELECT 'orders_v1.upsert_row'::regproc;
SELECT 'orders_v1.catalogue_upsert'::regproc;
SELECT 'orders_v1.is_value_error'::regproc;
SELECT 'orders_v1.lock_entries'::regproc;
SELECT 'orders_v1.bulk_row'::regproc;
SELECT 'orders_v1.catalogue_bulk'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.catalogue_upsert(integer, text, text, bigint, text, text, bytea, text, text, jsonb)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.catalogue_bulk(integer, text, text, bigint, text, text, bytea, jsonb[])', 'EXECUTE')::integer;
SELECT 'orders_v1.variant_snapshot'::regproc;
SELECT 'orders_v1.list_price_of'::regproc;
SELECT 'orders_v1.variant_line'::regproc;
SELECT 'orders_v1.lock_any_cart'::regproc;
SELECT 'orders_v1.price_cart'::regproc;
SELECT 'orders_v1.only_variant'::regproc;
SELECT 'orders_v1.product_line'::regproc;
SELECT 'orders_v1.described_addresses'::regproc;
SELECT 'orders_v1.ordered_plan_line'::regproc;
SELECT 'orders_v1.described_lines'::regproc;
SELECT 'orders_v1.shipping_lines'::regproc;
SELECT 'orders_v1.described_payment'::regproc;
SELECT 'orders_v1.described_head'::regproc;
SELECT 'orders_v1.lines_or_cart'::regproc;
SELECT 'orders_v1.put_described_order'::regproc;
SELECT 'orders_v1.place_order'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.place_order(integer, text, text, bigint, text, text, bytea, jsonb, integer, text[])', 'EXECUTE')::integer;
SELECT 'orders_v1.open_cart'::regproc;
SELECT 'orders_v1.is_still_sold'::regproc;
SELECT 'orders_v1.add_order_to_cart'::regproc;
SELECT 'orders_v1.reorder'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.reorder(integer, text, text, bigint, text, text, bytea, bigint, bigint)', 'EXECUTE')::integer;
SELECT 'orders_v1.order_by_number'::regproc;
SELECT 'orders_v1.lock_sale'::regproc;
SELECT 'orders_v1.lock_cart'::regproc;
SELECT 'orders_v1.sale_head'::regproc;
SELECT 'orders_v1.place_cart'::regproc;
SELECT 'orders_v1.check_terminal_id'::regproc;
SELECT 'orders_v1.settle_sale'::regproc;
SELECT 'orders_v1.cancel_sale'::regproc;
SELECT 'orders_v1.check_terminal_refund'::regproc;
SELECT 'orders_v1.record_terminal_refund'::regproc;
SELECT 'orders_v1.left_on_card'::regproc;
SELECT 'orders_v1.check_refund_transaction'::regproc;
SELECT 'orders_v1.refund_sale'::regproc;
SELECT 'orders_v1.check_sale_refund'::regproc;
SELECT 'orders_v1.sales_of'::regproc;
SELECT 'orders_v1.sale_id'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.place_cart(integer, text, text, bigint, text, text, bytea, text, text, boolean, text, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.settle_sale(integer, text, text, bigint, text, text, bytea, text, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.cancel_sale(integer, text, text, bigint, text, text, bytea, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.refund_sale(integer, text, text, bigint, text, text, bytea, text, text, integer, boolean)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.sales_of(integer, bigint, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.sale_id(integer, bigint, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.check_sale_refund(integer, bigint, text, integer)', 'EXECUTE')::integer;
SELECT 'orders_v1.check_claim'::regproc;
SELECT 'orders_v1.claimable_order_id'::regproc;
SELECT 'orders_v1.profile_of'::regproc;
SELECT 'orders_v1.claim_order'::regproc;
SELECT 'orders_v1.edit_billing_address'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.claimable_order_id(integer, bigint, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.claim_order(integer, text, text, bigint, text, text, bytea, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.edit_billing_address(integer, text, text, bigint, text, text, bytea, text, jsonb)', 'EXECUTE')::integer;
SELECT 'orders_v1.refuse_mails'::regproc;
SELECT 'orders_v1.check_mail_limits'::regproc;
SELECT 'orders_v1.send_pay_link'::regproc;
SELECT 'orders_v1.new_payment_like'::regproc;
SELECT 'orders_v1.payment_task_of'::regproc;
SELECT 'orders_v1.check_paid_by_link'::regproc;
SELECT 'orders_v1.pay_link_state'::regproc;
SELECT 'orders_v1.was_declined'::regproc;
SELECT 'orders_v1.start_payment'::regproc;
SELECT 'orders_v1.mail_task_of'::regproc;
SELECT 'orders_v1.discard_unpayable_mail'::regproc;
SELECT 'orders_v1.claim_mail'::regproc;
SELECT 'orders_v1.mark_mail'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.send_pay_link(integer, text, text, bigint, text, text, bytea, text, text, integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.start_payment(integer, bigint, bigint, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.pay_link_state(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.was_declined(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.claim_mail(integer, integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.mark_mail(integer, bigint, boolean, boolean, text)', 'EXECUTE')::integer;
SELECT 'orders_v1.capture_task'::regproc;
SELECT 'orders_v1.first_capture_retry'::regproc;
SELECT 'orders_v1.await_capture'::regproc;
SELECT 'orders_v1.capture_not_made'::regproc;
SELECT 'orders_v1.capture_event'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.begin_capture(integer, bigint, boolean, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.record_capture(integer, bigint, text, text, bigint, text, text, text, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.claim_captures(integer, text, integer, integer)', 'EXECUTE')::integer;
SELECT 'orders_v1.address_lines'::regproc;
SELECT 'orders_v1.invoice_issuer'::regproc;
SELECT 'orders_v1.invoice_buyer'::regproc;
SELECT 'orders_v1.invoice_lines'::regproc;
SELECT 'orders_v1.invoice_payment'::regproc;
SELECT 'orders_v1.bill_document'::regproc;
SELECT 'orders_v1.invoice_document'::regproc;
SELECT 'orders_v1.put_invoice'::regproc;
SELECT 'orders_v1.check_billable'::regproc;
SELECT 'orders_v1.invoice_number'::regproc;
SELECT 'orders_v1.issue_invoice'::regproc;
SELECT 'orders_v1.invoice_row'::regproc;
SELECT 'orders_v1.read_invoice'::regproc;
SELECT 'orders_v1.read_own_invoice'::regproc;
SELECT 'orders_v1.read_bill'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.issue_invoice(integer, text, text, bigint, text, text, bytea, bigint, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.read_invoice(integer, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.read_own_invoice(integer, bigint, text, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.read_bill(integer, bigint, bigint)', 'EXECUTE')::integer;
SELECT 'orders_v1.refuse_advance'::regproc;
SELECT 'orders_v1.can_ship'::regproc;
SELECT 'orders_v1.was_paid'::regproc;
SELECT 'orders_v1.all_items_cancelled'::regproc;
SELECT 'orders_v1.check_advance'::regproc;
SELECT 'orders_v1.lock_goods'::regproc;
SELECT 'orders_v1.expect_shipment'::regproc;
SELECT 'orders_v1.deliver'::regproc;
SELECT 'orders_v1.advance'::regproc;
SELECT 'orders_v1.send_shipment'::regproc;
SELECT 'orders_v1.shipment_from'::regproc;
SELECT 'orders_v1.record_correction'::regproc;
SELECT 'orders_v1.shipment_changes'::regproc;
SELECT 'orders_v1.correct_shipment'::regproc;
SELECT 'orders_v1.correct_address'::regproc;
SELECT 'orders_v1.ship'::regproc;
SELECT 'orders_v1.event_from'::regproc;
SELECT 'orders_v1.is_repeated_event'::regproc;
SELECT 'orders_v1.update_shipment_status'::regproc;
SELECT 'orders_v1.put_event'::regproc;
SELECT 'orders_v1.withdraw_event'::regproc;
SELECT 'orders_v1.apply_tracking_event'::regproc;
SELECT 'orders_v1.track'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.advance(integer, text, text, bigint, text, text, bytea, bigint, text, timestamptz, boolean, text, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.ship(integer, text, text, bigint, text, text, bytea, bigint, jsonb, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.track(integer, text, text, bigint, text, text, bytea, bigint, jsonb, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.correct_address(integer, text, text, bigint, text, text, bytea, bigint, jsonb, text[])', 'EXECUTE')::integer;
SELECT 'orders_v1.refuse_all'::regproc;
SELECT 'orders_v1.add_broken_rule'::regproc;
SELECT 'orders_v1.given_text'::regproc;
SELECT 'orders_v1.given_id'::regproc;
SELECT 'orders_v1.given_amount'::regproc;
SELECT 'orders_v1.given_discount'::regproc;
SELECT 'orders_v1.major_text'::regproc;
SELECT 'orders_v1.check_address'::regproc;
SELECT 'orders_v1.given_address'::regproc;
SELECT 'orders_v1.member_head'::regproc;
SELECT 'orders_v1.member_payment'::regproc;
SELECT 'orders_v1.offer_of'::regproc;
SELECT 'orders_v1.offer_line'::regproc;
SELECT 'orders_v1.check_price'::regproc;
SELECT 'orders_v1.check_pending_package_orders'::regproc;
SELECT 'orders_v1.check_line'::regproc;
SELECT 'orders_v1.check_lines'::regproc;
SELECT 'orders_v1.put_member_order'::regproc;
SELECT 'orders_v1.member_place'::regproc;
SELECT 'orders_v1.renewal_line'::regproc;
SELECT 'orders_v1.check_step'::regproc;
SELECT 'orders_v1.check_renewal_sums'::regproc;
SELECT 'orders_v1.upgrade_or_renew'::regproc;
SELECT 'orders_v1.apply_paid_package'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.member_place(integer, text, text, bigint, text, text, bytea, jsonb, integer, text[], timestamptz)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.upgrade_or_renew(integer, text, text, bigint, text, text, bytea, jsonb, integer, text[], integer, timestamptz)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.apply_paid_package(integer, text, text, bigint, text, text, bytea, bigint, text[], timestamptz)', 'EXECUTE')::integer;
SELECT 'orders_v1.settling_time'::regproc;
SELECT 'orders_v1.longest_reconciliation'::regproc;
SELECT 'orders_v1.can_list_transactions'::regproc;
SELECT 'orders_v1.difference_kind'::regproc;
SELECT 'orders_v1.new_difference'::regproc;
SELECT 'orders_v1.payment_of_difference'::regproc;
SELECT 'orders_v1.put_difference'::regproc;
SELECT 'orders_v1.put_differences'::regproc;
SELECT 'orders_v1.add_entry_sums'::regproc;
SELECT 'orders_v1.next_stage'::regproc;
SELECT 'orders_v1.compare_entries'::regproc;
SELECT 'orders_v1.complete_from'::regproc;
SELECT 'orders_v1.compare_transactions'::regproc;
SELECT 'orders_v1.compare_again'::regproc;
SELECT 'orders_v1.compare_differences'::regproc;
SELECT 'orders_v1.store_progress'::regproc;
SELECT 'orders_v1.compare_some'::regproc;
SELECT 'orders_v1.store_entries'::regproc;
SELECT 'orders_v1.begin_comparison'::regproc;
SELECT 'orders_v1.purge_entries'::regproc;
SELECT 'orders_v1.plan_reconciliations'::regproc;
SELECT 'orders_v1.claim_reconciliations'::regproc;
SELECT 'orders_v1.lock_reconciliation'::regproc;
SELECT 'orders_v1.record_reconciliation_page'::regproc;
SELECT 'orders_v1.fail_reconciliation'::regproc;
SELECT 'orders_v1.abort_reconciliation'::regproc;
SELECT 'orders_v1.abort_abandoned_reconciliation'::regproc;
SELECT 'orders_v1.continue_comparison'::regproc;
SELECT 'orders_v1.compare_reconciliations'::regproc;
SELECT 'orders_v1.as_amount'::regproc;
SELECT 'orders_v1.reconciliation_view_of'::regproc;
SELECT 'orders_v1.difference_view_of'::regproc;
SELECT 'orders_v1.check_period'::regproc;
SELECT 'orders_v1.start_reconciliation'::regproc;
SELECT 'orders_v1.lock_difference'::regproc;
SELECT 'orders_v1.close_difference'::regproc;
SELECT 'orders_v1.difference_result'::regproc;
SELECT 'orders_v1.event_of_difference'::regproc;
SELECT 'orders_v1.check_recorded'::regproc;
SELECT 'orders_v1.apply_entry'::regproc;
SELECT 'orders_v1.apply_difference'::regproc;
SELECT 'orders_v1.resolve_difference'::regproc;
SELECT 'orders_v1.read_reconciliation'::regproc;
SELECT 'orders_v1.list_reconciliations'::regproc;
SELECT 'orders_v1.list_differences'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.verify_history(integer, bigint)', 'EXECUTE')::integer;
SELECT 'orders_v1.feed_lag'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_events(integer, integer, bigint, bigint, text[], integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.plan_reconciliations(integer, text, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.claim_reconciliations(integer, text, integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.record_reconciliation_page(integer, bigint, text, text, jsonb)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.fail_reconciliation(integer, bigint, text, text, boolean)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.compare_reconciliations(integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.start_reconciliation(integer, text, text, bigint, text, text, bytea, text, timestamptz, timestamptz, jsonb)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.apply_difference(integer, text, text, bigint, text, text, bytea, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.resolve_difference(integer, text, text, bigint, text, text, bytea, bigint, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.read_reconciliation(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_reconciliations(integer, text, text, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.list_differences(integer, bigint, text, text, text, integer, bigint)', 'EXECUTE')::integer;
SELECT 'orders_v1.move_webhook_cursor_to_now'::regproc;
SELECT 'orders_v1.check_patterns'::regproc;
SELECT 'orders_v1.lock_webhook'::regproc;
SELECT 'orders_v1.lock_enabled_webhook'::regproc;
SELECT 'orders_v1.store_webhook'::regproc;
SELECT 'orders_v1.written_webhook_of'::regproc;
SELECT 'orders_v1.drop_pending_deliveries'::regproc;
SELECT 'orders_v1.written_delivery_of'::regproc;
SELECT 'orders_v1.event_position'::regproc;
SELECT 'orders_v1.event_position_at'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.create_webhook(integer, text, text, bigint, text, text, bytea, text, text[], text, text, boolean)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.change_webhook(integer, text, text, bigint, text, text, bytea, uuid, text[], jsonb)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.delete_webhook(integer, text, text, bigint, text, text, bytea, uuid, text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.rotate_webhook(integer, text, text, bigint, text, text, bytea, uuid)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.test_webhook(integer, text, text, bigint, text, text, bytea, uuid)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.retry_delivery(integer, text, text, bigint, text, text, bytea, uuid, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.replay_webhook(integer, text, text, bigint, text, text, bytea, uuid, text, text, timestamptz, timestamptz, text[], integer)', 'EXECUTE')::integer;
SELECT 'orders_v1.webhook_message_id'::regproc;
SELECT 'orders_v1.webhook_delay'::regproc;
SELECT 'orders_v1.is_last_webhook_attempt'::regproc;
SELECT 'orders_v1.next_webhook_attempt'::regproc;
SELECT 'orders_v1.count_pending_deliveries'::regproc;
SELECT 'orders_v1.count_dead_deliveries'::regproc;
SELECT 'orders_v1.schedule_webhooks'::regproc;
SELECT 'orders_v1.schedule_webhook'::regproc;
SELECT 'orders_v1.send_now'::regproc;
SELECT 'orders_v1.fan_out_to_webhook'::regproc;
SELECT 'orders_v1.webhook_target_of'::regproc;
SELECT 'orders_v1.webhook_message_of'::regproc;
SELECT 'orders_v1.delete_bodies'::regproc;
SELECT 'orders_v1.record_at'::regproc;
SELECT 'orders_v1.disable_webhook'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.tenants_with_events()', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.fan_out_events(integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.claim_webhooks(integer, integer, integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.renew_webhooks(integer, bigint[], integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.release_webhook(integer, bigint, timestamptz, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.take_deliveries(integer, bigint, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.store_bodies(integer, bigint[], text[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.record_deliveries(integer, bigint, jsonb)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.purge_webhooks(integer, interval, integer)', 'EXECUTE')::integer;
SELECT 'orders_v1.webhook_view_of'::regproc;
SELECT 'orders_v1.delivery_view_of'::regproc;
SELECT 'orders_v1.webhook_id_of'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.read_webhook(integer, uuid)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_webhooks(integer, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.read_delivery(integer, uuid, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.list_deliveries(integer, uuid, text, text, bigint, integer, bigint)', 'EXECUTE')::integer;
SELECT 'orders_v1.settings_of'::regproc;
SELECT 'orders_v1.known_time_zone'::regproc;
SELECT 'orders_v1.has_invoices_of_others'::regproc;
SELECT 'orders_v1.check_invoice_series'::regproc;
SELECT 'orders_v1.check_company_prefix'::regproc;
SELECT 'orders_v1.changed_settings'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.read_settings(integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.change_settings(integer, text, text, bigint, text, text, bytea, text[], jsonb)', 'EXECUTE')::integer;
SELECT 'orders_v1.max_open_exports'::regproc;
SELECT 'orders_v1.max_kept_exports'::regproc;
SELECT 'orders_v1.export_view_of'::regproc;
SELECT 'orders_v1.export_result'::regproc;
SELECT 'orders_v1.check_export_limits'::regproc;
SELECT 'orders_v1.lock_claimed_export'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.create_export(integer, text, text, bigint, text, text, bytea, text, text, timestamptz, timestamptz)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.delete_export(integer, text, text, bigint, text, text, bytea, uuid)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.claim_export(integer, integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.renew_export(integer, bigint, integer, integer, bigint, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.finish_export(integer, bigint, integer, bigint, bigint, text, timestamptz, interval)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.fail_export(integer, bigint, integer, text, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.expire_exports(integer)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.read_export(integer, uuid)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders_v1.list_exports(integer, text, text, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.find_export_files(integer, uuid[], integer[])', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.begin_export()', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.portable_order(integer, bigint)', 'EXECUTE')::integer;
SELECT 'orders_v1.list_window'::regproc;
SELECT 'orders_v1.filter_from'::regproc;
SELECT 'orders_v1.filter_to'::regproc;
SELECT 'orders_v1.filter_user'::regproc;
SELECT 'orders_v1.filter_order'::regproc;
SELECT 'orders_v1.filter_company'::regproc;
SELECT 'orders_v1.next_window'::regproc;
SELECT 'orders_v1.order_name'::regproc;
SELECT 'orders_v1.user_name'::regproc;
SELECT 'orders_v1.company_name'::regproc;
SELECT 'orders_v1.payment_document'::regproc;
SELECT 'orders_v1.refund_document'::regproc;
SELECT 'orders_v1.cart_lines'::regproc;
SELECT 'orders_v1.cart_document'::regproc;
SELECT 'orders_v1.invoice_entry'::regproc;
SELECT 'orders_v1.mail_document'::regproc;
SELECT 'orders_v1.posting_document'::regproc;
SELECT 'orders_v1.coupon_use_document'::regproc;
SELECT 'orders_v1.known_user_id'::regproc;
SELECT 'orders_v1.order_queues'::regproc;
SELECT 'orders_v1.count_manual_refunds'::regproc;
SELECT 'orders_v1.can_ship_by_states'::regproc;
SELECT 'orders_v1.is_settled_by_hand'::regproc;
SELECT 'orders_v1.awaits_manual_settlement'::regproc;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_payments(integer, jsonb, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_refunds(integer, jsonb, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_invoices(integer, jsonb, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_carts(integer, jsonb, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_mails(integer, jsonb, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_coupon_uses(integer, jsonb, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_ledger(integer, jsonb, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.list_balances(integer, jsonb, integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.read_payment(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.read_refund(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.read_cart(integer, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.read_caller(integer, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api', 'orders_v1.read_summary(integer)', 'EXECUTE')::integer;
SELECT * FROM orders_check.balances_equal_postings WHERE false;
SELECT * FROM orders_check.paid_is_captured WHERE false;
SELECT * FROM orders_check.refunds_within_captured WHERE false;
SELECT * FROM orders_check.used_once WHERE false;
SELECT * FROM orders_check.stock_is_held WHERE false;
SELECT * FROM orders_check.shipments_fit WHERE false;
SELECT * FROM orders_check.returns_fit WHERE false;
SELECT * FROM orders_check.packages_fit WHERE false;
SELECT * FROM orders_check.refunded_is_closed WHERE false;
SELECT * FROM orders_check.stock_adds_up WHERE false;
SELECT * FROM orders_check.stock_is_recorded WHERE false;
SELECT * FROM orders_check.history_is_a_path WHERE false;
SELECT * FROM orders_check.lines_add_up WHERE false;
SELECT * FROM orders_check.series_without_gaps WHERE false;
SELECT * FROM orders_check.coupons_within_limits WHERE false;
SELECT * FROM orders_check.answers_have_effects WHERE false;
SELECT * FROM orders_check.one_event_a_version WHERE false;
SELECT * FROM orders_check.events_are_chained WHERE false;
SELECT * FROM orders_check.provider_events_fit WHERE false;
SELECT * FROM orders_check.due_fits WHERE false;
SELECT * FROM orders_check.bills_in_time WHERE false;
SELECT * FROM orders_check.reconciliations_fit WHERE false;
SELECT * FROM orders_check.webhooks_fit WHERE false;
SELECT * FROM orders_check.all_violations WHERE false;
SELECT 1 / (count(*) = 1)::integer FROM orders.schema_version WHERE number > 0;
