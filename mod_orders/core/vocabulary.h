/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The names of errors, directives, notes, scopes and states, each in one list. Enums, names and parsers are generated from the
 * lists, and `make check` compares them with docs/.
 */
#ifndef ORDERS_CORE_VOCABULARY_H
#define ORDERS_CORE_VOCABULARY_H

/**
 * Kinds of problems, independent of any API. X(NAME, HTTP status for APIs that define no statuses).
 */
#define ORDERS_KINDS(X)                                                                            \
    X(MALFORMED, 400)                                                                              \
    X(UNAUTHENTICATED, 401)                                                                        \
    X(PAYMENT_REQUIRED, 402)                                                                       \
    X(FORBIDDEN, 403)                                                                              \
    X(NOT_FOUND, 404)                                                                              \
    X(METHOD_NOT_ALLOWED, 405)                                                                     \
    X(NOT_ACCEPTABLE, 406)                                                                         \
    X(TIMED_OUT, 408)                                                                              \
    X(CONFLICT, 409)                                                                               \
    X(GONE, 410)                                                                                   \
    X(PRECONDITION_FAILED, 412)                                                                    \
    X(TOO_LARGE, 413)                                                                              \
    X(UNSUPPORTED_TYPE, 415)                                                                       \
    X(UNPROCESSABLE, 422)                                                                          \
    X(TOO_MANY, 429)                                                                               \
    X(UNAVAILABLE, 503)                                                                            \
    X(INTERNAL, 500)

/**
 * Problems. X(number, code, KIND, message). The number is written to the log (`ORD0042`) and is never reused; clients compare the
 * code; the message is for users. docs/errors.md has an entry for each. Problems of the module have numbers below 1000, refusals of
 * the SQL functions 1000 and above.
 */
