-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.take_numbers(p_tenant integer, p_series text, p_count integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_last integer;
BEGIN
    INSERT INTO orders.number_series AS s (tenant_id, series, last_number)
    VALUES (p_tenant, p_series, p_count)
    ON CONFLICT (tenant_id, series) DO UPDATE SET last_number = s.last_number + excluded.last_number
    RETURNING s.last_number INTO v_last;
    RETURN v_last;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.next_in_series(p_tenant integer, p_series text) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    RETURN orders_v1.take_numbers(p_tenant, p_series, 1);
END
$$;

COMMENT ON FUNCTION orders_v1.take_numbers IS
'Internal: takes p_count consecutive numbers of a gapless series; returns the last one. Locks the series until the end of the
transaction: call it late';
COMMENT ON FUNCTION orders_v1.next_in_series IS
'Internal: takes the next number of a gapless series. Locks the series until the end of the transaction: call it late';
