-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:types from pg

DROP SCHEMA orders_v1 CASCADE;
