-- SPDX-License-Identifier: Apache-2.0
-- Invoices by their number.

CREATE OR REPLACE FUNCTION orders_v1.read_invoice(p_tenant integer, p_number text) RETURNS SETOF orders_v1.printable_invoice
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    i orders.invoice;
BEGIN
    SELECT * INTO i FROM invoice x WHERE x.tenant_id = p_tenant AND x.number = orders.code_key(p_number);
    IF FOUND THEN
        RETURN NEXT invoice_row(i);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION orders_v1.read_own_invoice(p_tenant integer, p_user bigint, p_order_number text, p_number text)
RETURNS SETOF orders_v1.printable_invoice
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = orders, orders_v1, pg_temp AS $$
DECLARE
    i orders.invoice;
BEGIN
    SELECT x.* INTO i
    FROM invoice x
    JOIN orders o ON o.tenant_id = p_tenant AND o.id = x.order_id
    WHERE x.tenant_id = p_tenant AND x.number = orders.code_key(p_number) AND o.number = orders.code_key(p_order_number)
      AND (o.buyer_id = p_user
           OR role_in(p_tenant, p_user, o.retailer_id) IS NOT NULL);
    IF FOUND THEN
        RETURN NEXT invoice_row(i);
    END IF;
END
$$;

GRANT EXECUTE ON FUNCTION
    orders_v1.read_invoice(integer, text),
    orders_v1.read_own_invoice(integer, bigint, text, text)
    TO orders_api;

COMMENT ON FUNCTION orders_v1.read_invoice IS 'The invoice with this number and its document; no row: there is none';
COMMENT ON FUNCTION orders_v1.read_own_invoice IS
'The invoice with this number and its document, for the buyer of the order and members of the selling company; no row: there is
none';
