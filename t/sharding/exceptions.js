// SPDX-License-Identifier: Apache-2.0
//
// Accepted violations, each with its reason. An entry that matches no violation fails the check.
'use strict';

// rule, names of functions, views, statements or files, reason
const exceptions = [
    ['tenant', 'metric_values tenants tenants_to_bill tenants_to_reconcile tenants_with_due tenants_with_events', 'The worker asks for all tenants.'],
    ['dynamic', 'analyze_grown', 'ANALYZE takes no parameter; the name comes from pg_class.'],
    ['dynamic', 'skip_ids', 'CREATE FUNCTION takes no parameter; the body is a number.'],
];

// [rule, name, reason]
module.exports = exceptions.flatMap(([rule, names, reason]) => names.split(' ').map((name) => [rule, name, reason]));