#define ORDERS_ERRORS(X)                                                                           \
    X(1, malformed_json, MALFORMED, "The body is not valid JSON.")                                 \
    X(2, malformed_form, MALFORMED, "The form is malformed.")                                      \
    X(3, malformed_request, MALFORMED, "The request is malformed.")                                \
    X(4, invalid_fields, UNPROCESSABLE, "Some fields are not valid.")                              \
    X(5, unauthenticated, UNAUTHENTICATED, "A valid credential is needed.")                        \
    X(6, forbidden, FORBIDDEN, "The credential does not allow this.")                              \
    X(7, not_found, NOT_FOUND, "Not found.")                                                       \
    X(8, method_not_allowed, METHOD_NOT_ALLOWED, "The method is not allowed here.")                \
    X(9, body_too_large, TOO_LARGE,                                                                \
      "The body exceeds the size limit of this server. Send a smaller body.")                      \
    X(10, unsupported_media_type, UNSUPPORTED_TYPE, "The body's content type is not supported.")   \
    X(11, request_timeout, TIMED_OUT, "The body did not arrive in time.")                          \
    X(12, busy, UNAVAILABLE, "The server is busy; try again shortly.")                             \
    X(13, database_unavailable, UNAVAILABLE, "The database cannot be reached.")                    \
    X(14, outcome_unknown, UNAVAILABLE,                                                            \
      "The database connection was lost. Repeat the request with the same idempotency key.")       \
    X(15, database_error, INTERNAL, "The database reported an unexpected error.")                  \
    X(16, internal_error, INTERNAL, "An internal error occurred.")                                 \
    X(17, idempotency_key_mismatch, MALFORMED,                                                     \
      "The Idempotency-Key header and the key in the body differ. Send one of them.")              \
    X(18, invalid_idempotency_key, MALFORMED, "The idempotency key is not valid.")                 \
    X(19, idempotency_in_flight, CONFLICT,                                                         \
      "Another request with this key is still in progress. Try again later.")                      \
    X(20, return_url_not_allowed, UNPROCESSABLE, "The return URL is not on the allow-list.")       \
    X(21, provider_unreachable, UNAVAILABLE, "The payment provider cannot be reached.")            \
    X(22, provider_refused, CONFLICT, "The payment provider refused the request.")                 \
    X(23, invalid_signature, UNAUTHENTICATED, "The signature is not valid.")                       \
    X(24, not_configured, UNAVAILABLE, "The server's configuration does not allow this request.")  \
    X(25, serialization_failed, UNAVAILABLE, "Too many concurrent changes; try again.")            \
    X(26, http_error, MALFORMED, "The web server refused the request.")                            \
    X(27, required_field, UNPROCESSABLE, "The field is required.")                                 \
    X(28, invalid_field, UNPROCESSABLE, "The field is not valid.")                                 \
    X(29, invalid_type, UNPROCESSABLE, "The field has the wrong type.")                            \
    X(30, too_long, UNPROCESSABLE, "The field is too long.")                                       \
    X(31, out_of_range, UNPROCESSABLE, "The number is out of range.")                              \
    X(32, unknown_word, UNPROCESSABLE, "The value is not one of the accepted values.")             \
    X(33, schema_mismatch, UNAVAILABLE,                                                            \
      "The database schema does not match this server. It must be deployed again.")                \
    X(36, link_expired, NOT_FOUND, "The link is no longer valid.")                                 \
    X(34, mail_unreachable, UNAVAILABLE, "The mail server cannot be reached.")                     \
    X(35, mail_refused, CONFLICT, "The mail server refused the mail.")                             \
    X(41, schema_version_unsupported, UNAVAILABLE,                                                 \
      "The server does not accept the version of the database schema. Try again after the "        \
      "upgrade.")                                                                                  \
    X(50, request_abandoned, TIMED_OUT, "The client has closed the connection.")                   \
    X(38, unknown_field, UNPROCESSABLE, "Unknown field.")                                          \
    X(37, prefetch, CONFLICT, "Nothing was changed, because the request is a prefetch.")           \
    X(39, provider_event_refused, CONFLICT, "An event of a payment provider was refused.")         \
    X(40, statement_timeout, UNAVAILABLE,                                                          \
      "The statement timed out and changed nothing. Try again later.")                             \
    X(52, too_many_requests, TOO_MANY, "Too many requests; try again later.")                      \
    X(55, dry_run_not_supported, MALFORMED, "This request cannot run dry. Nothing was done.")      \
    X(57, exports_not_configured, CONFLICT, "This server has no directory for exports.")           \
    X(58, export_not_ready, CONFLICT, "The export has no file yet.")                               \
    X(59, export_expired, GONE, "The file of the export was deleted. Request another export.")     \
    X(60, export_failed, CONFLICT, "The export has failed. Request another export.")               \
    X(1001, order_not_cancellable, CONFLICT, "The order can no longer be cancelled.")              \
    X(1002, order_not_payable, CONFLICT, "The order cannot be paid in its present state.")         \
    X(1003, order_not_refundable, CONFLICT, "The order cannot be refunded in its present state.")  \
    X(1004, refund_exceeds_captured, UNPROCESSABLE,                                                \
      "The amount exceeds what can still be refunded.")                                            \
    X(1005, refund_window_closed, CONFLICT, "The refund period of the payment has ended.")         \
    X(1006, refund_in_progress, CONFLICT, "A refund of this order is in progress.")                \
    X(1007, insufficient_balance, PAYMENT_REQUIRED, "The balance does not cover the amount.")      \
    X(1008, plan_not_found, UNPROCESSABLE, "There is no such plan.")                               \
    X(1009, plan_not_on_sale, UNPROCESSABLE, "The plan is not on sale.")                           \
    X(1010, billing_option_not_found, UNPROCESSABLE, "The plan has no such billing option.")       \
    X(1011, quantity_out_of_range, UNPROCESSABLE, "The quantity is out of range.")                 \
    X(1012, coupon_unknown, UNPROCESSABLE, "There is no such coupon.")                             \
    X(1013, coupon_not_yet_valid, UNPROCESSABLE, "The coupon is not valid yet.")                   \
    X(1014, coupon_expired, UNPROCESSABLE, "The coupon has expired.")                              \
    X(1015, coupon_used_up, UNPROCESSABLE, "The coupon has been used up.")                         \
    X(1016, coupon_used_by_user, UNPROCESSABLE, "This user has used up the coupon.")               \
    X(1017, coupon_below_minimum, UNPROCESSABLE, "The order is below the coupon's minimum.")       \
    X(1018, coupon_currency_mismatch, UNPROCESSABLE, "The coupon is for another currency.")        \
    X(1019, payment_channel_required, UNPROCESSABLE, "A payment channel is required.")             \
    X(1020, payment_channel_unknown, UNPROCESSABLE, "There is no such payment channel.")           \
    X(1021, payment_channel_disabled, UNPROCESSABLE, "The payment channel is disabled.")           \
    X(1022, payment_method_unknown, UNPROCESSABLE, "There is no such payment method.")             \
    X(1023, idempotency_key_reused, UNPROCESSABLE, "This key was used with another request.")      \
    X(1024, version_mismatch, PRECONDITION_FAILED, "The order has changed since it was read.")     \
    X(1025, amount_out_of_range, UNPROCESSABLE, "The amount is out of range.")                     \
    X(1026, amount_mismatch, UNPROCESSABLE, "The amount does not match.")                          \
    X(1027, currency_mismatch, UNPROCESSABLE, "The currency does not match.")                      \
    X(1028, currency_unknown, UNPROCESSABLE, "There is no such currency.")                         \
    X(1029, transaction_id_taken, CONFLICT, "The transaction id is already in use.")               \
    X(1030, user_not_found, UNPROCESSABLE, "There is no such user.")                               \
    X(1031, line_not_found, UNPROCESSABLE, "The order has no such line.")                          \
    X(1032, token_not_found, NOT_FOUND, "There is no such token.")                                 \
    X(1033, unknown_kind, UNPROCESSABLE, "There is no such kind of catalogue entry.")              \
    X(1034, payment_already_captured, CONFLICT,                                                    \
      "The payment was captured already, by another transaction.")                                 \
    X(1035, company_not_chosen, FORBIDDEN, "The user has no current company. Choose one first.")   \
    X(1036, company_not_found, UNPROCESSABLE, "There is no such company.")                         \
    X(1037, not_a_member, FORBIDDEN,                                                               \
      "The user is not an active member of the current company. Choose another one.")              \
    X(1038, not_a_seller, FORBIDDEN, "The user may not sell for the company.")                     \
    X(1039, not_the_retailer, FORBIDDEN,                                                           \
      "The order was not sold by the user's current company. Choose that company first.")          \
    X(1040, cart_not_found, NOT_FOUND, "There is no such cart.")                                   \
    X(1041, cart_ordered, CONFLICT, "The cart has already been ordered. Use that order.")          \
    X(1042, cart_empty, CONFLICT, "The cart is empty.")                                            \
    X(1043, product_not_sold, CONFLICT, "Some products are no longer sold.")                       \
    X(1044, product_not_found, UNPROCESSABLE, "There is no such product.")                         \
    X(1045, order_bound, CONFLICT, "The order belongs to another user.")                           \
    X(1046, terminal_transaction_not_found, CONFLICT,                                              \
      "No terminal has reported a refund with this id. Check the id, or try again later.")         \
    X(1047, terminal_transaction_mismatch, CONFLICT,                                               \
      "The refund reported by the terminal has another order, amount or currency. Check the id.")  \
    X(1048, payment_method_mismatch, CONFLICT,                                                     \
      "The payment method of the order does not use a pay link.")                                  \
    X(1049, order_not_billable, CONFLICT, "The order must be paid in full before it is invoiced.") \
    X(1050, order_not_advanceable, CONFLICT,                                                       \
      "The order cannot take this step in its present state.")                                     \
    X(1051, insufficient_stock, CONFLICT, "There is not enough stock.")                            \
    X(1052, order_not_returnable, CONFLICT, "The order cannot be returned in its present state.")  \
    X(1053, return_window_closed, CONFLICT, "The return period has ended.")                        \
    X(1054, line_not_returnable, UNPROCESSABLE, "Some lines cannot be returned.")                  \
    X(1055, line_already_returned, CONFLICT, "Some lines are being returned already.")             \
    X(1056, return_not_found, NOT_FOUND, "There is no such return.")                               \
    X(1057, return_not_resolvable, CONFLICT,                                                       \
      "The return cannot take this step in its present state.")                                    \
    X(1058, refund_not_found, NOT_FOUND, "There is no such refund.")                               \
    X(1059, refund_not_by_hand, CONFLICT, "This refund is settled automatically.")                 \
    X(1060, order_not_billed, CONFLICT, "The order has no bill yet.")                              \
    X(1061, package_not_found, UNPROCESSABLE, "There is no such package.")                         \
    X(1062, package_not_applicable, CONFLICT,                                                      \
      "The order has no package that can be applied. Read its state.")                             \
    X(1063, order_refunded, CONFLICT, "The order has a refund and can no longer be invoiced.")     \
    X(1064, amount_not_payable, UNPROCESSABLE, "The payment channel cannot pay this amount.")      \
    X(1065, refund_already_settled, CONFLICT,                                                      \
      "The refund was settled already, with another outcome.")                                     \
    X(1066, capture_mismatch, CONFLICT,                                                            \
      "The capture of the event is not that of the payment. Compare both with the provider.")      \
    X(1067, provider_event_settled, CONFLICT,                                                      \
      "The event was applied or resolved, or cannot be applied again.")                            \
    X(1068, reconciliation_running, CONFLICT, "A reconciliation of this channel is running.")      \
    X(1069, reconciliation_not_supported, UNPROCESSABLE,                                           \
      "The provider of this channel cannot list its transactions.")                                \
    X(1070, token_secret_changed, CONFLICT,                                                        \
      "The token cannot be shown again, because the server's secret has changed. Issue another "   \
      "token.")                                                                                    \
    X(1071, difference_not_applicable, CONFLICT, "The difference cannot be applied.")              \
    X(1072, too_many_webhooks, CONFLICT,                                                           \
      "The maximum number of webhooks exists. Delete one first.")                                  \
    X(1073, webhook_disabled, CONFLICT, "The webhook is disabled. Enable it first.")               \
    X(1074, too_many_pending_messages, CONFLICT,                                                   \
      "The webhook has too many pending messages. Try again when some have been delivered.")       \
    X(1075, too_many_exports, CONFLICT,                                                            \
      "Too many exports wait or are kept. Delete some of them, or try again later.")               \
    X(1080, stock_not_counted, CONFLICT, "The stock of this variant is not counted.")              \
    X(1081, stock_below_zero, CONFLICT, "There are fewer items on hand.")                          \
    X(1090, order_exists, CONFLICT, "Another order has this number.")                              \
    X(1091, state_mismatch, UNPROCESSABLE, "The value contradicts other members of the order.")    \
    X(1110, report_too_large, UNPROCESSABLE,                                                       \
      "The report is too large. Request a shorter period or a coarser grouping.")

