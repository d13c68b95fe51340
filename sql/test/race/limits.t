#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Limited coupons and balances.
. "$(dirname "$0")/../lib/race.sh"
shop
together 40 "$(buy u@ manual "'TEN'" NULL)"
is "$(answers '^order')" 10 'a coupon of 10 uses is used 10 times by 40 buyers'
is "$(answers coupon_used_up)" 30 'the other 30 buyers are refused'

together 20 "$(buy u1 balance NULL NULL)"
is "$(answers '^order')" 5 'a balance for 5 orders pays 5 of 20'
is "$(answers insufficient_balance)" 15 'the other 15 orders are refused'
is "$(q "SELECT balance FROM orders.account WHERE tenant_id = $tenant AND user_id = $(user u1)")" 0 'the balance is 0'

order=$(q "$(buy u2 balance NULL NULL)" | cut -d' ' -f2)
together 30 "SELECT outcome FROM orders_v1.refund($tenant, 'operator', 'operator', NULL, 'refund', NULL, NULL, $order, 30, NULL, 'race', 30, NULL)"
is "$(answers '^done')" 3 'of 30 refunds of 30 for an order of 100, 3 succeed'
is "$(answers refund_exceeds_captured)" 27 'the other 27 refunds are refused'
is "$(q "SELECT balance FROM orders.account WHERE tenant_id = $tenant AND user_id = $(user u2)")" 490 'the balance is credited with 90'

# A limit set while a coupon is being used counts every use.
together 20 "$(buy u@ manual "'FREE'" NULL); SELECT outcome FROM orders_v1.catalogue_upsert($tenant, 'operator', 'system', NULL, 'put', NULL, NULL, 'coupons', 'free', '{\"percent_bp\": 1000, \"max_uses\": 100}') WHERE @ = 7"
is "$(answers '^order')" 20 'orders succeed while a limit is set'
is "$(q "SELECT used FROM orders.coupon WHERE tenant_id = $tenant AND code_key = 'FREE'")" 20 'the coupon counts all 20 uses'
finish
