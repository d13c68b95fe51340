-- SPDX-License-Identifier: Apache-2.0
-- Values of imported documents, and the users, companies, catalogue entries and numbers that they name. imports.sql calls these functions.

CREATE OR REPLACE FUNCTION orders_v1.refuse_import(p_code text, p_field text, p_detail text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_v1.refuse(CASE p_code WHEN 'order_exists' THEN '409' ELSE '422' END, p_code, p_detail, p_field);
END
$$;

-- The clocks of two servers may differ by a few seconds.
CREATE OR REPLACE FUNCTION orders_v1.import_time(d jsonb, p_field text, p_path text, p_default timestamptz DEFAULT NULL, p_future boolean DEFAULT false)
RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_time timestamptz := coalesce((d ->> p_field)::timestamptz, p_default);
BEGIN
    IF v_time < '1970-01-01T00:00:00Z' OR v_time > (CASE WHEN p_future THEN '9999-01-01T00:00:00Z' ELSE now() + interval '1 minute' END) THEN
        PERFORM orders_v1.refuse_import('invalid_field', p_path || p_field,
                                        CASE WHEN p_future THEN 'Must be from 1970 to 9998.' ELSE 'Must be from 1970 to now.' END);
    END IF;
    RETURN v_time;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_number(d jsonb, p_field text, p_path text, p_least bigint, p_most bigint, p_default bigint DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_number bigint := coalesce(orders_v1.doc_integer(d, p_field, p_least, p_most, p_path), p_default);
BEGIN
    IF v_number IS NULL THEN
        PERFORM orders_v1.refuse_import('required_field', p_path || p_field, 'This field is required.');
    END IF;
    RETURN v_number;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_array(d jsonb, p_field text) RETURNS jsonb[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF jsonb_typeof(d -> p_field) IS DISTINCT FROM 'array' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT jsonb_array_elements(d -> p_field));
END
$$;

-- A user that exists is not changed.
CREATE OR REPLACE FUNCTION orders_v1.import_user(p_tenant integer, d jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_id  bigint;
    v_ref text := d ->> 'ref';
BEGIN
    IF v_ref IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT u.id INTO v_id FROM orders.users u WHERE u.tenant_id = p_tenant AND u.external_ref = v_ref;
    IF NOT FOUND THEN
        INSERT INTO orders.users (tenant_id, external_ref, name, email) VALUES (p_tenant, v_ref, coalesce(d ->> 'name', v_ref), d ->> 'email')
        ON CONFLICT DO NOTHING
        RETURNING id INTO v_id;
        IF NOT FOUND THEN -- a concurrent request has created it
            SELECT u.id INTO v_id FROM orders.users u WHERE u.tenant_id = p_tenant AND u.external_ref = v_ref;
        END IF;
    END IF;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_company(p_tenant integer, d jsonb) RETURNS orders.company LANGUAGE plpgsql AS $$
DECLARE
    k orders.company;
BEGIN
    IF d ->> 'ref' IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT * INTO k FROM orders.company x WHERE x.tenant_id = p_tenant AND x.external_ref = d ->> 'ref';
    IF NOT FOUND AND num_nulls(d ->> 'name', d ->> 'prefix') > 0 THEN
        PERFORM orders_v1.refuse_import('company_not_found', 'company', 'There is no such company. Name and prefix would create it.');
    ELSIF NOT FOUND THEN
        PERFORM orders_v1.check_company_prefix(p_tenant, d ->> 'prefix', NULL, 'company.prefix');
        INSERT INTO orders.company (tenant_id, external_ref, name, prefix) VALUES (p_tenant, d ->> 'ref', d ->> 'name', d ->> 'prefix')
        ON CONFLICT DO NOTHING
        RETURNING * INTO k;
        IF NOT FOUND THEN
            SELECT * INTO k FROM orders.company x WHERE x.tenant_id = p_tenant AND x.external_ref = d ->> 'ref';
            IF NOT FOUND THEN
                PERFORM orders_v1.refuse_import('invalid_field', 'company.prefix', 'Another company has this prefix.');
            END IF;
        END IF;
    END IF;
    RETURN k;
END
$$;

-- The entry of the catalogue that a line refers to, by product and name of the variant, or by plan. p_package: only a package.
CREATE OR REPLACE FUNCTION orders_v1.import_item(
    p_tenant integer, p_kind text, p_ref text, p_variant text, OUT item bigint, OUT product bigint, OUT company bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_ref IS NULL THEN
        RETURN;
    ELSIF p_kind = 'plan' THEN
        SELECT p.id INTO item FROM orders.plan p WHERE p.tenant_id = p_tenant AND p.external_ref = p_ref;
    ELSIF p_kind IN ('product', 'package') THEN
        SELECT v.id, p.id, p.company_id INTO item, product, company
        FROM orders.product p
        JOIN orders.variant v ON v.tenant_id = p_tenant AND v.product_id = p.id AND v.name IS NOT DISTINCT FROM p_variant
        WHERE p.tenant_id = p_tenant AND p.external_ref = p_ref
          AND (p_kind = 'product' OR orders_v1.is_package(p_tenant, v.id))
        ORDER BY v.id LIMIT 1;
    END IF;
END
$$;

-- A copy of a product gets the ids of this database, if the product is in its catalogue.
CREATE OR REPLACE FUNCTION orders_v1.snapshot_with_ids(
    p_snapshot jsonb, p_attributes jsonb, p_item bigint, p_product bigint, p_company bigint
) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    s jsonb := orders_v1.snapshot_without_ids(p_snapshot, p_attributes);
BEGIN
    IF p_company IS NOT NULL AND jsonb_typeof(s -> 'company') = 'object' THEN
        s := jsonb_set(s, '{company,id}', to_jsonb(p_company));
    END IF;
    IF p_product IS NOT NULL AND jsonb_typeof(s -> 'item') = 'object' THEN
        s := jsonb_set(s, '{item,id}', to_jsonb(p_product));
    END IF;
    IF p_item IS NOT NULL AND coalesce(p_attributes, '[]') = '[]' AND jsonb_typeof(s #> '{variants,0}') = 'object' THEN
        s := jsonb_set(s, '{variants,0,id}', to_jsonb(p_item));
    END IF;
    RETURN s;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.plan_snapshot_with_ids(p_tenant integer, p_snapshot jsonb, p_plan bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    s        jsonb := orders_v1.snapshot_without_ids(p_snapshot, NULL);
    v_option bigint;
BEGIN
    IF p_plan IS NULL OR s IS NULL THEN
        RETURN s;
    END IF;
    SELECT b.id INTO v_option FROM orders.billing_option b
    WHERE b.tenant_id = p_tenant AND b.plan_id = p_plan AND b.name = s ->> 'billing_option_name'
    ORDER BY b.id LIMIT 1;
    RETURN s || jsonb_build_object('id', p_plan) || CASE WHEN v_option IS NULL THEN '{}' ELSE jsonb_build_object('billing_option_id', v_option) END;
END
$$;

-- A number of an own format stays in its series, which continues above it. The series is the last lock.
CREATE OR REPLACE FUNCTION orders_v1.take_imported_number(p_tenant integer, p_series text, p_sequence integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders.number_series AS s (tenant_id, series, last_number, skipped) VALUES (p_tenant, p_series, p_sequence, p_sequence - 1)
    ON CONFLICT (tenant_id, series) DO UPDATE
        SET last_number = greatest(s.last_number, p_sequence),
            skipped = s.skipped + CASE WHEN p_sequence > s.last_number THEN p_sequence - s.last_number - 1 ELSE -1 END;
END
$$;

-- A bill has a number of its own: SERIES-yyyy-mm-0001 is a number of that series, any other text a number of another system.
CREATE OR REPLACE FUNCTION orders_v1.import_bill(o orders.orders, d jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_parts    text[] := regexp_match(d ->> 'number', '^([A-Z0-9]{1,12}-[0-9]{4}-[0-9]{2})-([0-9]{4,9})$');
    v_series   text := v_parts[1];
    v_sequence integer := v_parts[2];
    v_at       timestamptz := orders_v1.import_time(d, 'created_at', 'bill.', o.paid_at);
    v_foreign  text;
BEGIN
    IF EXISTS (SELECT FROM orders.imported_order i WHERE i.tenant_id = o.tenant_id AND i.bill_number = d ->> 'number')
       OR EXISTS (SELECT FROM orders.bill b WHERE b.tenant_id = o.tenant_id AND b.series = v_series AND b.sequence = v_sequence) THEN
        PERFORM orders_v1.refuse_taken('bill.number');
    ELSIF v_sequence > 0 AND orders_v1.bill_number(v_series, v_sequence) = d ->> 'number' THEN
        PERFORM orders_v1.take_imported_number(o.tenant_id, v_series, v_sequence);
    ELSE
        v_foreign := d ->> 'number';
        v_series := 'imported bill';
        v_sequence := orders_v1.next_in_series(o.tenant_id, v_series);
    END IF;
    v_at := coalesce(v_at, o.created_at);
    INSERT INTO orders.bill (tenant_id, order_id, series, sequence, snapshot, created_at)
    VALUES (o.tenant_id, o.id, v_series, v_sequence,
            coalesce(nullif(d -> 'parties', 'null'), orders_v1.document_parties(o.tenant_id, o.id, o.buyer_id, o.retailer_id, v_at)), v_at);
    RETURN v_foreign;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_invoice(o orders.orders, p_prefix text, d jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_prefix   text   := coalesce(p_prefix, (SELECT t.invoice_series FROM orders.tenant t WHERE t.id = o.tenant_id));
    v_parts    text[] := regexp_match(d ->> 'number', '^' || v_prefix || '[0-9]{6}([0-9]{6,9})IN$');
    v_series   text := 'invoice ' || coalesce(o.retailer_id::text, 'tenant');
    v_sequence integer := v_parts[1];
    v_at       timestamptz := coalesce(orders_v1.import_time(d, 'created_at', 'invoice.', o.paid_at), o.created_at);
    v_document jsonb := nullif(d -> 'document', 'null');
BEGIN
    IF EXISTS (SELECT FROM orders.invoice i WHERE i.tenant_id = o.tenant_id AND i.number = d ->> 'number') THEN
        PERFORM orders_v1.refuse_taken('invoice.number');
    ELSIF v_document IS NULL THEN
        v_document := orders_v1.invoice_document(o, d ->> 'number', orders_v1.document_parties(o.tenant_id, o.id, o.buyer_id, o.retailer_id, v_at));
    ELSIF (v_document ->> 'total', v_document ->> 'currency', v_document ->> 'number') IS DISTINCT FROM (o.total::text, o.currency::text, d ->> 'number') THEN
        PERFORM orders_v1.refuse_import('amount_mismatch', 'invoice.document', 'Number, currency and total must be those of the invoice and the order.');
    END IF;
    IF v_sequence > 0 AND NOT EXISTS (SELECT FROM orders.invoice i
                                      WHERE i.tenant_id = o.tenant_id AND i.series = v_series AND i.sequence = v_sequence) THEN
        PERFORM orders_v1.take_imported_number(o.tenant_id, v_series, v_sequence);
    ELSE
        v_series := 'imported invoice';
        v_sequence := orders_v1.next_in_series(o.tenant_id, v_series);
    END IF;
    INSERT INTO orders.invoice (tenant_id, order_id, company_id, series, sequence, number, document, created_at)
    VALUES (o.tenant_id, o.id, o.retailer_id, v_series, v_sequence, d ->> 'number', v_document, v_at);
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.import_json(d jsonb, p_field text, p_default jsonb DEFAULT NULL) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(nullif(d -> p_field, 'null'), p_default)
$$;

-- The texts of members that have a fixed place are checked by the module.
-- The catalogue refuses such references too: users and companies that an import creates can be read and changed there.
CREATE OR REPLACE FUNCTION orders_v1.check_imported_keys(d jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_field text;
BEGIN
    SELECT x.field INTO v_field
    FROM (VALUES ('number', d ->> 'number'), ('user.ref', d #>> '{user,ref}'), ('agent.ref', d #>> '{agent,ref}'),
                 ('company.ref', d #>> '{company,ref}')) AS x (field, value)
    WHERE x.value <> btrim(x.value)
    LIMIT 1;
    IF FOUND THEN
        PERFORM orders_v1.refuse_import('invalid_field', v_field, 'Must not start or end with a space.');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.check_imported_texts(d jsonb) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_field text;
BEGIN
    SELECT x.field INTO v_field
    FROM (SELECT 'addresses' AS field, d -> 'addresses' AS json
          UNION ALL SELECT 'snapshot', d -> 'snapshot'
          UNION ALL SELECT 'bill.parties', d #> '{bill,parties}'
          UNION ALL SELECT 'invoice.document', d #> '{invoice,document}'
          UNION ALL SELECT format('lines[%s].%s', l.n - 1, m.name), l.value -> m.name
                    FROM jsonb_array_elements(CASE jsonb_typeof(d -> 'lines') WHEN 'array' THEN d -> 'lines' ELSE '[]' END) WITH ORDINALITY AS l (value, n)
                    CROSS JOIN unnest('{snapshot,attributes}'::text[]) AS m (name)) AS x
    WHERE orders_v1.has_controls_within(x.json)
    LIMIT 1;
    IF FOUND THEN
        PERFORM orders_v1.refuse_import('invalid_field', v_field, 'Must not contain control characters.');
    END IF;
END
$$;

COMMENT ON FUNCTION orders_v1.refuse_import IS 'Internal: refuses a line of an import. OR409 order_exists, otherwise OR422 with the code';
COMMENT ON FUNCTION orders_v1.import_time IS
'Internal: a time of an imported document, p_default when it is absent. p_future: whether it may be in the future. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.import_number IS
'Internal: a number of an imported document, p_default when it is absent. OR422 required_field without a default, invalid_field';
COMMENT ON FUNCTION orders_v1.import_array IS 'Internal: the elements of an array of an imported document; none when it is absent';
COMMENT ON FUNCTION orders_v1.import_json IS 'Internal: a member of an imported document, p_default when it is absent or null';
COMMENT ON FUNCTION orders_v1.import_user IS 'Internal: the id of the user {ref, name, email}, who is created if needed; NULL: none';
COMMENT ON FUNCTION orders_v1.import_company IS
'Internal: the company {ref, name, prefix}, which is created if needed; NULL: none. OR422 company_not_found, invalid_field';
COMMENT ON FUNCTION orders_v1.import_item IS
'Internal: the plan, or the variant with its product and company, that a line refers to; NULL: it is not in the catalogue';
COMMENT ON FUNCTION orders_v1.snapshot_with_ids IS 'Internal: the copy of a product as it was sold, with the ids of this database where they are known';
COMMENT ON FUNCTION orders_v1.plan_snapshot_with_ids IS 'Internal: the copy of a plan as it was sold, with the ids of this database where they are known';
COMMENT ON FUNCTION orders_v1.take_imported_number IS
'Internal: takes a number of a gapless series that an imported document has. A number above the counter raises it. Locks the series: call it late';
COMMENT ON FUNCTION orders_v1.import_bill IS
'Internal: stores the bill {number, created_at, parties} of an imported order; returns its number unless it is one of a series. OR422 invalid_field';
COMMENT ON FUNCTION orders_v1.import_invoice IS
'Internal: stores the invoice {number, created_at, document} of an imported order. p_prefix: of the company; NULL: the tenant''s. OR422 invalid_field, amount_mismatch';
COMMENT ON FUNCTION orders_v1.check_imported_keys IS
'Internal: OR422 invalid_field when the number or a reference of an imported order starts or ends with a space';
COMMENT ON FUNCTION orders_v1.check_imported_texts IS
'Internal: OR422 invalid_field when an address, a snapshot or a document of an imported order has control characters';
