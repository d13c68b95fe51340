-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:domains to pg
--
-- Rules about the value of one column in the tables that requests write. Domains cost less than CHECKs of a table: PostgreSQL parses the
-- CHECKs of a table for each statement that writes to it, but those of a domain once per session. An UPDATE evaluates all CHECKs of the
-- table, but only the domains of the columns that it sets. Rules about several columns, amounts and integers are CHECKs of the tables.
-- A CHECK of an integer costs little, and a polymorphic function such as is() of pgTAP does not accept a domain together with an integer.
--
-- The view of orders casts these columns to the base type, which is the type that its readers see (sql/deploy/views.sql).

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE DOMAIN orders.json_object AS jsonb CONSTRAINT json_object_is_object CHECK (jsonb_typeof(VALUE) = 'object');

CREATE DOMAIN orders.json_array AS jsonb CONSTRAINT json_array_is_array CHECK (jsonb_typeof(VALUE) = 'array');

CREATE DOMAIN orders.kept_answer AS jsonb CONSTRAINT kept_answer_is_document CHECK (jsonb_typeof(VALUE) IN ('object', 'array'));

CREATE DOMAIN orders.currency_code AS text CONSTRAINT currency_code_has_three_letters CHECK (length(VALUE) = 3);

CREATE DOMAIN orders.order_number AS text COLLATE "C" CONSTRAINT order_number_is_upper_case CHECK (VALUE = upper(VALUE));

CREATE DOMAIN orders.order_notes AS text CONSTRAINT order_notes_length CHECK (length(VALUE) <= 2000);

CREATE DOMAIN orders.idempotency_key AS text CONSTRAINT idempotency_key_length CHECK (length(VALUE) BETWEEN 1 AND 255);

CREATE DOMAIN orders.api AS text CONSTRAINT api_known CHECK (
    VALUE IN ('user', 'company', 'shop', 'customer', 'commerce'));

CREATE DOMAIN orders.order_state AS text CONSTRAINT order_state_known CHECK (
    VALUE IN ('open', 'completed', 'cancelled', 'expired', 'error'));

CREATE DOMAIN orders.payment_state AS text CONSTRAINT payment_state_known CHECK (
    VALUE IN ('unpaid', 'confirming', 'paid', 'failed', 'closed', 'refund_pending', 'partially_refunded', 'refunded'));

CREATE DOMAIN orders.fulfilment_state AS text CONSTRAINT fulfilment_state_known CHECK (
    VALUE IN ('none', 'pending', 'confirmed', 'packed', 'shipped', 'out_for_delivery', 'delivered', 'returned'));

CREATE DOMAIN orders.line_kind AS text CONSTRAINT line_kind_known CHECK (
    VALUE IN ('plan', 'product', 'package', 'shipping', 'discount', 'tax', 'voucher'));

CREATE DOMAIN orders.payment_status AS text CONSTRAINT payment_status_known CHECK (
    VALUE IN ('created', 'pending', 'confirming', 'paid', 'failed', 'closed'));

CREATE DOMAIN orders.entry_type AS text CONSTRAINT entry_type_known CHECK (
    VALUE IN ('purchase', 'refund', 'top_up', 'correction'));

CREATE DOMAIN orders.refund_status AS text CONSTRAINT refund_status_known CHECK (VALUE IN ('pending', 'done', 'failed'));

CREATE DOMAIN orders.redemption_state AS text CONSTRAINT redemption_state_known CHECK (
    VALUE IN ('reserved', 'applied', 'released'));

CREATE DOMAIN orders.address_kind AS text CONSTRAINT address_kind_known CHECK (VALUE IN ('billing', 'shipping'));

CREATE DOMAIN orders.event_subject AS text CONSTRAINT event_subject_known CHECK (VALUE IN ('order'));

CREATE DOMAIN orders.return_state AS text CONSTRAINT return_state_known CHECK (
    VALUE IN ('requested', 'approved', 'received', 'refunded', 'rejected'));

COMMENT ON DOMAIN orders.json_object IS 'A JSON object';
COMMENT ON DOMAIN orders.json_array IS 'A JSON array';
COMMENT ON DOMAIN orders.kept_answer IS 'A stored response: a JSON object, or an array of objects for several rows';
COMMENT ON DOMAIN orders.currency_code IS 'ISO 4217 code of the currency of an order';
COMMENT ON DOMAIN orders.order_number IS 'Number of an order, in capitals';
COMMENT ON DOMAIN orders.order_notes IS 'Free text of a buyer, at most 2000 characters';
COMMENT ON DOMAIN orders.idempotency_key IS 'Idempotency key of a client';
COMMENT ON DOMAIN orders.api IS 'APIs that orders are placed through';
COMMENT ON DOMAIN orders.order_state IS 'States of the order axis';
COMMENT ON DOMAIN orders.payment_state IS 'States of the payment axis';
COMMENT ON DOMAIN orders.fulfilment_state IS 'States of the fulfilment axis';
COMMENT ON DOMAIN orders.line_kind IS 'Kinds of order lines';
COMMENT ON DOMAIN orders.payment_status IS 'States of one payment';
COMMENT ON DOMAIN orders.entry_type IS 'Kinds of postings';
COMMENT ON DOMAIN orders.refund_status IS 'States of one refund';
COMMENT ON DOMAIN orders.redemption_state IS 'States of the use of a coupon by an order';
COMMENT ON DOMAIN orders.address_kind IS 'Kinds of addresses of an order';
COMMENT ON DOMAIN orders.event_subject IS 'Kinds of subjects of events';
COMMENT ON DOMAIN orders.return_state IS 'States of a return';

COMMIT;
