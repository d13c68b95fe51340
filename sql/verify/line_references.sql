-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:line_references on pg

SELECT (NULL::orders_v1.line_view).variant_ref;
