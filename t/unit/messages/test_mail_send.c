/* SPDX-License-Identifier: Apache-2.0 */
/* Mails sent to a mail server (t/lib/mail-server), and to sockets that never respond. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <jansson.h>

#include "messages/mail.h"
#include "net/http_client.h"

static apr_pool_t *pool;

/** The mail server. `mailer.url` is NULL if none is installed. */
static struct {
    pid_t pid;
    FILE *to, *from;
    const char *smtps, *plain;
    orders_mailer_t mailer;
} server;

static json_t *hear(void)
{
    char *line = NULL;
    size_t size = 0;
    json_t *heard = NULL;

    if (getline(&line, &size, server.from) > 0) {
        heard = json_loads(line, JSON_DECODE_ANY, NULL);
    }
    free(line);
    return heard;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? apr_pstrdup(pool, text) : "(none)";
}

static bool run_server(void)
{
    const char *directory = getenv("srcdir");
    const char *program =
        apr_pstrcat(pool, directory ? directory : ".", "/t/lib/mail-server", NULL);
    int to[2], from[2];

    if (pipe(to) || pipe(from)) {
        return false;
    }
    server.pid = fork();
    if (server.pid == 0) {
        close(to[1]);
        close(from[0]);
        if (dup2(to[0], STDIN_FILENO) >= 0 && dup2(from[1], STDOUT_FILENO) >= 0) {
            execlp("perl", "perl", program, (char *)NULL);
        }
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    server.to = fdopen(to[1], "w");
    server.from = fdopen(from[0], "r");
    return server.to && server.from;
}

static int start(void **state)
{
    json_t *where;

    if (apr_pool_create(&pool, NULL) || !run_server()) {
        return -1;
    }
    where = hear();
    if (!where) {
        return -1;
    }
    if (json_is_object(where)) {
        server.mailer = (orders_mailer_t){.url = member(where, "url"),
                                          .from = "shop@example.com",
                                          .from_name = "Čajovna U Lípy",
                                          .user = member(where, "user"),
                                          .password = member(where, "password"),
                                          .starttls = true,
                                          .ca_file = member(where, "ca_file"),
                                          .timeout_ms = 20000};
        server.smtps = member(where, "smtps_url");
        server.plain = member(where, "plain_url");
    }
    json_decref(where);
    orders_http_startup();
    return 0;
}

static int stop(void **state)
{
    orders_http_shutdown();
    fclose(server.to);
    fclose(server.from);
    waitpid(server.pid, NULL, 0);
    apr_pool_destroy(pool);
    return 0;
}

static json_t *ask(const char *command)
{
    json_t *heard;

    fprintf(server.to, "%s\n", command);
    fflush(server.to);
    heard = hear();
    assert_non_null(heard);
    return heard;
}

static const orders_mail_t letter = {.id = "order-7.placed",
                                     .to = "buyer@example.org",
                                     .subject = "Ваш заказ № 7 – ご注文ありがとうございます",
                                     .text =
                                         "Děkujeme!\n.\n..\nFrom here on:\n  trailing \n12,50 €\n",
                                     .html = "<p>Děkujeme!</p>\n.\n<p dir=\"rtl\">شكراً</p>\n",
                                     .date = APR_TIME_C(1795500000) * APR_USEC_PER_SEC};

/** Without a mail server a test is skipped. A test begins with an empty mailbox. */
#define NEEDS_SERVER()                                                                             \
    do {                                                                                           \
        if (!server.mailer.url) {                                                                  \
            skip();                                                                                \
        }                                                                                          \
        json_decref(ask("clear"));                                                                 \
    } while (0)

static const orders_smtp_caller_t patient_caller = {.stop = NULL};

static orders_problem_t *send_to(const orders_mailer_t *mailer, const char *to)
{
    orders_mail_t mail = letter;

    mail.to = to;
    return orders_mail_send(mailer, pool, &mail, &patient_caller);
}

/** A problem is logged, so its texts must not contain parts of the mail. */
static void assert_problem(const orders_problem_t *problem, orders_error_e error)
{
    assert_non_null(problem);
    if (problem->error != error) {
        fail_msg("%s: %s", orders_error_code(problem->error), problem->log);
    }
    assert_int_equal(problem->retry_after > 0, error == ORDERS_E_mail_unreachable);
    assert_non_null(problem->log);
    assert_null(strchr(problem->log, '@'));
    assert_null(strchr(problem->detail, '@'));
}

static void assert_sent(const orders_problem_t *problem)
{
    if (problem) {
        fail_msg("%s: %s", orders_error_code(problem->error), problem->log);
    }
}

static void assert_arrived(void)
{
    json_t *mails = ask("messages 1");
    const json_t *mail = json_array_get(mails, 0);
    const json_t *headers = json_object_get(mail, "headers");

    assert_int_equal(json_array_size(mails), 1);
    assert_string_equal(member(mail, "subject"), letter.subject);
    assert_string_equal(member(mail, "text"), letter.text);
    assert_string_equal(member(mail, "html"), letter.html);
    assert_string_equal(member(mail, "from"), "Čajovna U Lípy <shop@example.com>");
    assert_string_equal(member(mail, "to"), letter.to);
    assert_string_equal(member(headers, "envelope-to"), letter.to);
    assert_string_equal(member(headers, "return-path"), "<shop@example.com>");
    assert_string_equal(member(headers, "message-id"), "<order-7.placed@example.com>");
    json_decref(mails);
}

static void arrives_by_starttls(void **state)
{
    json_t *mails;

    NEEDS_SERVER();
    assert_sent(send_to(&server.mailer, letter.to));
    assert_arrived();
    mails = ask("messages 1");
    assert_non_null(strstr(member(json_object_get(json_array_get(mails, 0), "headers"), "received"),
                           "esmtpsa"));
    json_decref(mails);
}

static void arrives_by_smtps(void **state)
{
    orders_mailer_t mailer = server.mailer;

    NEEDS_SERVER();
    mailer.url = server.smtps;
    mailer.starttls = false;
    assert_sent(send_to(&mailer, letter.to));
    assert_arrived();
}

static void arrives_without_tls(void **state)
{
    orders_mailer_t mailer = server.mailer;

    NEEDS_SERVER();
    mailer.url = server.plain;
    mailer.starttls = false;
    mailer.user = mailer.password = NULL;
    assert_sent(send_to(&mailer, letter.to));
    assert_arrived();
}

static void arrives_when_it_is_long(void **state)
{
    orders_mail_t mail = letter;
    char *text;
    json_t *mails;

    NEEDS_SERVER();
    text = apr_palloc(pool, 300001);
    for (int i = 0; i < 300000; i++) {
        text[i] = i % 1000 == 999 ? '\n' : i % 7 ? '.' : 'x';
    }
    text[300000] = '\0';
    mail.text = text;
    assert_sent(orders_mail_send(&server.mailer, pool, &mail, &patient_caller));
    mails = ask("messages 1");
    assert_string_equal(member(json_array_get(mails, 0), "text"), text);
    json_decref(mails);
}

static void needs_starttls(void **state)
{
    orders_mailer_t mailer = server.mailer;

    NEEDS_SERVER();
    mailer.url = server.plain;
    assert_problem(send_to(&mailer, letter.to), ORDERS_E_mail_unreachable);
}

static void needs_the_password(void **state)
{
    orders_mailer_t mailer = server.mailer;

    NEEDS_SERVER();
    mailer.password = "another";
    assert_problem(send_to(&mailer, letter.to), ORDERS_E_mail_unreachable);
    mailer.user = mailer.password = NULL; /* 530, at MAIL */
    assert_problem(send_to(&mailer, letter.to), ORDERS_E_mail_unreachable);
}

static void needs_a_trusted_certificate(void **state)
{
    orders_mailer_t mailer = server.mailer;

    NEEDS_SERVER();
    mailer.ca_file = NULL;
    assert_problem(send_to(&mailer, letter.to), ORDERS_E_mail_unreachable);
    mailer.ca_file = "/nowhere.pem";
    assert_problem(send_to(&mailer, letter.to), ORDERS_E_mail_unreachable);
}

static void distinguishes_refusals_from_failures(void **state)
{
    orders_mailer_t mailer = server.mailer;
    orders_mail_t mail = letter;

    NEEDS_SERVER();
    assert_problem(send_to(&server.mailer, "unknown@example.org"), ORDERS_E_mail_refused);
    assert_problem(send_to(&server.mailer, "later@example.org"), ORDERS_E_mail_unreachable);
    mail.subject = "Please refuse me";
    assert_problem(orders_mail_send(&server.mailer, pool, &mail, &patient_caller),
                   ORDERS_E_mail_refused);
    mailer.from = "stranger@example.com"; /* the operator can correct it, so the mail is kept */
    assert_problem(send_to(&mailer, letter.to), ORDERS_E_mail_unreachable);
    mailer.url = "smtp://127.0.0.1:9";
    assert_problem(send_to(&mailer, letter.to), ORDERS_E_mail_unreachable);
}

/** Its port is closed. */
static void makes_no_call_while_they_are_suspended(void **state)
{
    const orders_mailer_t mailer = {.url = "smtp://127.0.0.1:9",
                                    .from = "shop@example.com",
                                    .timeout_ms = 1000,
                                    .breaker = orders_breaker_create_for_mail(pool)};
    orders_problem_t *problem;

    for (int i = 0; i < 5; i++) {
        problem = send_to(&mailer, letter.to);
        assert_problem(problem, ORDERS_E_mail_unreachable);
        assert_false(problem->quiet);
    }
    assert_false(orders_breaker_ready(mailer.breaker));
    problem = send_to(&mailer, letter.to);
    assert_problem(problem, ORDERS_E_mail_unreachable);
    assert_true(problem->quiet);
}

/** A refusal is a reply, temporary or not. */
static void refusals_suspend_no_calls(void **state)
{
    orders_mailer_t mailer = server.mailer;

    NEEDS_SERVER();
    mailer.breaker = orders_breaker_create_for_mail(pool);
    for (int i = 0; i < 6; i++) {
        assert_problem(send_to(&mailer, i % 2 ? "unknown@example.org" : "later@example.org"),
                       i % 2 ? ORDERS_E_mail_refused : ORDERS_E_mail_unreachable);
    }
    assert_true(orders_breaker_closed(mailer.breaker));
}

static void refuses_without_connecting(void **state)
{
    const orders_mailer_t mailer = {.url = "smtp://127.0.0.1:9", .from = "shop@example.com"};

    assert_problem(send_to(&mailer, "buyer@example.org\r\nRCPT TO:<all@example.org"),
                   ORDERS_E_mail_refused);
}

/** A request to stop, after a delay. */
typedef struct bell_t {
    apr_time_t at;
    int asked;
} bell_t;

static bool rings(void *context)
{
    bell_t *bell = context;

    bell->asked++;
    return apr_time_now() >= bell->at;
}

/** Sends with a stop or a timeout after these milliseconds. A stop must take effect within 0.6 s, a timeout within 1.5 s; valgrind is slower. */
static orders_problem_t *give_up_after(int patience, const orders_mailer_t *patient, const char *to,
                                       bool by_stop)
{
    bell_t bell = {.at = apr_time_now() + apr_time_from_msec(patience)};
    orders_mailer_t mailer = *patient;
    orders_mail_t mail = letter;
    apr_time_t begun = apr_time_now();
    orders_problem_t *problem;

    mail.to = to;
    mailer.timeout_ms = by_stop ? 20000 : patience;
    const orders_smtp_caller_t caller = {.stop = by_stop ? rings : NULL, .context = &bell};

    problem = orders_mail_send(&mailer, pool, &mail, &caller);
    assert_in_range(apr_time_now() - begun, apr_time_from_msec(patience - 10),
                    apr_time_from_msec(patience + (getenv("ORDERS_VALGRIND") ? 5000
                                                   : by_stop                 ? 600
                                                                             : 1500)));
    assert_true(!by_stop || bell.asked > 0);
    return problem;
}

static orders_problem_t *give_up(const orders_mailer_t *patient, const char *to, bool by_stop)
{
    return give_up_after(by_stop ? 300 : 700, patient, to, by_stop);
}

/** A listening socket that never responds. */
static int silent(const char **url)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    *url = apr_psprintf(pool, "127.0.0.1:%d", ntohs(address.sin_port));
    return listener;
}

