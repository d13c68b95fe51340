# SPDX-License-Identifier: Apache-2.0
# The operator API's reconciliations: a provider's records are compared, differences are listed, applied and closed with a comment.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;

my $provider = start_simulator();
my $admin    = '/api/v1/admin';
my $operator = operator;
my @token    = (token => $operator->{token});
my $plan     = make_plan(price => 10_00);
my $buyer    = make_user();
my @columns  = qw(transaction_id kind amount currency occurred_at payment_key intent_id capture_id);

# Times with an offset, this long ago; + must be escaped in a query.
sub ago { my ($hours) = @_; return (rows(q(SELECT to_char(now() AT TIME ZONE 'UTC' - ? * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at), $hours))[0]{at} }
my ($from, $to, $then) = (ago(48), ago(0), ago(4));

sub entry { my ($id, %more) = @_; return { transaction_id => $id, kind => 'capture', amount => 10_00, currency => 'USD', occurred_at => $then, %more } }

sub csv { return join '', map { join(',', @$_) . "\n" } [@columns], map { my $entry = $_; [ map { $entry->{$_} // '' } @columns ] } @_ }

sub send_csv
{
    my ($body, %with) = @_;
    my $query = $with{query} // "channel=simulator&from=$from&to=$to";
    return api(POST => "$admin/reconciliations?$query", @token, type => 'text/csv', body => $body, headers => $with{headers});
}

sub send_json { my ($httpd, $document) = @_; return api(POST => $httpd ? $httpd->url("$admin/reconciliations") : "$admin/reconciliations", @token, json => $document) }

sub get  { return api(GET => "$admin$_[0]", @token) }
sub post { my ($path, $document, %headers) = @_; return api(POST => "$admin$path", @token, json => $document // {}, headers => \%headers) }

sub order
{
    return api(POST => '/api/v1/user/orders', token => $buyer->{token},
        json => { plan_id => $plan->{id}, payment_method => 'external', payment_channel => 'simulator' })->{json}{order};
}

sub key { my ($order) = @_; return key_of($order->{payments}[0]{id}) }
sub state_of { my ($order) = @_; my $row = order_row($order->{id}); return "$row->{state} $row->{payment_state} $row->{captured} $row->{refunded}" }

# The differences of these transactions, by transaction.
sub differences
{
    my ($id, @ids) = @_;
    my %wanted = map { $_ => 1 } @ids;
    return { map { $_->{transaction_id} => $_ } grep { $wanted{ $_->{transaction_id} } } @{ get("/reconciliation-differences?reconciliation=$id&limit=500")->{json}{differences} } };
}

subtest 'after a restore' => sub {
    my $order = order();
    my ($paid, $back, $lost) = map { unique($_) } qw(tx rf lost);
    my $reply = send_csv(csv(entry($paid, payment_key => key($order)), entry($back, kind => 'refund', amount => 3_01, capture_id => $paid), entry($lost, intent_id => unique('in'))));
    is($reply->code, 201, 'the provider\'s records are compared') or diag($reply->as_string);
    my $made = $reply->{json};
    is_deeply([ @$made{qw(channel provider source state requested_by error)} ], [ 'simulator', 'http', 'csv', 'done', $operator->{id}, undef ], 'the reconciliation is done in the response');
    is_deeply([ @$made{qw(from to)} ], [ $from, $to ], 'the response has the period');
    is_deeply([ @$made{qw(entries matched different unsettled ignored)} ], [ 3, 0, 3, 0, 0 ], 'three entries differ');
    my %sum = map { ("$_->{currency} $_->{kind}" => $_->{there}) } grep { $_->{there}{count} } @{ $made->{sums} };
    is_deeply(\%sum, { 'USD capture' => { count => 2, amount => 20_00 }, 'USD refund' => { count => 1, amount => 3_01 } }, 'the sums of its records');
    is_deeply(get("/reconciliations/$made->{id}")->{json}, $made, 'the reconciliation can be read');
    is(get("/reconciliations?channel=simulator&limit=1")->{json}{reconciliations}[0]{id}, $made->{id}, 'the reconciliation is listed');

    my $found = differences($made->{id}, $paid, $back, $lost);
    is_deeply([ map { "$_->{kind} $_->{state} " . ($_->{applicable} ? 'applicable' : '-') } @$found{ $paid, $back, $lost } ],
        [ 'missing_here open applicable', 'missing_here open -', 'missing_here open -' ], 'a difference of a known payment is applicable');
    is_deeply($found->{$paid}{order}, { id => $order->{id}, number => order_row($order->{id})->{number} }, 'a difference names the order of its payment');
    is_deeply([ @{ $found->{$paid}{there} }{qw(kind amount currency occurred_at payment_key intent_id)} ], [ 'capture', 10_00, 'USD', $then, key($order), undef ], 'a difference has the entry of the provider');
    is($found->{$paid}{here}, undef, 'the difference has no transaction of the order database');
    is(state_of($order), 'open unpaid 0 0', 'the order is unchanged until the difference is applied');

    my $refused = post("/reconciliation-differences/$found->{$back}{id}/apply");
    refused($refused, 409, 'difference_not_applicable');
    is($refused->{json}{reason}, 'payment_not_found', 'a refund without its capture');
    my @key     = ('Idempotency-Key' => unique('key'));
    my $applied = post("/reconciliation-differences/$found->{$paid}{id}/apply", {}, @key);
    is($applied->code, 200, 'a capture is applied') or diag($applied->as_string);
    is_deeply([ @{ $applied->{json} }{qw(state resolution resolved_by comment)} ], [ 'resolved', 'applied', $operator->{id}, undef ], 'an applied difference is resolved');
    my $again = post("/reconciliation-differences/$found->{$paid}{id}/apply", {}, @key);
    is_deeply([ $again->content, $again->header('Idempotency-Replayed') ], [ $applied->content, 'true' ], 'a repeat with its key returns the stored response');
    is_deeply(post("/reconciliation-differences/$found->{$paid}{id}/apply")->{json}, $applied->{json}, 'a second application changes nothing');
    is(state_of($order), 'completed paid 1000 0', 'the order is paid');
    is(post("/reconciliation-differences/$found->{$back}{id}/apply")->code, 200, 'the refund is applied after its capture');
    is(state_of($order), 'completed partially_refunded 1000 301', 'the order has the sums of the provider');

    refused(post("/reconciliation-differences/$found->{$lost}{id}/apply"), 409, 'difference_not_applicable');
    refused(post("/reconciliation-differences/$found->{$lost}{id}/resolve", $_), 422, 'invalid_fields', 'comment') for {}, { comment => '' }, { comment => 'x' x 1001 }, { comment => 1 };
    refused(post("/reconciliation-differences/$found->{$lost}{id}/resolve", { comment => ' ' }), 422, 'required_field', 'comment');
    my $closed = post("/reconciliation-differences/$found->{$lost}{id}/resolve", { comment => "Refunded\nat the provider." })->{json};
    is_deeply([ @$closed{qw(state resolution comment)} ], [ 'resolved', 'commented', "Refunded\nat the provider." ], 'money of a lost order is closed with a comment');
    is(post("/reconciliation-differences/$found->{$lost}{id}/resolve", { comment => 'Again.' })->{json}{comment}, $closed->{comment}, 'a second comment changes nothing');
    is($_->{reconciliation_id}, $made->{id}, 'a difference names its reconciliation') for $closed;
    is(get("/reconciliations/$made->{id}")->{json}{open_differences}, 0, 'no difference is open');
};

subtest 'repeated reconciliations' => sub {
    my $order = order();
    my $id    = unique('tx');
    my @key   = ('Idempotency-Key' => unique('key'));
    my $body  = csv(entry($id, payment_key => key($order)), entry(unique('fee'), kind => 'other'), entry(unique('new'), occurred_at => ago(1)));
    my $first = send_csv($body, headers => {@key});
    is_deeply([ @{ $first->{json} }{qw(different unsettled ignored)} ], [ 1, 1, 1 ], 'a fee and a new transaction are no differences');
    my $again = send_csv($body, headers => {@key});
    is_deeply([ $again->content, $again->header('Idempotency-Replayed') ], [ $first->content, 'true' ], 'a repeat with its key returns the stored response');
    refused(send_csv($body, headers => {@key}, query => "channel=simulator&from=$from&to=" . ago(0.5)), 422, 'idempotency_key_reused');
    my $second = send_csv($body)->{json};
    isnt($second->{id}, $first->{json}{id}, 'a further run is done');
    is((rows('SELECT count(*) AS n FROM orders.reconciliation_difference WHERE transaction_id = ?', $id))[0]{n}, 1, 'a further run creates no difference again');
    is(differences($second->{id}, $id)->{$id}{reconciliation_id}, $second->{id}, 'a difference names the last run that found it');
    my ($found) = @{ get("/reconciliation-differences?channel=simulator&state=open&kind=missing_here&reconciliation=$second->{id}")->{json}{differences} };
    is($found->{transaction_id}, $id, 'filters are combined');
    is_deeply(get('/reconciliation-differences?channel=none')->{json}{differences}, [], 'an unknown channel has no differences');
    my $page = get('/reconciliation-differences?limit=1');
    my ($next) = $page->header('Link') =~ /^<([^>]+)>; rel="next"$/;
    cmp_ok(get("/reconciliation-differences$next")->{json}{differences}[0]{id}, '<', $page->{json}{differences}[0]{id}, 'the next page has an older difference');
    ($next) = get('/reconciliations?limit=1&state=done')->header('Link') =~ /^<([^>]+)>; rel="next"$/;
    is(get("/reconciliations$next")->{json}{reconciliations}[0]{id}, $first->{json}{id}, 'the next page has the previous reconciliation');
};

subtest 'CSV' => sub {
    my ($one, $two) = map { unique('tx') } 1, 2;
    my $quoted = qq(\xEF\xBB\xBFamount,"currency",kind,occurred_at,transaction_id\r\n1000,USD,"capture",$then,"$one,""x"""\r\n\r\n5,EUR,other,$then,$two);
    is(send_csv($quoted)->{json}{entries}, 2, 'columns in any order, quotes, a byte order mark, CR LF and blank lines');
    is((rows('SELECT count(*) AS n FROM orders.reconciliation_entry WHERE transaction_id = ?', qq($one,"x")))[0]{n}, 1, 'a quoted comma belongs to the field');
    is(send_csv("transaction_id,kind,amount,currency,occurred_at\n")->{json}{entries}, 0, 'a body without transactions is accepted');
    is(api(POST => "$admin/reconciliations?channel=simulator&from=$from&to=$to", @token, type => 'text/csv; charset=utf-8; header=present', body => csv())->code, 201, 'a media type with parameters is accepted');
    my $line = entry(unique('tx'));
    my $in   = sub { my (%more) = @_; return csv(entry(unique('tx')), { %$line, %more }) };
    refused(send_csv($in->(amount => $_)), 422, 'invalid_fields', 'lines[3].amount') for '10.00', '-5', '0', '+5', '1e3', 'x', '1000000000000001', '1 000';
    refused(send_csv($in->(amount => '')), 422, 'invalid_fields', 'lines[3].amount');
    refused(send_csv($in->(kind => 'sale')), 422, 'invalid_fields', 'lines[3].kind');
    refused(send_csv($in->(currency => $_)), 422, 'invalid_fields', 'lines[3].currency') for 'usd', 'DOLLAR', '';
    refused(send_csv($in->(occurred_at => $_)), 422, 'invalid_fields', 'lines[3].occurred_at') for '2026-11-20', 'x', ago(49), ago(-1), $to;
    refused(send_csv($in->(payment_key => 'x')), 422, 'invalid_fields', 'lines[3].payment_key');
    refused(send_csv($in->($_ => 'x' x 256)), 422, 'invalid_fields', "lines[3].$_") for qw(intent_id capture_id transaction_id);
    refused(send_csv($in->(transaction_id => "a\x07")), 422, 'invalid_fields', 'lines[3].transaction_id');
    refused(send_csv(csv($line, $line)), 422, 'invalid_fields', 'lines[3].transaction_id');
    refused(send_csv(csv($line) . "a,b\n"), 422, 'invalid_fields', 'lines[3]');
    refused(send_csv("kind,amount,currency,occurred_at\n"), 422, 'invalid_fields', 'lines[1].transaction_id');
    refused(send_csv("transaction_id,kind,amount,currency,occurred_at,note\n"), 422, 'invalid_fields', 'lines[1]');
    refused(send_csv("transaction_id,kind,kind,amount,currency,occurred_at\n"), 422, 'invalid_fields', 'lines[1].kind');
    is(scalar @{ send_csv(csv(map { entry('', amount => 'x') } 1 .. 80))->{json}{errors} }, 100, 'at most 100 errors are listed');
    refused(send_csv($_), 400, 'malformed_request') for "\n", qq(a"b\n), csv($line) . qq(a"b,c\n), csv($line) . qq("a" b\n), "\xFF\n", "a\0b\n";
    like(send_csv(csv($line) . qq("a" b\n))->{json}{detail}, qr/\ALine 3: /, 'the line is named');
    refused(send_csv(csv(map { entry($_) } 1 .. 10_001)), 413, 'body_too_large');
    refused(send_csv('x' x (4 * 1024 * 1024 + 1)), 413, 'body_too_large');
    refused(send_csv("," x (4 * 1024 * 1024)), 400, 'malformed_request');
    is((rows('SELECT count(*) AS n FROM orders.reconciliation_entry WHERE transaction_id = ?', $line->{transaction_id}))[0]{n}, 0, 'nothing of a refused body is stored');
    refused(send_csv(csv(), query => $_->[0]), 422, 'invalid_fields', @$_[ 1 .. $#$_ ]) for
        [ '', qw(channel from to) ], ["channel=simulator&from=$from", 'to'], [ "channel=&from=$from&to=$to", 'channel' ], [ "channel=simulator&from=x&to=$to", 'from' ],
        [ "channel=simulator&from=$from&to=$to&x=1", 'x' ];
};

subtest 'periods and channels' => sub {
    refused(send_csv(csv(), query => "channel=none&from=$from&to=$to"), 422, 'payment_channel_unknown', 'channel');
    refused(send_csv(csv(), query => "channel=simulator&from=$to&to=$from"), 422, 'invalid_field', 'to');
    refused(send_csv(csv(), query => "channel=simulator&from=$from&to=" . ago(-2)), 422, 'invalid_field', 'to');
    refused(send_csv(csv(), query => 'channel=simulator&from=' . ago(745) . "&to=$to"), 422, 'invalid_field', 'to');
    refused(send_json(undef, { channel => 'simulator', from => $from, to => $to }), 422, 'reconciliation_not_supported', 'channel');
    refused(send_json(undef, { channel => 'none', from => $from, to => $to }), 422, 'invalid_fields', 'channel');
    refused(send_json(undef, {}), 422, 'invalid_fields', qw(channel from to));
    refused(send_json(undef, { channel => 'simulator', from => 'x', to => 1 }), 422, 'invalid_fields', qw(from to));
    refused(api(POST => "$admin/reconciliations", @token, type => $_, body => 'x'), 415, 'unsupported_media_type') for 'text/plain', 'application/x-www-form-urlencoded';
    refused(get('/reconciliations?state=x'), 422, 'invalid_fields', 'state');
    refused(get('/reconciliation-differences?state=x&kind=y&reconciliation=z'), 422, 'invalid_fields', qw(state kind reconciliation));
    refused(get("/reconciliation-differences?reconciliation=$_"), 422, 'invalid_fields', 'reconciliation') for 0, -1, '9223372036854775808';
    refused(get("/reconciliations/$_"), 404, 'not_found') for 999_999_999, 'x', 0;
    refused(post("/reconciliation-differences/$_/apply"), 404, 'not_found') for 999_999_999, 'x';
    refused(post("/reconciliation-differences/$_/resolve", { comment => 'x' }), 404, 'not_found') for 999_999_999, 'x';
    refused(api(POST => "$admin/reconciliations", token => $buyer->{token}, json => {}), 403, 'forbidden');
};

subtest 'PayPal' => sub {
    my ($channel, $other) = map { unique('paypal') } 1, 2;
    upsert('payment-channels', $_, provider => 'paypal') for $channel, $other;
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\nOrdersWorker Off\n"
            . "OrdersPaymentChannel $channel provider=paypal url=http://127.0.0.1:9 secret-file=secret client-id=c webhook-id=w\n"
            . "OrdersPaymentChannel $other provider=http url=http://127.0.0.1:9 secret-file=secret\n")->start;
    refused(send_json($httpd, { channel => $other, from => $from, to => $to }), 422, 'reconciliation_not_supported', 'channel');
    refused(send_json(undef, { channel => $channel, from => $from, to => $to }), 422, 'invalid_fields', 'channel');
    is((rows('SELECT count(*) AS n FROM orders.reconciliation WHERE channel IN (?, ?)', $channel, $other))[0]{n}, 0,
        'a server starts no reconciliation of a channel that it cannot read');
    my $reply = send_json($httpd, { channel => $channel, from => $from, to => $to });
    is($reply->code, 201, 'a reconciliation starts') or diag($reply->as_string);
    is_deeply([ @{ $reply->{json} }{qw(provider source state entries finished_at sums)} ], [ 'paypal', 'provider', 'running', 0, undef, [] ], 'the reconciliation is running and has no entries');
    my $second = send_json($httpd, { channel => $channel, from => $from, to => $to });
    refused($second, 409, 'reconciliation_running', 'channel');
    is($second->{json}{reconciliation_id}, $reply->{json}{id}, 'a second reconciliation of the channel is refused');
    db()->do(q(UPDATE orders.reconciliation SET updated_at = now() - interval '25 hours' WHERE tenant_id = 1 AND id = ?), undef, $reply->{json}{id});
    my $third = send_json($httpd, { channel => $channel, from => $from, to => $to });
    is($third->code, 201, 'a reconciliation without progress for a day is replaced') or diag($third->as_string);
    my $replaced = get("/reconciliations/$reply->{json}{id}")->{json};
    is_deeply([ $replaced->{state}, $replaced->{error}{code} ], [ 'failed', 'no_progress' ], 'the replaced one has failed');
    $reply = $third;
    db()->selectrow_array(q(SELECT orders_v1.fail_reconciliation(1, ?, 'provider_unreachable', 'No reply.', true)), undef, $reply->{json}{id});
    my $failed = get("/reconciliations/$reply->{json}{id}")->{json};
    is_deeply([ @$failed{qw(state error)} ], [ 'failed', { code => 'provider_unreachable', message => 'No reply.' } ], 'a failed reconciliation has its reason');
    ok($failed->{finished_at}, 'a failed reconciliation has its time');
    is(get("/reconciliations?state=failed&channel=$channel")->{json}{reconciliations}[0]{id}, $reply->{json}{id}, 'a failed reconciliation is listed');
};

invariants_hold();
done;
