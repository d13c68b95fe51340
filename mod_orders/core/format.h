/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Formats of strings for field tables. Each equals the rule of an SQL domain or function for the same value.
 */
#ifndef ORDERS_CORE_FORMAT_H
#define ORDERS_CORE_FORMAT_H

#include "core/fields.h"

/** See orders_is_mail_address(). */
extern const orders_format_t orders_format_mail;
/** An http or https URL without whitespace. */
extern const orders_format_t orders_format_url;
/** ISO 8601 with an offset, from the year 1 to the year 9999 in UTC. */
extern const orders_format_t orders_format_time;
/** A day, such as 2026-11-29. */
extern const orders_format_t orders_format_day;
/** A day, such as 2026-11-29, or an ISO 8601 time with an offset. */
extern const orders_format_t orders_format_day_or_time;
/** A language tag in lower case: "en", "zh-hant". */
extern const orders_format_t orders_format_language;
/** A name in URLs and settings: 1 to 64 lower-case letters, digits, _ and -. */
extern const orders_format_t orders_format_slug;
/** A pattern of types of events: *, order.* or order.paid. At most 100 characters. */
extern const orders_format_t orders_format_event_pattern;
/** 1 to 50 such patterns, separated by commas. */
extern const orders_format_t orders_format_event_patterns;

#endif
