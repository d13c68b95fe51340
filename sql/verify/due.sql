-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:due on pg

SELECT tenant_id, kind, id, channel, due_at, attempts FROM orders.due WHERE false;
