-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

-- Constraints reject rows that break a rule, whichever function or session writes them.
SELECT pg_temp.buy('alice', p_coupon => 'TWO', p_key => 'k') AS a \gset
SELECT pg_temp.buy('bob', p_method => 'external') AS b \gset
\ir lib/company.sql
SELECT pg_temp.sell() AS s \gset
SELECT pg_temp.settle(:s, 'X1') \g (format=unaligned) /dev/null
SELECT pg_temp.bill(:s) \g (format=unaligned) /dev/null
SELECT pg_temp.sell('external') AS l \gset
SELECT outcome FROM send_pay_link(77, 'company', 'seller', pg_temp.uid('sally'), 'send', NULL, NULL, pg_temp.number_of(:l), 'a@example.com') \g (format=unaligned) /dev/null
SELECT pg_temp.terminal('T1', :s) \g (format=unaligned) /dev/null
SELECT pg_temp.operator_put('products', 'club', '{"name": "Club", "variants": [{"ref": "one", "name": "One", "prices": {"USD": 1000}}]}'),
       pg_temp.operator_put('packages', 'club', '{"product": "club", "rank": 1, "duration_unit": "month", "duration_value": 1}'),
       pg_temp.operator_put('members', 'alice', '{"package": "club"}') \g (format=unaligned) /dev/null