/* Lists in columns: */
/* clang-format off */

/**
 * Directives. X(Name). The httpd side's command table and merge rules, the tests and docs/directives/<Name>.md are
 * compared with this list.
 */
#define ORDERS_DIRECTIVES(X)                                                                       \
    X(OrdersAPI)                 /* Location: user | operator | … */                               \
    X(OrdersTenant)              /* Location/server: positive integer, default 1 */                \
    X(OrdersIdentity)            /* Location/server: token | remote-user */                        \
    X(OrdersRemoteGroupScopes)   /* Location/server: scopes by group of a remote-user identity */      \
    X(OrdersRemoteUserScopes)    /* Location/server: scopes of a remote-user identity, default buyer */ \
    X(OrdersTokenCache)          /* Location/server: seconds, default 10, 0 = off */               \
    X(OrdersTokenCacheProvider)  /* server: socache provider[:args], default shmcb */              \
    X(OrdersMaxBody)             /* Location/server: bytes, default 65536 */                       \
    X(OrdersMailLimit)           /* Location/server: order=3 agent=20, mails per hour */            \
    X(OrdersGuessLimit)          /* Location/server: user=10 address=60, failed lookups per minute */\
    X(OrdersPageSize)            /* Location/server: default [maximum] */                          \
    X(OrdersMaxQuantity)         /* Location/server: default 10 */                                 \
    X(OrdersBodyTimeout)         /* Location/server: seconds for reading a body */                 \
    X(OrdersStatementTimeout)    /* Location/server: maximum seconds of a statement */               \
    X(OrdersSlowStatement)       /* Location/server: milliseconds | off */                         \
    X(OrdersSessions)            /* server: concurrent database sessions per process */              \
    X(OrdersSessionsPerUser)     /* server: of these per user, default half */          \
    X(OrdersQueueTimeout)        /* server: milliseconds in the admission queue, default 2000 */   \
    X(OrdersPreparedStatements)  /* server: On | Off (pgbouncer in transaction mode) */            \
    X(OrdersPaymentChannel)      /* server: name provider=http url=… secret-file=… timeout=… */    \
    X(OrdersReturnURL)           /* Location/server: https prefixes allowed, repeatable */         \
    X(OrdersPublicURL)           /* server: https://shop.example */                                \
    X(OrdersPaymentExpiry)       /* Location/server: seconds, unpaid external orders; 0 = never */ \
    X(OrdersConsumerExpiry)      /* Location/server: seconds, unpaid orders of consumers; 0 = never */ \
    X(OrdersPayLinkLifetime)     /* Location/server: seconds, pay links and their orders */        \
    X(OrdersBillLinkLifetime)    /* Location/server: seconds, links to bills, default 3600 */  \
    X(OrdersTerminalFeed)        /* Location/server: On | Off: check card refunds */       \
    X(OrdersRefundWindow)        /* Location/server: days, default 30 */                           \
    X(OrdersReturnWindow)        /* Location/server: days, default 30 */                           \
    X(OrdersRenewalWindow)       /* Location/server: days, default 30 */                           \
    X(OrdersIdempotencyLifetime) /* server: seconds a record is kept, default 86400 */             \
    X(OrdersRetention)           /* server: kind=days: how long old records are kept */            \
    X(OrdersSecretFile)          /* server: file with ≥ 32 bytes; key of tokens and links */      \
    X(OrdersMail)                /* server: smtp://host:port from=… and options */                 \
    X(OrdersWebhookAllowHosts)   /* server: hosts whose addresses may be private */                \
    X(OrdersExportDirectory)     /* server: directory [keep=days] */                               \
    X(OrdersWorker)              /* server: On | Off */                                            \
    X(OrdersWorkerInterval)      /* server: seconds, default 5 */

