#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Webhooks to receivers that work, and at the same time to receivers that are down, slow, gone or hostile. Receivers that work get each event within
# two seconds and in order, buyers are not delayed, and httpd stops in time. Then secrets are replaced, and deliveries are retried, given up, replayed
# and skipped. The library of Standard Webhooks verifies each message that arrives. Needs t/webhooks/install.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client qw(create detail operator_cancel refund);
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Text qw(from_json);
use Faults::Webhooks;
use IO::Socket::SSL;
use ModOrders::Files qw(slurp write_file);
use ModOrders::OpenAPI;
use ModOrders::Process qw(ended run_quiet wait_for wait_or_die);
use ModOrders::StandardWebhooks;
use ModOrders::WebhookReceiver;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => ModOrders::StandardWebhooks->missing if ModOrders::StandardWebhooks->missing;

my ($rounds, $seconds, $clients, $pause) = Faults::Stand::long() ? (12, 5, 6, 0.05) : (5, 2.5, 6, 0.05);
my $limit = 2;    # seconds until a message has arrived

# --- servers ---------------------------------------------------------------------------------------------------------

my $stand = Faults::Stand->new->start_postgres;
my $postgres = $stand->postgres;
my $receiver = ModOrders::WebhookReceiver->start(port => $stand->{port} + 5, log => "$stand->{dir}/receiver.log");
my $hostile = ModOrders::WebhookReceiver->start(port => $stand->{port} + 8, log => "$stand->{dir}/hostile.log");
my $full = ModOrders::WebhookReceiver->full_listener;
my $port_of_tls = $stand->{port} + 6;

# names.c gives httpd names without a name server, and the certificate of the receiver below. The sanitizers need LD_PRELOAD themselves.
my $names = "$stand->{dir}/names";
my $preloads = !Faults::Stand::sanitized();
sub name { my ($host, $address) = @_; return write_file("$names/$host", "$address\n", 0644) }
if ($preloads) {
    mkdir $names;
    chmod 0755, $names;
    run_quiet($stand->{log}, qw(gcc -shared -fPIC -O1 -o), "$names/names.so", "$FindBin::Bin/lib/names.c", '-ldl');
    run_quiet($stand->{log}, qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=hooks.example.test -addext),
        'subjectAltName=DNS:hooks.example.test,DNS:private.example.test', '-keyout', "$names/key.pem", '-out', "$names/ca.pem");
    chmod 0644, "$names/ca.pem";
    name('hooks.example.test', '2000::1');
    name('private.example.test', '127.0.0.1');
}

# A receiver with TLS. Logs each connection, and each request.
my $tls_pid;
sub serve_tls {
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port_of_tls, Listen => 64, ReuseAddr => 1) or die "port $port_of_tls: $!\n";
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    $SIG{TERM} = 'DEFAULT';
    $SIG{CHLD} = 'IGNORE';
    open my $log, '>>', "$stand->{dir}/tls.log" or POSIX::_exit(1);
    $log->autoflush(1);
    while (my $client = $listener->accept) {
        print $log "connection\n";
        next if fork;
        alarm 60;
        IO::Socket::SSL->start_SSL($client, SSL_server => 1, SSL_cert_file => "$names/ca.pem", SSL_key_file => "$names/key.pem") or POSIX::_exit(0);
        my $in = '';
        while (sysread $client, $in, 65536, length $in) {
            my ($head, $body) = $in =~ /\A(.*?)\r\n\r\n(.*)\z/s or next;
            next if length $body < ($head =~ /^content-length: *(\d+)/mi ? $1 : 0);
            print $log "webhook $1\n" if $in =~ /^webhook-id: *(\S+)/mi;
            $in = '';
            syswrite $client, "HTTP/1.1 204 No Content\r\n\r\n";
        }
        POSIX::_exit(0);
    }
    POSIX::_exit(0);
}
$tls_pid = serve_tls() if $preloads;
END { local $?; if ($tls_pid) { kill TERM => $tls_pid; waitpid $tls_pid, 0 } }
sub tls_log { my ($pattern) = @_; my $file = "$stand->{dir}/tls.log"; my @found = -e $file ? slurp($file) =~ /$pattern/g : (); return scalar @found }

