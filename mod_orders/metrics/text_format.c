/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/text_format.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    orders_metric_type_e type;
    const char *name, *help;
} families[] = {
#define X(id, kind, text, description) {ORDERS_METRIC_##kind, text, description},
    ORDERS_METRICS(X)
#undef X
};

static const char *const type_words[] = {
    [ORDERS_METRIC_COUNTER] = "counter",
    [ORDERS_METRIC_GAUGE] = "gauge",
    [ORDERS_METRIC_HISTOGRAM] = "histogram",
    [ORDERS_METRIC_INFO] = "info",
};

/** Suffixes of the samples. */
static const char *const sample_suffixes[] = {
    [ORDERS_METRIC_COUNTER] = "_total",
    [ORDERS_METRIC_GAUGE] = "",
    [ORDERS_METRIC_HISTOGRAM] = "",
    [ORDERS_METRIC_INFO] = "_info",
};

/* --- negotiation -------------------------------------------------------------------------------------------------- */

/** The quality of a media range in thousandths: its parameter q, 1000 without one, 0 if it is malformed. */
static int read_quality(const char *range, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const char *at = range + i + 1;
        char *end;
        double quality;

        if (range[i] != ';') {
            continue;
        }
        at += strspn(at, " \t");
        if (apr_tolower(*at) == 'q' && at[1] == '=') {
            quality = apr_isdigit(at[2]) ? strtod(at + 2, &end) : -1;
            return quality >= 0 && quality <= 1 ? (int)(quality * 1000) : 0;
        }
    }
    return 1000;
}

static bool is_range(const char *range, size_t length, const char *name)
{
    size_t name_length = strlen(name);

    return length >= name_length && !strncasecmp(range, name, name_length) &&
           (length == name_length || strchr("; \t", range[name_length]));
}

bool orders_metrics_prefers_open(const char *accept)
{
    int open = 0, text = 0;

    while (accept && *accept) {
        const size_t length = strcspn(accept, ",");
        const size_t blank = strspn(accept, " \t");
        const char *range = accept + (blank < length ? blank : length);
        const size_t left = length - (size_t)(range - accept);
        const int quality = read_quality(range, left);

        if (is_range(range, left, "application/openmetrics-text")) {
            open = quality > open ? quality : open;
        } else if (is_range(range, left, "text/plain")) {
            text = quality > text ? quality : text;
        }
        accept += length + (accept[length] == ',');
    }
    return open > 0 && open >= text;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void add(orders_metrics_writer_t *writer, const char *text)
{
    orders_bytes_add(&writer->out, text, strlen(text));
}

/** A label's value with its escapes. */
static void add_escaped(orders_metrics_writer_t *writer, const char *text)
{
    while (*text) {
        const size_t plain = strcspn(text, "\\\"\n");

        orders_bytes_add(&writer->out, text, plain);
        text += plain;
        if (*text) {
            add(writer, *text == '\n' ? "\\n" : *text == '"' ? "\\\"" : "\\\\");
            text++;
        }
    }
}

void orders_metrics_begin(orders_metrics_writer_t *writer, orders_metric_e family)
{
    const orders_metric_type_e type = families[family].type;
    const char *name = families[family].name;
    const char *suffix = writer->open_metrics ? "" : sample_suffixes[type];
    const size_t length = strlen(name);

    writer->family = family;
    add(writer, "# HELP ");
    add(writer, name);
    add(writer, suffix);
    add(writer, " ");
    add(writer, families[family].help);
    add(writer, "\n# TYPE ");
    add(writer, name);
    add(writer, suffix);
    add(writer, " ");
    add(writer, type == ORDERS_METRIC_INFO && !writer->open_metrics ? "gauge" : type_words[type]);
    add(writer, "\n");
    if (writer->open_metrics && length > 8 && !strcmp(name + length - 8, "_seconds")) {
        add(writer, "# UNIT ");
        add(writer, name);
        add(writer, " seconds\n");
    }
}

static void add_label(orders_metrics_writer_t *writer, const char *name, const char *value,
                      bool *first)
{
    if (value) {
        add(writer, *first ? "{" : ",");
        add(writer, name);
        add(writer, "=\"");
        add_escaped(writer, value);
        add(writer, "\"");
        *first = false;
    }
}

/** Name and labels of a sample. `bound`: value of the label le, or NULL. */
static void add_head(orders_metrics_writer_t *writer, const char *suffix,
                     const orders_metric_label_t labels[ORDERS_MAX_LABELS], const char *bound)
{
    bool first = true;

    add(writer, families[writer->family].name);
    add(writer, suffix);
    for (int i = 0; i < ORDERS_MAX_LABELS; i++) {
        add_label(writer, labels[i].name, labels[i].value, &first);
    }
    add_label(writer, "le", bound, &first);
    add(writer, first ? " " : "} ");
}

static void add_integer(orders_metrics_writer_t *writer, int64_t value)
{
    char text[24];

    (void)apr_snprintf(text, sizeof text, "%" APR_INT64_T_FMT "\n", (apr_int64_t)value);
    add(writer, text);
}

static void add_seconds(orders_metrics_writer_t *writer, int64_t microseconds)
{
    char text[32];
    const uint64_t size = microseconds < 0 ? -(uint64_t)microseconds : (uint64_t)microseconds;

    (void)apr_snprintf(text, sizeof text, "%s%" APR_UINT64_T_FMT ".%06u\n",
                       microseconds < 0 ? "-" : "", (apr_uint64_t)(size / 1000000),
                       (unsigned)(size % 1000000));
    add(writer, text);
}

void orders_metrics_write_count(orders_metrics_writer_t *writer,
                                const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                                uint64_t value)
{
    orders_metrics_write_int(writer, labels, (int64_t)value);
}

void orders_metrics_write_int(orders_metrics_writer_t *writer,
                              const orders_metric_label_t labels[ORDERS_MAX_LABELS], int64_t value)
{
    add_head(writer, sample_suffixes[families[writer->family].type], labels, NULL);
    add_integer(writer, value);
}

void orders_metrics_write_seconds(orders_metrics_writer_t *writer,
                                  const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                                  int64_t microseconds)
{
    add_head(writer, sample_suffixes[families[writer->family].type], labels, NULL);
    add_seconds(writer, microseconds);
}

void orders_metrics_write_histogram(orders_metrics_writer_t *writer,
                                    const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                                    const orders_histogram_t *histogram)
{
    static const char *const bounds[] = {
#define X(bound, label) label,
        ORDERS_BUCKETS(X)
#undef X
            "+Inf"};
    uint64_t sum = 0;

    for (size_t i = 0; i < ORDERS_BUCKET__COUNT; i++) {
        sum += orders_metrics_load(&histogram->bucket[i]);
        add_head(writer, "_bucket", labels, bounds[i]);
        add_integer(writer, (int64_t)sum);
    }
    add_head(writer, "_sum", labels, NULL);
    add_seconds(writer, (int64_t)orders_metrics_load(&histogram->sum));
    add_head(writer, "_count", labels, NULL);
    add_integer(writer, (int64_t)sum);
}

void orders_metrics_end(orders_metrics_writer_t *writer)
{
    if (writer->open_metrics) {
        add(writer, "# EOF\n");
    }
}