/** Access-log notes, `%{orders_…}n`. X(name). */
#define ORDERS_NOTES(X)                                                                            \
    X(orders_api)          /* the API's name */                                                    \
    X(orders_route)        /* the route's name */                                                  \
    X(orders_path)         /* the path with secrets masked */                                 \
    X(orders_code)         /* the code of the problem; absent on success */                     \
    X(orders_error)        /* the problem's number, ORD0042 */                                     \
    X(orders_sqlstate)     /* PostgreSQL's SQLSTATE, if one was involved */                        \
    X(orders_db_us)        /* microseconds with a database session */                              \
    X(orders_queue_us)     /* microseconds in the admission queue */                               \
    X(orders_trips)        /* database round trips */                                              \
    X(orders_backend)      /* process id of the last server process */                             \
    X(orders_replayed)     /* "1" for an idempotent replay */                                  \
    X(orders_request_id)   /* the request id, as in X-Request-Id */                                \
    X(orders_trace)        /* the trace id of traceparent */

/**
 * Scopes of tokens. X(NAME, name in tokens). OPERATOR has all scopes OPERATOR_…. Cached identities have the bits of this order: append.
 */
#define ORDERS_SCOPES(X)                                                                           \
    X(BUYER, "buyer")                                                                              \
    X(SELLER, "seller")                                                                            \
    X(OPERATOR, "operator")                                                                        \
    X(APPLICATION, "application")                                                                  \
    X(ACT_AS_USER, "act-as-user")                                                                  \
    X(OPERATOR_READ, "operator.read")                                                              \
    X(OPERATOR_FULFIL, "operator.fulfil")                                                          \
    X(OPERATOR_MONEY, "operator.money")                                                            \
    X(OPERATOR_CATALOGUE, "operator.catalogue")                                                    \
    X(OPERATOR_ADMIN, "operator.admin")