my $channel = $stand->start_channel;
sub start {
    my ($extra) = @_;
    local $ENV{NAMES_DIR} = $names;
    local $ENV{LD_PRELOAD} = "$names/names.so" if $preloads;
    $stand->start_httpd(channels => $channel, extra => $extra // '');
}
start();
my $server_secret = slurp("$stand->{dir}/secret") =~ s/\n.*//sr;
my $hooks = Faults::Webhooks->new(stand => $stand, receiver => $receiver);
my $log = Faults::Client->new;
my $checker = Faults::Checker->start($postgres);
my @orders;    # [buyer, id]

sub place {
    my ($buyer, %body) = @_;
    my $entry = $log->send_one($stand->{port}, create($buyer, 'ten', %body));
    push @orders, [$buyer, $entry->{order}];
    diag("no order: $entry->{status} $entry->{code}") if !$entry->{order};
    return $entry->{order};
}

sub seconds_until { my ($condition, $most) = @_; my $from = time; wait_for($condition, $most // 20); return time - $from }

sub replace_children {
    my %old = map { $_ => 1 } $stand->httpd_children;
    $stand->graceful;
    return wait_for(sub { my @children = $stand->httpd_children; @children && !grep { $old{$_} } @children }, 20);
}

# --- receivers that fail delay nobody --------------------------------------------------------------------------------

my @healthy = ($hooks->create('/ok/full', events => ['*']), $hooks->create('/ok/thin', payload => 'thin'), $hooks->create('/ok/orders'));
my ($all, $thin) = @healthy;
is($_->{secret}, $hooks->derived_secret($_, $server_secret), 'the secret is derived from that of the server') for $all;
my %sick = map { my ($name, $url) = @$_; $name => $hooks->create($url =~ m{^/} ? $hostile->url($url) : $url) } (
    ['slow', '/slow/x'], ['500', '/500/x'], ['410', '/410/x'], ['redirect', '/302/x'], ['large', '/large/x'], ['endless', '/endless/x'], ['hang', '/hang/x'],
    ['close', '/close/x'], ['busy', '/503-90/x'], ['down', 'http://127.0.0.1:' . ($stand->{port} + 7) . '/x'], ['full', "http://127.0.0.1:$full->{port}/x"],
);
if ($preloads) {
    $sick{rebound} = $hooks->create("https://hooks.example.test:$port_of_tls/x");
    $sick{private} = $hooks->create("https://private.example.test:$port_of_tls/x");
    my $test = $hooks->test($sick{rebound});
    ok(wait_for(sub { tls_log(qr/^webhook test-/m) }, 10), 'a message arrives at a public address over TLS') or diag(explain([$hooks->deliveries($sick{rebound})]));
    name('hooks.example.test', '127.0.0.1');
    replace_children();    # libcurl keeps an address for a minute; a new child looks the name up again
    $sick{long} = $hooks->create("https://nobody.example.test/x");
}
my $connections = tls_log(qr/^connection/m);
my @sick = map { $sick{$_} } sort keys %sick;

# Buyers place and read orders. Returns the response times of one phase in milliseconds, and counts failures.
my @failures;
sub shop {
    my ($duration) = @_;
    my (@times, %rest, %order);
    my $end = time + $duration;
    Faults::Load->new(
        port => $stand->{port}, clients => $clients, timeout => 20,
        next => sub {
            my ($n) = @_;
            return undef if time > $end;
            return $pause if $rest{$n}++ % 2 == 0;
            return $order{$n} && rand() < 0.8 ? detail($n + 1, $order{$n}) : create($n + 1, 'ten');
        },
        done => sub {
            my ($request, $reply, $n) = @_;
            my $entry = $log->note($request, $reply);
            if ($entry->{op} eq 'create' && $entry->{class} eq 'ok') { $order{$n} = $entry->{order}; push @orders, [$n + 1, $entry->{order}] }
            push @failures, "$reply->{status} " . ($reply->{error} // $reply->{body}) if $entry->{class} ne 'ok';
            push @times, 1000 * $reply->{seconds};
        },
    )->run;
    return sort { $a <=> $b } @times;
}
sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[@sorted / 2] }

my (%p99, @phases);
shop(1);
for my $round (1 .. $rounds) {
    for my $phase ($round % 2 ? ('undisturbed', 'disturbed') : ('disturbed', 'undisturbed')) {
        if ($phase eq 'disturbed') { $hooks->enable(@sick) } else { $hooks->disable(@sick) }
        my $from = time;
        my @times = shop($seconds);
        push @{$p99{$phase}}, $times[$#times * 0.99];
        push @phases, [$phase, $from, time];
    }
}
$hooks->enable(@sick);
# Neighbouring phases are compared, because other load on the machine changes. Differences of up to 20 ms do not count: the messages that the
# endpoints have missed are sent when they are enabled, on the same processors.
my ($with, $without) = map { median(@{$p99{$_}}) } qw(disturbed undisturbed);
my $ratio = median(map { $p99{disturbed}[$_] / $p99{undisturbed}[$_] } 0 .. $rounds - 1);
my $text = sprintf 'p99 of the buyers: %.1f ms while receivers fail, %.1f ms while they are disabled, %.2f times as long (%s; %s)', $with, $without, $ratio,
  map { join ' ', map { sprintf '%.0f', $_ } @{$p99{$_}} } qw(disturbed undisturbed);
ok($ratio <= 1.5 || $with <= $without + 20, $text);
none_of('buyers meet no failure', @failures);

ok($hooks->all_arrived(20, @healthy), 'each healthy receiver gets each message') or diag("$_->{path}: " . join ' ', ($hooks->missing($_))[0 .. 5]) for @healthy;
# The longest time from an event to the arrival of its message, for the events of each kind of phase. A busy machine delays both kinds.
my $messages = 0;
sub longest_delays {
    my ($endpoint) = @_;
    my %at = $hooks->expected($endpoint);
    my %delay = $hooks->delays($endpoint);
    $messages += keys %delay;
    my %longest = (disturbed => 0, undisturbed => 0);
    for my $id (keys %delay) {
        my ($phase) = grep { $_->[1] <= $at{$id} && $at{$id} < $_->[2] } @phases or next;
        $longest{$phase->[0]} = $delay{$id} if $delay{$id} > $longest{$phase->[0]};
    }
    return %longest;
}
for my $endpoint (@healthy) {
    my %longest = longest_delays($endpoint);
    my $bound = $longest{undisturbed} * 1.5 > $limit ? $longest{undisturbed} * 1.5 : $limit;
    cmp_ok($longest{disturbed}, '<=', $bound, sprintf '%s: while others fail, each message arrives within %.2f s, otherwise within %.2f s', $endpoint->{path},
        @longest{qw(disturbed undisturbed)});
    none_of("$endpoint->{path}: the messages of an order arrive in order", $hooks->disordered($endpoint));
    my %seen;
    none_of("$endpoint->{path}: no message arrives twice", grep { $seen{$_}++ } map { $_->{headers}{'webhook-id'} } $hooks->accepted($endpoint));
}
cmp_ok($messages, '>', 200, 'there are many messages');

# --- what is recorded of the receivers that fail ----------------------------------------------------------------------

# A delivery that has had an attempt.
sub attempted {
    my ($name, $seconds) = @_;
    return wait_for(sub { (grep { $_->{attempts} > 0 && $_->{event_id} } $hooks->deliveries($sick{$name}))[0] }, $seconds) || {last_error => 'none', last_status => 'none'};
}
sub recorded {
    my ($name, $status, $error, $what) = @_;
    my $delivery = attempted($name, 25);
    is($delivery->{last_status}, $status, "$name: $what: status") or diag(explain($delivery));
    like($delivery->{last_error} // '', $error, "$name: $what: error");
    is($delivery->{state}, 'pending', "$name: the message remains to be sent");
    ok($hooks->row($sick{$name})->{failing_since}, "$name: the endpoint fails") if $delivery->{attempts};
    return $delivery;
}
recorded('500', 500, qr/^$/, 'a status of 500');
recorded('redirect', 302, qr/^$/, 'a redirect');
is(scalar($hostile->entries('/ok/redirected')), 0, 'redirects are not followed');
recorded('close', undef, qr/./, 'a closed connection');
recorded('down', undef, qr/^connection_failed$/, 'no listener');
recorded('slow', undef, qr/^timeout$/, 'a receiver that responds after 30 s');
recorded('hang', undef, qr/^timeout$/, 'a receiver that never responds');
recorded('full', undef, qr/^timeout$/, 'a receiver that accepts no connection');
my $busy = recorded('busy', 503, qr/^$/, 'a status of 503 with Retry-After');
cmp_ok($postgres->value('SELECT extract(epoch FROM next_at - last_at) FROM orders.webhook_delivery WHERE id = ?', $busy->{id}), '>=', 89, 'Retry-After is honoured');
if ($preloads) {
    recorded('rebound', undef, qr/^address_not_allowed$/, 'a name whose address has become private');
    recorded('private', undef, qr/^address_not_allowed$/, 'a name with a private address');
    recorded('long', undef, qr/^host_not_found$/, 'a name without an address');
    is(tls_log(qr/^connection/m), $connections, 'no connection is made to a private address');
}
ok(wait_for(sub { $hooks->row($sick{large})->{last_success_at} }, 20), 'a response of 10 MB counts as accepted');
ok(wait_for(sub { $hooks->row($sick{endless})->{last_success_at} }, 20), 'a response without end counts as accepted');
is(attempted('large')->{last_status}, 200, '… with its status');
my $gone = $hooks->row($sick{410});
is("$gone->{state} $gone->{disabled_reason}", 'disabled gone', 'a receiver that responds with 410 is disabled');
sub event_of {
    my ($endpoint, $type) = @_;
    return map { from_json($_->{body}) } grep { $_->{headers}{'webhook-id'} =~ /-\Q$type\E$/ && from_json($_->{body})->{data}{webhook}{id} eq $endpoint->{id} } $hooks->accepted($all);
}
ok(wait_for(sub { grep { $_->{data}{webhook}{disabled_reason} // '' eq 'gone' } event_of($sick{410}, 'webhook_endpoint.disabled') }, 5), 'another endpoint gets the event');
my $at_410 = scalar $hostile->entries('/410/x');
place(40);
sleep 1.5;
is(scalar $hostile->entries('/410/x'), $at_410, 'a disabled endpoint gets no more messages');

# --- graceful stop ---------------------------------------------------------------------------------------------------

my @old = $hostile->entries;
place(41) for 1 .. 3;
$hooks->retry_now(@sick);
wait_for(sub { grep { $_->{path} =~ /slow|hang/ } ($hostile->entries)[scalar @old .. $#{$hostile->{entries}}] }, 10);
my $httpd = delete $stand->{httpd};
my $from = time;
kill WINCH => $httpd;
wait_for(sub { ended($httpd) }, 30);
cmp_ok(time - $from, '<=', 5, sprintf 'httpd stops gracefully while receivers hang (after %.1f s)', time - $from);
is($postgres->value(q(SELECT count(*) FROM orders.due WHERE kind = 'webhook' AND attempts <> 0)), 0, 'no endpoint is left with a lease');
start();
place(42);
ok($hooks->all_arrived(5, @healthy), 'after the start, healthy receivers get the messages at once');
$hooks->delete($_) for @sick;

# --- order -----------------------------------------------------------------------------------------------------------

my $paced = $hooks->create('/delay-100/x');
my $changing = place(39);
$log->send_one($stand->{port}, refund($changing, 1)) for 1 .. 4;
ok($hooks->all_arrived(10, $paced), 'all messages of an order that changes often arrive') or diag(join ' ', $hooks->missing($paced));
my @at = map { $_->{at} } $hooks->accepted($paced);
cmp_ok(scalar @at, '>=', 7, 'it has several events with several types');
none_of('each is sent after the response to the one before', grep { $_ < 0.1 } map { $at[$_] - $at[$_ - 1] } 1 .. $#at);
none_of('they arrive in order', $hooks->disordered($paced));
$hooks->delete($paced);

# --- payloads --------------------------------------------------------------------------------------------------------

sub messages_of {
    my ($endpoint, $order) = @_;
    return grep { $_->{data}{order}{id} == $order } map { from_json($_->{body}) } grep { $_->{body} =~ /"order":\{"id":$order,/ } $hooks->accepted($endpoint);
}
sub message_of { my ($endpoint, $order) = @_; return wait_for(sub { (messages_of($endpoint, $order))[0] }, 5) || {data => {order => {}}} }
my $order = place(43);
my $message = message_of($all, $order);
my $shown = from_json(Faults::Load->one_by_one($stand->{port}, {path => "/api/v1/admin/orders/$order", token => secret('operator')})->{body});
is_deeply($message->{data}{order}, $shown, 'a full message has the order as the operator API shows it') or diag(explain([$message->{data}{order}, $shown]));
is_deeply([sort keys %{message_of($thin, $order)->{data}{order}}], [qw(id number public_id version)], 'a thin message has its ids and version');

my $paying = place(44, payment_method => 'external', payment_channel => 'simulator');
wait_for(sub { $postgres->value('SELECT pay_url FROM orders.payment WHERE order_id = ? AND pay_url IS NOT NULL', $paying) }, 5);
$log->send_one($stand->{port}, operator_cancel($paying));
wait_for(sub { grep { $_->{type} eq 'order.cancelled' } messages_of($all, $paying) }, 5);
ok(scalar messages_of($all, $paying), 'there are messages of an order with a pay link');
none_of('no message has a pay link', grep { m{/pay/} || /"pay_url":"/ } map { $_->{body} } $receiver->entries);

sub operator { return from_json(Faults::Load->one_by_one($stand->{port}, {token => secret('operator'), @_})->{body}) }
operator(method => 'PUT', path => '/api/v1/admin/catalogue/products/thing', body => {name => 'Thing ' . 'x' x 150, variants => [{ref => 'one', name => 'One', prices => {USD => 100}}]});
my $big = operator(path => '/api/v1/admin/orders', key => 'big', body => {
    dialect => 'customer', user => 'buyer-45', currency => 'USD', payment_method => 'cod', lines => [map { {product => 'thing', quantity => 1} } 1 .. 100]})->{id};
$log->expect($big);
my $reduced = message_of($all, $big);
is_deeply([sort keys %{$reduced->{data}{order}}], [qw(id number public_id version)], 'a full message of more than 20 kB becomes thin');

# Each type of each endpoint, up to three times.
sub forms {
    my $documents = ModOrders::OpenAPI->new("$FindBin::Bin/../../docs/openapi/operator.yaml");
    my %seen;
    for my $entry (map { $hooks->accepted($_) } @healthy) {
        my $type = from_json($entry->{body})->{type};
        push @{$seen{$type}}, $documents->wrong_message($type, $entry->{body}) if $seen{"$entry->{path} $type"}++ < 3;
    }
    return map { my $type = $_; map { "$type: $_" } @{$seen{$type}} } grep { ref $seen{$_} } sort keys %seen;
}
none_of('each message has the form of the OpenAPI document', forms());

# --- secrets ---------------------------------------------------------------------------------------------------------

sub news { my ($do) = @_; my @before = $hooks->accepted($all); $do->(); $hooks->all_arrived(5, $all); my @after = $hooks->accepted($all); return @after[@before .. $#after] }
none_of('the library verifies each message', $hooks->invalid($_->{secret}, $hooks->accepted($_))) for @healthy;
my $former = $all->{secret};
my $rotated = $hooks->rotate($all);
$all->{secret} = $rotated->{secret};
isnt($all->{secret}, $former, 'a rotation makes a new secret');
is($all->{secret}, $hooks->derived_secret($all, $server_secret), '… which is derived from that of the server');
sleep 2.5;    # the worker reads endpoints again every two seconds
my @both = news(sub { place(46) });
cmp_ok(scalar @both, '>', 0, 'messages are sent after the rotation');
none_of('the library verifies them with the new secret', $hooks->invalid($all->{secret}, @both));
none_of('… and with the former secret', $hooks->invalid($former, @both));
$postgres->db->do(q(UPDATE orders.webhook_endpoint SET former_until = now() - interval '1 s' WHERE id = ?), undef, $all->{row});
sleep 2.5;
my @after = news(sub { place(47) });
none_of('24 hours later, the library verifies messages with the new secret', $hooks->invalid($all->{secret}, @after));
is(scalar $hooks->invalid($former, @after), scalar @after, '… and refuses them with the former one');

sub replace_secret_file {
    my (@lines) = @_;
    write_file("$stand->{dir}/secret", join('', map { "$_\n" } @lines), 0600);
    replace_children();
}
my $second = 'another secret of the server: loopback and tests only';
replace_secret_file($second, $server_secret);
my $derived = $hooks->derived_secret($all, $second);
my @signed = news(sub { place(48) });
cmp_ok(scalar @signed, '>', 0, 'messages are sent after the secret file was replaced');
none_of('the library verifies them with the secret from the second line', $hooks->invalid($all->{secret}, @signed));
none_of('… and with that from the first line', $hooks->invalid($derived, @signed));
is($hooks->rotate($all)->{secret}, $hooks->derived_secret($all, $second), 'a rotation returns a secret from the first line');
replace_secret_file($second);
$all->{secret} = $hooks->derived_secret($all, $second);
@signed = news(sub { place(49) });
none_of('without the second line, the library verifies messages with the new secret', $hooks->invalid($all->{secret}, @signed));
is(scalar $hooks->invalid($former, @signed), scalar @signed, '… and refuses them with a former one');
$_->{secret} = $hooks->derived_secret($_, $second) for @healthy;

# --- attempts, time and operators --------------------------------------------------------------------------------------

my $flaky = $hooks->create('/fails-2/x', events => ['order.placed']);
place(50);
sub tried { my ($endpoint, $count) = @_; return wait_for(sub { $receiver->entries($endpoint->{path}) >= $count }, 10) }
sub recorded_attempts { my ($endpoint, $count) = @_; return wait_for(sub { grep { $_->{attempts} == $count } $hooks->deliveries($endpoint) }, 5) }
for my $attempt (1 .. 2) {
    ok(tried($flaky, $attempt) && recorded_attempts($flaky, $attempt), "attempt $attempt fails");
    my $wait = $postgres->value('SELECT max(extract(epoch FROM next_at - last_at)) FROM orders.webhook_delivery WHERE endpoint_id = ?', $flaky->{row});
    my $planned = (0, 5, 300)[$attempt];
    ok(abs($wait - $planned) <= 0.21 * $planned, sprintf 'the next attempt follows after %d s, 20 %% more or less (%.1f)', $planned, $wait);
    $hooks->retry_now($flaky);
}
ok(tried($flaky, 3) && recorded_attempts($flaky, 3), 'attempt 3 follows');
my @attempts = $receiver->entries($flaky->{path});
is(join(' ', map { $_->{status} } @attempts), '500 500 204', '… and succeeds');
is(scalar(keys %{{map { ("$_->{headers}{'webhook-id'} $_->{body}" => 1) } @attempts}}), 1, 'each attempt has the same id and body');
none_of('each attempt has a valid signature', $hooks->invalid($flaky->{secret}, @attempts));
is($postgres->value('SELECT count(*) FROM orders.webhook_body b JOIN orders.webhook_delivery d ON d.id = b.delivery_id WHERE d.endpoint_id = ?', $flaky->{row}), 0,
    'the body is deleted after the delivery');
ok(!$hooks->row($flaky)->{failing_since}, 'the endpoint fails no longer');

my $dying = $hooks->create('/500/dying', events => ['order.placed']);
place(51);
recorded_attempts($dying, 1);
$postgres->db->do(q(UPDATE orders.webhook_delivery SET attempts = 9 WHERE endpoint_id = ?), undef, $dying->{row});
$hooks->retry_now($dying);
ok(wait_for(sub { grep { $_->{state} eq 'dead' } $hooks->deliveries($dying) }, 10), 'a message is dead after the last attempt') or diag(explain([$hooks->deliveries($dying)]));
is($hooks->read($dying)->{dead}, 1, '… and counted');
my ($dead) = $hooks->deliveries($dying);
$receiver->set('/500/dying' => 'ok');
$hooks->retry($dying, $dead->{id});
ok(wait_for(sub { grep { $_->{state} eq 'delivered' } $hooks->deliveries($dying) }, 10), 'an operator has it sent again') or diag(explain([$hooks->deliveries($dying)]));
my @sent = $receiver->entries('/500/dying');
is(scalar(keys %{{map { ("$_->{headers}{'webhook-id'} $_->{body}" => 1) } @sent}}), 1, '… with the same id and body');

$receiver->set('/500/dying' => '500');
place(52);
ok(wait_for(sub { $hooks->row($dying)->{failing_since} }, 10), 'the endpoint fails again');
$postgres->db->do(q(UPDATE orders.webhook_endpoint SET failing_since = now() - interval '5 days 1 minute' WHERE id = ?), undef, $dying->{row});
$hooks->retry_now($dying);
ok(wait_for(sub { $hooks->row($dying)->{state} eq 'disabled' }, 10), 'after failing for 5 days it is disabled');
is($hooks->row($dying)->{disabled_reason}, 'failing', '… as failing');
ok(wait_for(sub { event_of($dying, 'webhook_endpoint.disabled') }, 5), '… with an event');

place(53);
$receiver->set('/500/dying' => 'ok');
my @missed = $hooks->missing($dying);
cmp_ok(scalar @missed, '>=', 2, 'messages are missing');
$hooks->enable($dying);
$hooks->retry_now($dying);    # the message that has failed
ok($hooks->all_arrived(10, $dying), 'an endpoint that is enabled again gets what it has missed') or diag(join ' ', $hooks->missing($dying));
$hooks->disable($dying);
place(54);
sleep 1;
$hooks->change($dying, enabled => \1, skip_missed => \1);
my $skipped = $postgres->value('SELECT max(id) FROM orders.event');
place(55);
ok(wait_for(sub { grep { $_->{headers}{'webhook-id'} =~ /^\d+-(\d+)-/ && $1 > $skipped } $receiver->entries('/500/dying') }, 5), 'with skip_missed, it gets the next event');
is(scalar $hooks->missing($dying), 1, '… and not those before') or diag(join ' ', $hooks->missing($dying));

my %count;
$count{$_->{headers}{'webhook-id'}}++ for $hooks->accepted($thin);
my $replay = $hooks->replay($thin, from => '2020-01-01T00:00:00Z');
cmp_ok($replay->{queued}, '>=', scalar keys %count, 'all messages are replayed');
ok(wait_for(sub { my %twice; $twice{$_->{headers}{'webhook-id'}}++ for $hooks->accepted($thin); !grep { $twice{$_} < $count{$_} + 1 } keys %count }, 60), '… and arrive again');
my $test = $hooks->test($thin);
ok(wait_for(sub { grep { $_->{headers}{'webhook-id'} =~ /^test-/ && from_json($_->{body})->{type} eq 'webhook.test' } $hooks->accepted($thin) }, $limit + 1), 'a test message arrives');

ok($hooks->all_arrived(10, @healthy), 'the healthy receivers have got each message');
closing(stand => $stand, log => $log, checker => $checker);
done_testing();
