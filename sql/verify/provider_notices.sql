-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:provider_notices on pg

SELECT 1;