/** States of an order, by axis. X(NAME, name in the database). */
#define ORDERS_ORDER_STATES(X)                                                                     \
    X(OPEN, "open")                                                                                \
    X(COMPLETED, "completed")                                                                      \
    X(CANCELLED, "cancelled")                                                                      \
    X(EXPIRED, "expired")                                                                          \
    X(ERROR, "error")
#define ORDERS_PAYMENT_STATES(X)                                                                   \
    X(UNPAID, "unpaid")                                                                            \
    X(CONFIRMING, "confirming")                                                                    \
    X(PAID, "paid")                                                                                \
    X(FAILED, "failed")                                                                            \
    X(CLOSED, "closed")                                                                            \
    X(REFUND_PENDING, "refund_pending")                                                            \
    X(PARTIALLY_REFUNDED, "partially_refunded")                                                    \
    X(REFUNDED, "refunded")
#define ORDERS_FULFILMENT_STATES(X)                                                                \
    X(NONE, "none")                                                                                \
    X(PENDING, "pending")                                                                          \
    X(CONFIRMED, "confirmed")                                                                      \
    X(PACKED, "packed")                                                                            \
    X(SHIPPED, "shipped")                                                                          \
    X(OUT_FOR_DELIVERY, "out_for_delivery")                                                        \
    X(DELIVERED, "delivered")                                                                      \
    X(RETURNED, "returned")

/** States of a return. */
#define ORDERS_RETURN_STATES(X)                                                                    \
    X(REQUESTED, "requested")                                                                      \
    X(APPROVED, "approved")                                                                        \
    X(RECEIVED, "received")                                                                        \
    X(REFUNDED, "refunded")                                                                        \
    X(REJECTED, "rejected")

/* clang-format on */

#endif
