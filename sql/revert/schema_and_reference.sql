-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:schema_and_reference from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP FUNCTION orders.new_public_id;
DROP FUNCTION orders.code_key;
DROP TABLE orders.tenant;
DROP TABLE orders.currency;
DROP SCHEMA orders_check;
DROP SCHEMA orders;
ALTER DEFAULT PRIVILEGES FOR ROLE orders_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
DO $$
BEGIN
    EXECUTE format('REVOKE CREATE ON DATABASE %I FROM orders_owner', current_database());
END
$$;

COMMIT;
