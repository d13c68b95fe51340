-- SPDX-License-Identifier: Apache-2.0

CREATE OR REPLACE FUNCTION orders_v1.payable_unit(p_tenant integer, p_channel text, p_currency text, p_exponent integer) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_channel IS NULL THEN
        RETURN 1;
    END IF;
    RETURN coalesce((SELECT coalesce((n.payable_units ->> p_currency)::bigint, power(10, greatest(p_exponent - c.decimals, 0))::bigint)
                     FROM orders.payment_channel n
                     LEFT JOIN orders.provider_currency c ON c.provider = n.provider AND c.currency = coalesce(p_currency, '')
                     WHERE n.tenant_id = p_tenant AND n.external_ref = p_channel), 1);
END
$$;

COMMENT ON FUNCTION orders_v1.payable_unit IS
'The smallest amount, in minor units, that a channel can charge and refund in a currency; 1 by default';