static void gives_up_on_a_silent_server(void **state)
{
    orders_mailer_t mailer = {.from = "shop@example.com", .starttls = true};
    const char *where;
    int listener = silent(&where);

    /* The client waits for a greeting (smtp) or a handshake (smtps). */
    for (int i = 0; i < 4; i++) {
        mailer.url = apr_pstrcat(pool, i & 1 ? "smtps://" : "smtp://", where, NULL);
        assert_problem(give_up(&mailer, letter.to, i & 2), ORDERS_E_mail_unreachable);
    }
    close(listener);
}

static void gives_up_on_a_slow_server(void **state)
{
    NEEDS_SERVER();
    assert_problem(give_up(&server.mailer, "slow@example.org", true), ORDERS_E_mail_unreachable);
    assert_problem(give_up(&server.mailer, "slow@example.org", false), ORDERS_E_mail_unreachable);
}

static void does_not_wait_for_the_response_to_quit(void **state)
{
    json_t *mails;

    NEEDS_SERVER();
    /* time for a busy server to accept the mail; its response to QUIT would come half a minute later */
    assert_sent(give_up_after(3000, &server.mailer, "lingering@example.org", true));
    assert_sent(give_up_after(3000, &server.mailer, "lingering@example.org", false));
    mails = ask("messages 2");
    assert_int_equal(json_array_size(mails), 2);
    json_decref(mails);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrives_by_starttls),
        cmocka_unit_test(arrives_by_smtps),
        cmocka_unit_test(arrives_without_tls),
        cmocka_unit_test(arrives_when_it_is_long),
        cmocka_unit_test(needs_starttls),
        cmocka_unit_test(needs_the_password),
        cmocka_unit_test(needs_a_trusted_certificate),
        cmocka_unit_test(distinguishes_refusals_from_failures),
        cmocka_unit_test(makes_no_call_while_they_are_suspended),
        cmocka_unit_test(refusals_suspend_no_calls),
        cmocka_unit_test(refuses_without_connecting),
        cmocka_unit_test(gives_up_on_a_silent_server),
        cmocka_unit_test(gives_up_on_a_slow_server),
        cmocka_unit_test(does_not_wait_for_the_response_to_quit),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, start, stop);
}