SELECT pg_temp.payment_of(:a) AS pa \gset
SELECT pg_temp.put('labels', l.ref, format('{"type": "order_status", "word": "%s", "language": "en", "text": "x"}', l.ref)) FROM unnest('{l1,l2}'::text[]) AS l (ref) \g (format=unaligned tuples_only=on) /dev/null
SELECT pg_temp.payment_of(:b) AS pb \gset
SELECT is(pg_temp.broken(replace(replace(replace(replace(replace(c.sql, '$pa', :'pa'), '$pb', :'pb'), '$a', :'a'), '$b', :'b'), '$s', :'s')), c.name, concat(c.name, ': ', c.sql))
FROM (VALUES
    ('UPDATE orders SET state = ''lost'' WHERE id = $a', 'order_state_known'),
    ('UPDATE orders SET payment_state = ''lost'' WHERE id = $a', 'payment_state_known'),
    ('UPDATE orders SET fulfilment_state = ''lost'' WHERE id = $a', 'fulfilment_state_known'),
    ('UPDATE orders SET api = ''latin'' WHERE id = $a', 'api_known'),
    ('UPDATE orders SET version = 0 WHERE id = $a', 'orders_version_positive'),
    ('UPDATE orders SET total = total - 1 WHERE id = $a', 'orders_total_is_sum'),
    ('UPDATE orders SET subtotal = -1, total = -1, discount = 0 WHERE id = $b', 'orders_amounts_not_negative'),
    ('UPDATE orders SET subtotal = 1000000000000001, total = 1000000000000001 WHERE id = $b', 'orders_total_in_range'),
    ('UPDATE orders SET refunded = captured + 1 WHERE id = $a', 'orders_refunded_within_captured'),
    ('UPDATE orders SET captured = 0 WHERE id = $a', 'orders_paid_is_captured'),
    ('UPDATE orders SET paid_at = NULL WHERE id = $a', 'orders_paid_has_time'),
    ('UPDATE orders SET cancelled_at = now() WHERE id = $a', 'orders_cancelled_has_time'),
    ('UPDATE orders SET currency = ''DOLLAR'' WHERE id = $a', 'currency_code_has_three_letters'),
    ('UPDATE orders SET metadata = ''[]'' WHERE id = $a', 'json_object_is_object'),
    ('UPDATE orders SET snapshot = ''[]'' WHERE id = $a', 'json_object_is_object'),
    ('UPDATE orders SET notes = repeat(''x'', 2001) WHERE id = $a', 'order_notes_length'),
    ('UPDATE orders SET buyer_id = 999999999 WHERE id = $a', 'orders_buyer_exists'),
    ('UPDATE orders SET number = ''SAME'' WHERE tenant_id = 77', 'orders_number_unique'),
    ('UPDATE orders SET number = ''same'' WHERE id = $a', 'order_number_is_upper_case'),
    ('UPDATE orders SET public_id = ''00000000-0000-7000-8000-000000000000'' WHERE tenant_id = 77', 'orders_public_id_unique'),
    ('UPDATE orders SET cart_id = 1 WHERE tenant_id = 77', 'orders_one_per_cart'),
    ('UPDATE users SET title = 2 WHERE tenant_id = 77', 'users_title_known'),
    ('UPDATE users SET default_address = ''[]'' WHERE tenant_id = 77', 'users_default_address_is_object'),
    ('UPDATE users SET current_company_id = 999999999 WHERE tenant_id = 77', 'users_current_company_exists'),
    ('UPDATE company SET external_ref = ''same'' WHERE tenant_id = 77', 'company_external_ref_unique'),
    ('UPDATE company SET prefix = ''SAME'' WHERE tenant_id = 77', 'company_prefix_unique'),
    ('UPDATE company SET prefix = ''INV'' WHERE tenant_id = 77 AND prefix = ''BB''', 'company_prefix_is_2_to_8_capitals'),
    ('UPDATE company SET prefix = ''B1'' WHERE tenant_id = 77 AND prefix = ''BB''', 'company_prefix_is_2_to_8_capitals'),
    ('UPDATE company SET name = '''' WHERE tenant_id = 77', 'company_name_length'),
    ('UPDATE company SET email = ''a'' WHERE tenant_id = 77', 'company_email_length'),
    ('UPDATE company SET email = repeat(''é'', 121) || ''@example.com'' WHERE tenant_id = 77 AND id = (SELECT min(id) FROM company WHERE tenant_id = 77)',
     'nothing broken'),
    ('UPDATE company SET email = repeat(''é'', 122) || ''@example.com'' WHERE tenant_id = 77', 'company_email_length'),
    ('UPDATE users SET email = repeat(''a'', 243) || ''@example.com'' WHERE tenant_id = 77', 'users_email_length'),
    ('UPDATE mail SET recipient = repeat(''a'', 243) || ''@example.com'' WHERE tenant_id = 77', 'mail_recipient_length'),
    ('UPDATE company SET address = ''[]'' WHERE tenant_id = 77', 'company_address_is_object'),
    ('UPDATE company SET images = ''[]'' WHERE tenant_id = 77', 'company_images_is_object'),
    ('UPDATE company SET metadata = ''[]'' WHERE tenant_id = 77', 'company_metadata_is_object'),
    ('INSERT INTO label VALUES (''colour'', ''red'', ''en'', ''Red'')', 'label_kind_known'),
    ('INSERT INTO label SELECT * FROM label LIMIT 1', 'label_pkey'),
    ('UPDATE tenant_label SET external_ref = ''same'' WHERE tenant_id = 77', 'tenant_label_external_ref_unique'),
    ('UPDATE tenant_label SET word = ''same'' WHERE tenant_id = 77', 'tenant_label_word_unique'),
    ('UPDATE tenant_label SET kind = ''colour'' WHERE tenant_id = 77', 'tenant_label_kind_known'),
    ('UPDATE tenant_label SET word = ''A'' WHERE tenant_id = 77 AND external_ref = ''l1''', 'tenant_label_word_is_word'),
    ('UPDATE tenant_label SET language = ''EN'' WHERE tenant_id = 77 AND external_ref = ''l1''', 'tenant_label_language_is_tag'),
    ('INSERT INTO tenant_label (tenant_id, external_ref, kind, word, language, text) VALUES (78, ''x'', ''order_status'', ''x'', ''en'', ''x'')', 'tenant_label_tenant_exists'),
    ('INSERT INTO bill (tenant_id, order_id, series, sequence, snapshot) VALUES (77, $a, ''S'', 1, ''{}''), (77, $a, ''S'', 2, ''{}'')', 'bill_pkey'),
    ('INSERT INTO bill (tenant_id, order_id, series, sequence, snapshot) VALUES (77, $a, ''S'', 1, ''[]'')', 'json_object_is_object'),
    ('INSERT INTO bill (tenant_id, order_id, series, sequence, snapshot) VALUES (77, $a, ''S'', 1, ''{}''), (77, $b, ''S'', 1, ''{}'')', 'bill_series_unique'),
    ('INSERT INTO bill (tenant_id, order_id, series, sequence, snapshot) VALUES (77, $a, ''S'', 0, ''{}'')', 'bill_sequence_positive'),
    ('INSERT INTO bill (tenant_id, order_id, series, sequence, snapshot) VALUES (77, 999999999, ''S'', 1, ''{}'')', 'bill_order_exists'),
    ('INSERT INTO company (tenant_id, external_ref, name, prefix) VALUES (78, ''x'', ''x'', ''XX'')', 'company_tenant_exists'),
    ('UPDATE membership SET external_ref = ''same'' WHERE tenant_id = 77', 'membership_external_ref_unique'),
    ('UPDATE membership SET user_id = pg_temp.uid(''sally'') WHERE tenant_id = 77', 'membership_one_per_user_and_company'),
    ('UPDATE membership SET company_id = 999999999 WHERE tenant_id = 77 AND external_ref = ''m1''', 'membership_company_exists'),
    ('UPDATE membership SET user_id = 999999999 WHERE tenant_id = 77 AND external_ref = ''m1''', 'membership_user_exists'),
    ('UPDATE membership SET role = ''boss'' WHERE tenant_id = 77', 'membership_role_known'),
    ('UPDATE product SET external_ref = ''same'' WHERE tenant_id = 77', 'product_external_ref_unique'),
    ('UPDATE product SET slug = ''same'' WHERE tenant_id = 77', 'product_slug_unique'),
    ('UPDATE product SET company_id = 999999999 WHERE tenant_id = 77', 'product_company_exists'),
    ('UPDATE product SET images = ''[]'' WHERE tenant_id = 77', 'product_images_is_object'),
    ('UPDATE product SET metadata = ''[]'' WHERE tenant_id = 77', 'product_metadata_is_object'),
    ('INSERT INTO product (tenant_id, external_ref, slug, name) VALUES (78, ''x'', ''x'', ''x'')', 'product_tenant_exists'),
    ('UPDATE variant SET external_ref = ''same'' WHERE tenant_id = 77', 'variant_external_ref_unique'),
    ('UPDATE variant SET number = ''SAME'' WHERE tenant_id = 77', 'variant_number_unique'),
    ('UPDATE variant SET product_id = 999999999 WHERE tenant_id = 77 AND number = ''D-1''', 'variant_product_exists'),
    ('UPDATE variant SET options = ''{}'' WHERE tenant_id = 77', 'variant_options_is_array'),
    ('UPDATE variant SET images = ''[]'' WHERE tenant_id = 77', 'variant_images_is_object'),
    ('UPDATE variant_price SET currency = ''USD'' WHERE tenant_id = 77', 'variant_price_pkey'),
    ('UPDATE variant_price SET currency = ''XXX'' WHERE tenant_id = 77 AND currency = ''EUR''', 'variant_price_currency_exists'),
    ('UPDATE variant_price SET price = -1, list_price = NULL WHERE tenant_id = 77', 'variant_price_in_range'),
    ('UPDATE variant_price SET list_price = price - 1 WHERE tenant_id = 77 AND price > 0', 'variant_price_list_price_not_below_price'),
    ('INSERT INTO variant_price VALUES (77, 999999999, ''USD'', 1)', 'variant_price_variant_exists'),
    ('UPDATE cart SET code = ''SAME'' WHERE tenant_id = 77', 'cart_code_unique'),
    ('UPDATE cart SET user_id = 999999999 WHERE tenant_id = 77', 'cart_user_exists'),
    ('UPDATE cart SET state = ''lost'' WHERE tenant_id = 77', 'cart_state_known'),
    ('INSERT INTO cart_line (tenant_id, cart_id, variant_id) SELECT tenant_id, cart_id, variant_id FROM cart_line WHERE tenant_id = 77', 'cart_line_one_per_variant'),
    ('UPDATE cart_line SET variant_id = 999999999 WHERE tenant_id = 77', 'cart_line_variant_exists'),
    ('UPDATE cart_line SET cart_id = cart_id + 999999999 WHERE tenant_id = 77', 'cart_line_cart_exists'),
    ('UPDATE cart_line SET quantity = 0 WHERE tenant_id = 77', 'cart_line_quantity_in_range'),
    ('UPDATE cart_line SET discount = -1 WHERE tenant_id = 77', 'cart_line_discount_in_range'),
    ('DELETE FROM cart WHERE tenant_id = 77', 'cart_line_cart_exists'),
    ('INSERT INTO invoice (tenant_id, order_id, series, sequence, number, document) VALUES (77, $s, ''x'', 1, ''X'', ''{}'')', 'invoice_one_per_order'),
    ('INSERT INTO invoice (tenant_id, order_id, series, sequence, number, document) SELECT 77, $a, series, sequence, ''X'', ''{}'' FROM invoice WHERE order_id = $s', 'invoice_series_unique'),
    ('INSERT INTO invoice (tenant_id, order_id, series, sequence, number, document) SELECT 77, $a, ''x'', 1, number, ''{}'' FROM invoice WHERE order_id = $s', 'invoice_number_unique'),
    ('INSERT INTO invoice (tenant_id, order_id, series, sequence, number, document) VALUES (77, $a, ''x'', 0, ''X'', ''{}'')', 'invoice_sequence_positive'),
    ('INSERT INTO invoice (tenant_id, order_id, series, sequence, number, document) VALUES (77, $a, ''x'', 1, ''X'', ''[]'')', 'json_object_is_object'),
    ('INSERT INTO invoice (tenant_id, order_id, series, sequence, number, document) VALUES (77, 999999999, ''x'', 1, ''X'', ''{}'')', 'invoice_order_exists'),
    ('UPDATE mail SET template = ''spam'' WHERE tenant_id = 77', 'mail_template_known'),
    ('UPDATE mail SET recipient = ''a'' WHERE tenant_id = 77', 'mail_recipient_length'),
    ('INSERT INTO due (tenant_id, kind, id, due_at) SELECT tenant_id, kind, id, due_at FROM due WHERE tenant_id = 77', 'due_pkey'),
    ('UPDATE due SET kind = ''lost'' WHERE tenant_id = 77', 'due_kind_known'),
    ('UPDATE due SET attempts = -1 WHERE tenant_id = 77', 'due_attempts_not_negative'),
    ('INSERT INTO provider_notice (tenant_id, channel, body_hash, resource_kind, resource_id) VALUES (77, ''sim'', ''x'', ''order'', ''1'')', 'provider_notice_hash_is_sha256'),
    ('INSERT INTO provider_notice (tenant_id, channel, body_hash, resource_kind) VALUES (77, ''sim'', sha256(''x''), ''order'')', 'provider_notice_resource_has_id'),
    ('INSERT INTO provider_notice (tenant_id, channel, body_hash, resource_kind, resource_id) VALUES (77, ''sim'', sha256(''x''), ''gift'', ''1'')', 'provider_notice_resource_kind_known'),
    ('INSERT INTO provider_notice (tenant_id, channel, body_hash) VALUES (77, ''sim'', sha256(''x''))', 'provider_notice_pending_has_resource'),
    ('INSERT INTO provider_notice (tenant_id, channel, body_hash, verdict) VALUES (77, ''sim'', sha256(''x''), ''ignored'')', 'provider_notice_judged_has_time'),
    ('INSERT INTO provider_notice (tenant_id, channel, body_hash, verdict, judged_at) VALUES (77, ''sim'', sha256(''x''), ''rejected'', now())', 'provider_notice_rejected_has_event'),
    ('INSERT INTO provider_notice (tenant_id, channel, body_hash, verdict, judged_at) VALUES (77, ''sim'', sha256(''x''), ''lost'', now())', 'provider_notice_verdict_known'),
    ('INSERT INTO provider_event (tenant_id, channel, event_id, type, resolved_at) VALUES (77, ''sim'', ''x'', ''paid'', now())', 'provider_event_only_refusals_are_resolved'),
    ('INSERT INTO provider_event (tenant_id, channel, event_id, type, resolution) VALUES (77, ''sim'', ''x'', ''paid'', ''x'')', 'provider_event_resolved_has_time'),
    ('UPDATE mail SET dead = true, done_at = now() WHERE tenant_id = 77', 'mail_dead_is_not_done'),
    ('UPDATE mail SET order_id = 999999999 WHERE tenant_id = 77', 'mail_order_exists'),
    ('INSERT INTO terminal_transaction (tenant_id, transaction_id, kind, amount, currency) VALUES (77, ''T1'', ''charge'', 1, ''USD'')', 'terminal_transaction_pkey'),
    ('INSERT INTO terminal_transaction (tenant_id, transaction_id, kind, amount, currency) VALUES (77, ''T2'', ''gift'', 1, ''USD'')', 'terminal_transaction_kind_known'),
    ('INSERT INTO terminal_transaction (tenant_id, transaction_id, kind, amount, currency) VALUES (77, ''T2'', ''charge'', 0, ''USD'')', 'terminal_transaction_amount_in_range'),
    ('DELETE FROM orders WHERE id = $a', 'order_line_order_exists'),
    ('UPDATE order_line SET kind = ''gift'' WHERE order_id = $a', 'line_kind_known'),
    ('UPDATE order_line SET quantity = 0, subtotal = 0 WHERE order_id = $b', 'order_line_quantity_positive'),
    ('UPDATE order_line SET subtotal = 1 WHERE order_id = $b', 'order_line_subtotal_is_product'),
    ('UPDATE order_line SET unit_price = -1, subtotal = -1 WHERE order_id = $b', 'order_line_sign_fits_kind'),
    ('UPDATE order_line SET discount = 1001 WHERE order_id = $b', 'order_line_discount_within_subtotal'),
    ('UPDATE order_line SET tax = -1 WHERE order_id = $b', 'order_line_tax_not_negative'),
    ('UPDATE order_line SET refunded_quantity = 2 WHERE order_id = $b', 'order_line_refunded_within_quantity'),
    ('UPDATE order_line SET attributes = ''{}'' WHERE order_id = $b', 'json_array_is_array'),
    ('UPDATE order_line SET metadata = ''[]'' WHERE order_id = $b', 'json_object_is_object'),
    ('UPDATE order_line SET snapshot = ''[]'' WHERE order_id = $b', 'json_object_is_object'),
    ('INSERT INTO order_tax VALUES (77, $a, ''x'', 10001, 1)', 'order_tax_rate_between_0_and_100_percent'),
    ('INSERT INTO order_tax VALUES (77, $a, ''x'', 1, -1)', 'order_tax_amount_not_negative'),
    ('INSERT INTO order_address (tenant_id, order_id, kind, document) VALUES (77, $a, ''holiday'', ''{}'')', 'address_kind_known'),
    ('INSERT INTO order_address (tenant_id, order_id, kind, document) VALUES (77, $a, ''billing'', ''[]'')', 'json_object_is_object'),
    ('SELECT record_event(ROW(77, ''operator'', ''operator'', NULL, NULL, NULL, NULL), ''order'', $b, 2, now(), ARRAY[(''order'', ''cancelled'', ''open'')]::step[], NULL)', 'event_step_allowed'),
    ('SELECT record_event(ROW(77, ''user'', ''buyer'', NULL, NULL, NULL, NULL), ''order'', $b, 2, now(), ARRAY[(''payment'', ''unpaid'', ''closed''), (''order'', ''open'', ''expired'')]::step[], NULL)', 'event_step_allowed'),
    ('SELECT record_event(ROW(77, ''worker'', ''system'', NULL, NULL, NULL, NULL), ''order'', $b, 1, now(), ARRAY[(''order'', ''open'', ''expired'')]::step[], NULL)', 'event_pkey'),
    ('SELECT record_event(ROW(77, ''worker'', ''system'', NULL, NULL, NULL, NULL), ''parcel'', $b, 1, now(), ''{}'', NULL)', 'event_subject_known'),
    ('UPDATE payment SET status = ''lost'' WHERE id = $pa', 'payment_status_known'),
    ('UPDATE payment SET amount = 0, captured = 0, captured_at = NULL, status = ''failed'' WHERE id = $pa', 'payment_amount_positive'),
    ('UPDATE payment SET captured = 1 WHERE id = $pa', 'payment_captured_in_full_or_not'),
    ('UPDATE payment SET status = ''paid'' WHERE id = $pb', 'payment_paid_is_captured'),
    ('UPDATE payment SET captured_at = NULL WHERE id = $pa', 'payment_captured_has_time'),
    ('UPDATE payment SET refunding = 801 WHERE id = $pa', 'payment_refunds_within_captured'),
    ('UPDATE payment SET intent_id = ''i'', provider = ''p'' WHERE tenant_id = 77', 'payment_intent_unique'),
    ('UPDATE payment SET metadata = ''[]'' WHERE id = $pa', 'json_object_is_object'),
    ('INSERT INTO refund (tenant_id, order_id, payment_id, status, amount, currency, prior_state) VALUES (77, $a, $pa, ''done'', 5, ''USD'', ''paid'')', 'refund_settled_has_time'),
    ('INSERT INTO refund (tenant_id, order_id, payment_id, status, amount, currency, prior_state) VALUES (77, $a, $pa, ''pending'', 0, ''USD'', ''paid'')', 'refund_amount_positive'),
    ('INSERT INTO refund (tenant_id, order_id, payment_id, status, amount, currency, prior_state, settled_at) VALUES (77, $a, $pa, ''lost'', 5, ''USD'', ''paid'', now())', 'refund_status_known'),
    ('INSERT INTO refund (tenant_id, order_id, payment_id, status, amount, currency, prior_state) VALUES (77, $a, 999999999, ''pending'', 5, ''USD'', ''paid'')', 'refund_payment_exists'),
    ('INSERT INTO refund (tenant_id, order_id, payment_id, status, amount, currency, prior_state, lines) VALUES (77, $a, $pa, ''pending'', 5, ''USD'', ''paid'', ''{}'')', 'json_array_is_array'),
    ('INSERT INTO refund (tenant_id, order_id, payment_id, status, amount, currency, prior_state, metadata) VALUES (77, $a, $pa, ''pending'', 5, ''USD'', ''paid'', ''[]'')', 'json_object_is_object'),
    ('INSERT INTO order_return (tenant_id, order_id, state, reason) VALUES (77, $a, ''lost'', ''x'')', 'return_state_known'),
    ('UPDATE posting SET metadata = ''[]'' WHERE order_id = $a', 'json_object_is_object'),
    ('UPDATE posting SET entry_type = ''gift'' WHERE order_id = $a', 'entry_type_known'),
    ('INSERT INTO provider_transaction SELECT 77, ''p'', ''t'', ''capture'', $pa, NULL, 1, ''USD'' FROM generate_series(1, 2)', 'provider_transaction_unique'),
    ('INSERT INTO provider_transaction VALUES (77, ''p'', ''t'', ''refund'', $pa, NULL, 1, ''USD'')', 'provider_transaction_refund_names_refund'),
    ('INSERT INTO provider_event (tenant_id, channel, event_id, type) SELECT 77, ''sim'', ''e'', ''paid'' FROM generate_series(1, 2)', 'provider_event_unique'),
    ('INSERT INTO provider_event (tenant_id, channel, event_id, type, verdict, judged_at) VALUES (77, ''sim'', ''e'', ''paid'', ''lost'', now())', 'provider_event_verdict_known'),
    ('INSERT INTO provider_event (tenant_id, channel, event_id, type, verdict) VALUES (77, ''sim'', ''e'', ''paid'', ''done'')', 'provider_event_judged_has_time'),
    ('INSERT INTO provider_event (tenant_id, channel, event_id, type, verdict, judged_at) VALUES (77, ''sim'', ''e'', ''paid'', ''refused'', now())', 'provider_event_refused_has_word'),
    ('INSERT INTO provider_event (tenant_id, channel, event_id, type, reported_at) VALUES (77, ''sim'', ''e'', ''paid'', now())', 'provider_event_only_refusals_are_reported'),
    ('UPDATE coupon SET used = 3 WHERE tenant_id = 77 AND code = ''TWO''', 'coupon_used_within_limit'),
    ('UPDATE coupon SET code = '' '' WHERE tenant_id = 77 AND code = ''TWO''', 'coupon_code_is_visible'),
    ('UPDATE coupon SET percent_bp = 5 WHERE tenant_id = 77 AND code = ''TWO''', 'coupon_value_fits_kind'),
    ('UPDATE coupon_redemption SET state = ''lost'' WHERE order_id = $a', 'redemption_state_known'),
    ('UPDATE idempotency SET completed_at = NULL WHERE key = ''k'' AND tenant_id = 77', 'idempotency_completed_has_answer'),
    ('UPDATE idempotency SET answer = ''1'' WHERE key = ''k'' AND tenant_id = 77', 'kept_answer_is_document'),
    ('UPDATE idempotency SET key = '''' WHERE key = ''k'' AND tenant_id = 77', 'idempotency_key_length'),
    ('UPDATE idempotency SET key = repeat(''k'', 256) WHERE key = ''k'' AND tenant_id = 77', 'idempotency_key_length'),
    ('INSERT INTO transition VALUES (''mood'', ''a'', ''b'', ''buyer'', ''x'')', 'transition_axis_known'),
    ('INSERT INTO transition VALUES (''order'', ''a'', ''b'', ''cat'', ''x'')', 'transition_actor_known'),
    ('INSERT INTO currency VALUES (''usd'', 2, ''$'', ''x'')', 'currency_code_is_three_capitals'),
    ('INSERT INTO currency VALUES (''QQQ'', 5, ''$'', ''x'')', 'currency_exponent_is_0_to_4'),
    ('INSERT INTO plan (tenant_id, external_ref, slug, name, price, currency) VALUES (77, ''x'', ''x'', ''x'', -1, ''USD'')', 'plan_price_in_range'),
    ('INSERT INTO plan (tenant_id, external_ref, slug, name, price, currency) VALUES (77, ''x'', ''basic'', ''x'', 1, ''USD'')', 'plan_slug_unique'),
    ('UPDATE package SET rank = -1 WHERE tenant_id = 77', 'package_rank_not_negative'),
    ('UPDATE package SET duration_unit = ''moon'' WHERE tenant_id = 77', 'package_duration_unit_known'),
    ('UPDATE package SET duration_unit = NULL WHERE tenant_id = 77', 'package_duration_is_whole'),
    ('UPDATE package SET duration_value = 0 WHERE tenant_id = 77', 'package_duration_positive'),
    ('UPDATE package_term SET ends_at = starts_at WHERE tenant_id = 77', 'package_term_ends_after_start'),
    ('UPDATE package_term SET duration_unit = NULL WHERE tenant_id = 77', 'package_term_duration_is_whole'),
    ('INSERT INTO package_order (tenant_id, order_id, user_id, kind, package_id, duration_unit) SELECT 77, $a, pg_temp.uid(''alice''), ''purchase'', variant_id, ''day'' FROM package WHERE tenant_id = 77',
        'package_order_duration_is_whole'),
    ('UPDATE package_term SET anchor_day = 32 WHERE tenant_id = 77', 'package_term_anchor_is_day'),
    ('UPDATE package_term SET order_id = $a WHERE tenant_id = 77; INSERT INTO package_term (tenant_id, user_id, package_id, starts_at, anchor_day, order_id) SELECT 77, user_id, package_id, starts_at, anchor_day, $a FROM package_term WHERE tenant_id = 77',
        'package_term_one_per_order'),
    ('UPDATE member SET term_id = 999999999 WHERE tenant_id = 77', 'member_term_exists'),
    ('INSERT INTO package_order (tenant_id, order_id, user_id, kind, package_id) SELECT 77, $a, pg_temp.uid(''alice''), ''gift'', variant_id FROM package WHERE tenant_id = 77', 'package_order_kind_known'),
    ('INSERT INTO users (tenant_id, external_ref, name) VALUES (77, ''alice'', ''x'')', 'users_external_ref_unique'),
    ('INSERT INTO users (tenant_id, external_ref, name) VALUES (78, ''alice'', ''x'')', 'users_tenant_exists')
) AS c (sql, name);

-- PostgreSQL parses the CHECKs of a table for each statement that writes to it, and those of a domain once a session.
SELECT is((SELECT string_agg(c.conname, ' ') FROM pg_constraint c
           JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ALL (c.conkey)
           JOIN pg_type t ON t.oid = a.atttypid
           WHERE c.contype = 'c' AND c.connamespace = 'orders'::regnamespace
             AND c.conrelid::regclass::text IN ('orders', 'order_line', 'order_address', 'coupon_redemption', 'payment', 'refund', 'account', 'posting',
                 'event', 'idempotency', 'invoice', 'bill')
             AND t.typcategory <> 'N'), NULL, 'in the tables that requests write, a rule about one text or document is a domain');
-- A foreign key locks the referenced row. Rows written for an order must not lock a row that other orders need too.
SELECT is((SELECT string_agg(c.conname, ' ') FROM pg_constraint c
           WHERE c.contype = 'f' AND c.connamespace = 'orders'::regnamespace
             AND c.conrelid::regclass::text IN ('orders', 'order_line', 'order_tax', 'order_address', 'coupon_redemption', 'coupon_user', 'payment',
                 'refund', 'provider_transaction', 'provider_event', 'account', 'posting', 'idempotency', 'invoice', 'bill', 'shipment',
                 'shipment_event', 'order_return', 'return_line', 'package_order', 'package_term', 'mail', 'terminal_transaction', 'cart')
             AND c.confrelid::regclass::text NOT IN ('orders', 'users', 'order_line', 'payment', 'refund', 'shipment', 'order_return',
                 'package_term')), NULL, 'no row written for an order locks a row of the catalogue or the tenant');
-- The steps of the three axes, counted by actor, so that an added or missing step fails this test.
SELECT is((SELECT string_agg(DISTINCT to_state, ' ') FROM transition WHERE axis = 'order' AND from_state = 'completed'), 'cancelled', 'completed orders can only be cancelled');
SELECT is_empty($$SELECT * FROM transition WHERE axis = 'order' AND from_state = 'cancelled'$$, 'a cancelled order has no further step');
SELECT is_empty($$SELECT * FROM transition WHERE axis = 'payment' AND from_state = 'refunded'$$, 'a refunded payment state has no further step');
SELECT is((SELECT string_agg(DISTINCT from_state, ' ' ORDER BY from_state) FROM transition WHERE axis = 'payment' AND to_state = 'paid'), 'confirming failed refund_pending unpaid', 'the states from which an order can become paid');
SELECT is((SELECT string_agg(DISTINCT actor, ' ') FROM transition WHERE to_state = 'expired'), 'system', 'only the system expires orders');
-- Deleting a variant deletes its prices. A variant used by a cart or an order cannot be deleted.
DELETE FROM cart_line WHERE tenant_id = 77;
DELETE FROM variant WHERE tenant_id = 77 AND number = 'D-1';
SELECT is_empty($$SELECT FROM variant_price x WHERE NOT EXISTS (SELECT FROM variant v WHERE v.tenant_id = x.tenant_id AND v.id = x.variant_id)$$, 'prices are deleted with their variant');
SELECT * FROM finish();
ROLLBACK;
