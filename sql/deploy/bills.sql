-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:bills to pg

BEGIN;
SET LOCAL ROLE orders_owner;

-- One counter a series and month, without gaps: it is locked to the end of the transaction, so that it comes last.
CREATE FUNCTION orders.bill_order(o orders.orders) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_series   text := (SELECT t.bill_series FROM orders.tenant t WHERE t.id = o.tenant_id)
                       || to_char(now() AT TIME ZONE 'UTC', '-YYYY-MM');
    v_sequence integer;
    v_number   text;
BEGIN
    SELECT x.bill_no INTO v_number FROM orders.orders x WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
    IF v_number IS NULL THEN
        v_sequence := orders.next_in_series(o.tenant_id, v_series);
        v_number := v_series || '-' || orders.digits(v_sequence, 4);
        UPDATE orders.orders x SET bill_series = v_series, bill_sequence = v_sequence, bill_no = v_number
        WHERE x.tenant_id = o.tenant_id AND x.id = o.id;
    END IF;
    RETURN v_number;
END
$$;

-- What it all means

COMMENT ON FUNCTION orders.bill_order IS
'Internal: the bill number of a locked order, taken now unless it has one: series of the tenant, year, month and a number
without gaps. The series is the last lock';

COMMIT;
