#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# SIGKILL at random instants during captures, refunds, mails and reconciliations: of child processes and of the parent of httpd, of backends
# and of the postmaster. Two httpd servers with their workers share only the database. Nothing is lost and nothing is done twice: orders,
# payments at the provider, mails and reconciliations are compared with the responses at the end. (--long: 200 kills)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client qw(create detail operator_cancel refund);
use Faults::Data qw(secret);
use Faults::Killer;
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Text qw(from_json);
use File::Path qw(make_path);
use ModOrders::Files qw(slurp);
use ModOrders::MailMessage;
use ModOrders::MailServer;
use ModOrders::PayPal;
use ModOrders::Process qw(wait_for);
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'no exim4' unless ModOrders::MailServer->available;

my $long = Faults::Stand::long();
my ($kills, $gap, $link_orders) = $long ? (200, 2, 300) : (20, 1.1, 40);
my $age = 5 * 3600;    # the simulator dates its transactions back, because younger ones are not compared

# --- servers --------------------------------------------------------------------------------------------------------

my $stand = Faults::Stand->new->start_postgres;
my $postgres = $stand->postgres;
my $second = bless {%$stand, port => $stand->{port} + 4, dir => "$stand->{dir}/second"}, ref $stand;
make_path($second->{dir});
my @stands = ($stand, $second);
my $admin = '/api/v1/admin';
my @event_urls = map { "http://127.0.0.1:$_->{port}$admin/payments/paypal/events" } @stands;
my $mail = ModOrders::MailServer->start;
my $paypal = ModOrders::PayPal->start(port => $stand->{port} + 2, secret_file => $stand->secret_file('paypal.secret'),
    notify_url => $event_urls[0], log => "$stand->{dir}/paypal.log");
$postgres->db->do(q(INSERT INTO orders.payment_channel (tenant_id, external_ref, name, provider) VALUES (1, 'paypal', 'PayPal', 'paypal')));
$_->start_httpd(processes => 2, threads => 16, sessions => 8, channels => channel($_), extra => extra()) for @stands;
END { local $?; $second->stop_httpd if $second && $$ == $second->{owner} }

sub channel {
    my ($server) = @_;
    return "OrdersPaymentChannel paypal provider=paypal url=" . $paypal->url . " client-id=$ModOrders::PayPal::CLIENT_ID secret-file="
      . $server->secret_file('paypal.secret') . " webhook-id=$ModOrders::PayPal::WEBHOOK_ID ca-file=" . $paypal->ca_file . ' timeout=2';
}

sub extra {
    return 'OrdersMail ' . $mail->plain_url . " from=shop\@example.test starttls=off timeout=1\n"
      . "<Location /api/v1/company>\nOrdersAPI company\nOrdersPayLinkLifetime 36000\nOrdersMailLimit order=0 agent=0\n</Location>";
}

# Events are sent by resend only, so that those of some payments are lost.
sub set { return $paypal->set(webhooks => 0, age => $age, lag => 0, notify_url => $event_urls[rand @event_urls], @_) }
set();

sub some_port { return $stands[rand @stands]{port} }

# --- data: a company with orders that are paid by links --------------------------------------------------------------

sub ask {
    my (%request) = @_;
    my $reply = Faults::Load->one_by_one($stand->{port}, {token => secret('operator'), %request});
    $reply->{status} =~ /^20/ or die "$request{path}: $reply->{status} $reply->{body}\n";
    return from_json($reply->{body});
}

sub put { my ($path, %entry) = @_; return ask(method => 'PUT', path => "$admin/catalogue/$path", body => \%entry) }

my $agent = secret('agent');
sub company_request { my ($path, %body) = @_; return (path => "/api/v1/company/user/company/order/$path", token => undef, body => {api_key => $agent, %body}) }

put('companies/shop', name => 'Shop', prefix => 'KILLS');
put('users/agent', name => 'Agent', email => 'agent@example.test', current_company => 'shop');
put('memberships/agent', company => 'shop', user => 'agent', role => 'salesperson');
put('products/thing', name => 'Thing', variants => [{ref => 'one', number => 'THINGPD', prices => {EUR => 12_34, JPY => 900}}]);
$postgres->db->do(q(INSERT INTO orders.token (tenant_id, user_id, hash, hint, scopes)
    SELECT 1, u.id, sha256(convert_to(?, 'UTF8')), 'faults', '{seller}' FROM orders.users u WHERE u.external_ref = 'agent'), undef, $agent);

my $log = Faults::Client->new;
my @numbers = map {
    my $cart = ask(path => "$admin/carts", body => {company => 'shop', agent => 'agent', currency => $_ % 3 ? 'EUR' : 'JPY', products => [{number => 'THINGPD'}]});
    ask(company_request('create', cart_id => $cart->{code}, type => 'PayPal'))->{order_number};
} 1 .. $link_orders;
$log->expect(@{$postgres->db->selectcol_arrayref('SELECT id FROM orders.orders WHERE retailer_id IS NOT NULL')});

# --- load -----------------------------------------------------------------------------------------------------------

my $killer = Faults::Killer->new(stands => \@stands, postgres => $postgres, kills => $kills, gap => $gap);
my (@placed, @approved, @links, %sends, %reconciliations, %count, @later, %known_mail, @next, @pause, $over);

# The buyer approves the payment at PayPal. Most approvals are reported by an event, some of them later or never.
sub approve {
    my ($intent) = @_;
    $paypal->approve($intent);
    $paypal->resend(order_id => $intent) if rand() < 0.8;
    $count{approvals}++;
}

sub intent_in { my ($reply) = @_; return ($reply->{body} // '') =~ /checkoutnow\?token=(\w+)/ ? $1 : undef }

# Requests have `then`, called with their log entry and the reply, and `n`, the client.
sub buyer {
    my $buyer = 1 + int rand 100;
    my ($looks, $total) = (0);
    my $look;
    $look = sub {
        my ($entry, $reply) = @_;
        return if $entry->{class} ne 'ok';
        if ($entry->{op} eq 'create') { $total = $entry->{total}; push @placed, $entry }
        my $intent = intent_in($reply);
        my $order = $entry->{order};
        if ($intent) {
            return if rand() > 0.9;
            approve($intent);
            return push @approved, {order => $order, total => $total};
        }
        push @later, {%{detail($buyer, $order)}, at => time + 1, then => $look} if $looks++ < 5;
    };
    return {%{create($buyer, (qw(hundred ten odd))[rand 3], quantity => 1 + int rand 5, payment_method => 'external', payment_channel => 'paypal')}, then => $look};
}

# An element of the list, mostly a late one.
sub some { my ($list) = @_; return $list->[rand() < 0.5 && @$list > 20 ? @$list - 1 - int rand 20 : rand @$list] }

sub send_link {
    my $recipient = sprintf 'buyer-%d@example.test', ++$count{sends};
    my %send = (op => 'send', recipient => $recipient, key => "send-$recipient", company_request('paypal/send', order_number => $numbers[rand @numbers], email => $recipient));
    $send{then} = sub {
        my ($entry) = @_;
        $sends{$recipient} = $entry->{class} if ($sends{$recipient} // '') ne 'ok' && ($entry->{class} ne 'refused' || $entry->{status} != 409 || !$sends{$recipient});
    };
    return \%send;
}

sub operator {
    my $what = rand;
    return send_link() if !@approved || $what < 0.4;
    return operator_cancel(some(\@placed)->{order}) if $what < 0.5;
    my $order = some(\@approved);
    return refund($order->{order}, rand() < 0.3 ? undef : 1 + int rand $order->{total});
}

# Follows a link to PayPal, approves, and returns to the shop, which captures.
sub link_buyer {
    my $link = @links ? $links[rand @links] : return 0.2;
    return {op => 'page', method => 'POST', path => "$link/pay", then => sub {
        my ($entry, $reply) = @_;
        my $intent = $reply->{status} == 303 && $reply->{headers}{location} =~ /token=(\w+)/ ? $1 : return;
        approve($intent) if rand() < 0.8;
        push @later, {op => 'page', method => 'GET', path => "$link/return", at => time + rand 0.5, then => sub { }};
    }};
}

# A reconciliation of the transactions of the last $seconds.
sub reconciler {
    my ($seconds) = @_;
    my $now = time;
    return {%{operator_request('reconcile', "$admin/reconciliations", {channel => 'paypal', map { $_->[0] => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_->[1]) }
        ['from', $now - $age - $seconds], ['to', $now]})}, then => sub {
        my ($entry, $reply) = @_;
        $reconciliations{from_json($reply->{body})->{id}} = 1 if $entry->{class} eq 'ok';
    }};
}

sub operator_request { my ($op, $path, $body) = @_; return {op => $op, path => $path, token => secret('operator'), body => $body, key => "$op-" . ++$count{keys}} }

my @roles = ((\&buyer) x 5, (\&operator) x 4, (\&link_buyer) x 2, sub { reconciler(60) });

# Repeats with the same key, to any server, until the outcome is known.
sub done {
    my ($request, $reply, $client) = @_;
    my $entry = $log->note($request, $reply);
    $request->{then}->($entry, $reply) if $request->{then};
    $pause[$client] = time + 0.5 if $entry->{status} == 503;
    return if $entry->{class} ne 'unknown' || !defined $request->{key} || ($request->{attempt} // 1) >= 100;
    push @later, {%$request, attempt => ($request->{attempt} // 1) + 1, at => time + ($entry->{code} eq 'idempotency_in_flight' ? 1 : 0.5)};
    $count{repeats}++;
}

sub next_request {
    my ($n) = @_;
    my $now = time;
    return $pause[$n] - $now if ($pause[$n] // 0) > $now;
    my ($index) = grep { $later[$_]{at} <= $now } 0 .. $#later;
    my $request = defined $index ? splice @later, $index, 1 : undef;
    if (!$request) {
        return @later ? 0.1 : undef if $over;
        if ($next[$n]++ % 2) { return 0.01 + rand 0.05 }
        $request = $roles[$n % @roles]->();
    }
    return ref $request ? {%$request, port => some_port()} : $request;
}

# Reads each mail that has arrived, once.
sub read_mails {
    for my $file (glob "$mail->{dir}/mailbox/new/*") {
        next if $known_mail{$file};
        my $message = $known_mail{$file} = ModOrders::MailMessage->parse(slurp($file));
        push @links, $1 if $message->{text} =~ m{http://[^/]+(/api/v1/company/transaction/[\w-]+)/pay$}m;
        delete @$message{qw(raw text html)};
    }
}

# A second of delays or lost replies at the provider, or none.
my @troubles = ([], [], [trouble => 'slow', on => 'capture', delay => 0.3], [trouble => 'slow', on => 'refund', delay => 0.3], [trouble => 'slow', on => 'any', delay => 0.1],
    [trouble => 'lose_reply', on => 'capture', times => 1], [trouble => 'lose_reply', on => 'refund', times => 1]);
my ($second_at, $mails_at, $keys_at) = (0, 0, 0);
sub tick {
    my $now = time;
    $killer->tick;
    if ($now >= $second_at) { set(@{$troubles[rand @troubles]}); $second_at = $now + 1 }
    if ($now >= $mails_at) { read_mails(); $mails_at = $now + 0.5 }
    $over ||= $killer->over && $now > $killer->{next_at} + 1;
    if ($over && !$long && $now > $keys_at) { free_keys(); $keys_at = $now + 1 }
}

# The key of a request that a kill has cut off is free after half a minute. The short form does not wait so long.
sub free_keys {
    eval { $postgres->connect->do(q(UPDATE orders.idempotency SET started_at = started_at - interval '31 s'
        WHERE completed_at IS NULL AND started_at BETWEEN now() - interval '31 s' AND now() - interval '5 s')) };
}

my $load = Faults::Load->new(port => $stand->{port}, clients => scalar @roles, limit => $long ? 900 : 300, tick => \&tick, next => \&next_request, done => \&done)->run;
note($load->summary);

# --- at most a minute without kills ----------------------------------------------------------------------------------

my $quiet_from = time;
ok($killer->settle(30), 'all servers run again');
set();

# Approvals whose event was lost are reported now; the events of captures and refunds stay lost.
sub provider_orders { return @{$paypal->state->{orders}} }
$paypal->resend(order_id => $_->{id}) for grep { $_->{status} eq 'APPROVED' } provider_orders();

# A lease of a server that was killed ends after half a minute. The short form does not wait so long: a lease that has not changed for three
# seconds has no holder, because each call takes at most two.
sub leases { return map { ("$_->{kind} $_->{id}" => $_) } $postgres->db->selectall_array(q(SELECT kind, id, due_at FROM orders.due WHERE due_at > now() AND kind <> 'expiry'), {Slice => {}}) }
sub end_leases {
    my (%before) = leases();
    sleep 3;
    my %after = leases();
    $postgres->db->do('UPDATE orders.due SET due_at = now() WHERE tenant_id = 1 AND kind = ? AND id = ? AND due_at = ?', undef, @$_{qw(kind id due_at)})
      for map { $before{$_} } grep { $after{$_} && $after{$_}{due_at} eq $before{$_}{due_at} } keys %before;
}
end_leases() if !$long;

# A payment that can no longer be captured may be polled for five minutes.
my $left = q(SELECT string_agg(concat_ws(' ', d.kind, d.id, d.due_at - now(), d.attempts), ', ') FROM orders.due d
    WHERE d.kind <> 'expiry' AND (d.kind <> 'capture' OR d.due_at <= now()
          OR EXISTS (SELECT FROM orders.payment p JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
                     WHERE p.tenant_id = d.tenant_id AND p.id = d.id AND p.status = 'pending' AND orders_v1.can_be_paid(o))) OR d.due_at < now() - interval '2 s');
# The worker waits for a minute before it repeats a search of PayPal that timed out, or a capture whose reply was lost. The test does not wait.
sub ask_again {
    $postgres->db->do(q(UPDATE orders.due SET due_at = now()
        WHERE kind IN ('reconciliation', 'capture') AND attempts > 0 AND due_at > now() + interval '30 s'));
}
wait_for(sub { ask_again(); !$postgres->value($left) }, $long ? 45 - (time - $quiet_from) : 10);

# The capture of a closed order is repeated, too, when its reply was lost.
end_leases();
ok(wait_for(sub { ask_again(); !$postgres->value($left) }, 60 - (time - $quiet_from)), 'the queues of the workers are empty') or diag($postgres->value($left));
ok($paypal->settled(20), 'all events have been accepted');
ok(wait_for(sub { !$postgres->value($left) }, 5), 'the worker has done all work that the events caused') or diag($postgres->value($left));
note(sprintf '%.1f s without kills', time - $quiet_from);

# The transactions of the order database are dated back, too.
$postgres->db->do('UPDATE orders.provider_transaction SET created_at = created_at - make_interval(secs => ?)', undef, $age);
my %last;
done({%{reconciler(3600)}, then => sub { my ($entry, $reply) = @_; $last{id} = $entry->{class} eq 'ok' && from_json($reply->{body})->{id} }},
    scalar(Faults::Load->one_by_one($stand->{port}, reconciler(3600))), 0);
ok($last{id}, 'a last reconciliation is started');
sub reconciliation { return ($postgres->db->selectrow_hashref('SELECT * FROM orders.reconciliation WHERE id = ?', undef, $last{id} || 0))[0] }
ok(wait_for(sub { (reconciliation() || {state => 'running'})->{state} ne 'running' }, $long ? 120 : 15), 'the last reconciliation ends');

# --- comparison -----------------------------------------------------------------------------------------------------

# The captures and refunds at the provider: [key, id, cents, currency], from custom_id and invoice_id, which start with the tenant.
my (@captures, @refunds);
sub cents { my ($amount) = @_; return 0 + sprintf '%.0f', $amount->{value} * ($amount->{currency_code} eq 'JPY' ? 1 : 100) }
sub entry { my ($key, $of) = @_; return {key => $key =~ s/^1-//r, id => $of->{id}, amount => cents($of->{amount}), currency => $of->{amount}{currency_code}} }
for my $order (provider_orders()) {
    my $unit = $order->{purchase_units}[0];
    push @captures, map { entry($unit->{custom_id}, $_) } grep { $_->{status} =~ /^(?:COMPLETED|PARTIALLY_REFUNDED|REFUNDED)$/ } @{$unit->{payments}{captures} // []};
    push @refunds, map { entry($_->{invoice_id} // 'none', $_) } grep { $_->{status} eq 'COMPLETED' } @{$unit->{payments}{refunds} // []};
}

sub text { my ($entry) = @_; return "$entry->{key} $entry->{id} $entry->{amount} $entry->{currency}" }
sub minus { my ($some, $others) = @_; my %other = map { $_ => 1 } @$others; return grep { !$other{$_} } @$some }
sub repeated { my %seen; return grep { $seen{$_}++ == 1 } @_ }

sub compare {
    my ($what, $there, $sql) = @_;
    my @here = map { text($_) } $postgres->db->selectall_array($sql, {Slice => {}});
    my @there = map { text($_) } @$there;
    none_of("no $what was made twice", repeated(map { $_->{key} } @$there));
    none_of("each $what at the provider is in the order database", minus(\@there, \@here));
    none_of("each $what in the order database is at the provider", minus(\@here, \@there));
}
compare('capture', \@captures, q(SELECT provider_key AS key, transaction_id AS id, captured AS amount, currency FROM orders.payment WHERE channel = 'paypal' AND captured > 0));
compare('refund', \@refunds, q(SELECT r.provider_key AS key, r.reference AS id, r.amount, r.currency FROM orders.refund r
    JOIN orders.payment p ON p.tenant_id = r.tenant_id AND p.id = r.payment_id WHERE p.channel = 'paypal' AND r.status = 'done'));
is($postgres->value(q(SELECT count(*) FROM orders.refund WHERE status = 'failed')), 0, 'no refund has failed');
none_of('no request to the provider had two effects', $paypal->doubled);

sub sums { my (@entries) = @_; my %sum; $sum{$_->{currency}} += $_->{amount} for @entries; return \%sum }
sub sums_of { my ($column) = @_; return {map { @$_ } $postgres->db->selectall_array(qq(SELECT currency, sum($column)::bigint FROM orders.orders
    WHERE payment_method <> 'balance' GROUP BY currency HAVING sum($column) > 0))} }
my ($captured, $refunded) = (sums(@captures), sums(@refunds));
my $surplus = {map { @$_ } $postgres->db->selectall_array('SELECT currency, sum(captured)::bigint FROM orders.payment WHERE surplus GROUP BY currency')};
my $surplus_refunded = {map { @$_ } $postgres->db->selectall_array(q(SELECT currency, sum(amount)::bigint FROM orders.refund WHERE surplus AND status = 'done' GROUP BY currency))};
sub less { my ($sum, $part) = @_; return {map { $_ => $sum->{$_} - ($part->{$_} // 0) } grep { $sum->{$_} != ($part->{$_} // 0) } keys %$sum} }
is_deeply(sums_of('captured'), less($captured, $surplus), 'the sums of the orders are those of the provider: captured');
is_deeply(sums_of('refunded'), less($refunded, $surplus_refunded), 'the sums of the orders are those of the provider: refunded');
my %known_key = map { $_ => 1 } @{$postgres->db->selectcol_arrayref(q(SELECT 'payment-' || provider_key FROM orders.payment UNION ALL
    SELECT 'capture-' || provider_key FROM orders.payment UNION ALL SELECT 'refund-' || provider_key FROM orders.refund))};
none_of('each key that the provider was sent is of a payment or a refund', grep { !$known_key{$_} } map { $_->{key} } @{$paypal->state->{asked}});

# Mails
my @mails = $postgres->db->selectall_array('SELECT recipient, message_key, done_at IS NOT NULL AS done, dead, last_error FROM orders.mail', {Slice => {}});
wait_for(sub { my $n = keys %known_mail; read_mails(); $n == keys %known_mail && !grep { -f } glob "$mail->{dir}/spool/input/*" }, 20);
my %mail_to = map { $_->{recipient} => $_ } @mails;
my (%ids, %delivered);
for my $message (values %known_mail) {
    $ids{$message->{headers}{'message-id'}}++;
    push @{$delivered{$message->{to}}}, $message->{headers}{'message-id'};
}
none_of('one mail for each request', repeated(map { $_->{recipient} } @mails));
none_of('each accepted request has its mail', grep { $sends{$_} eq 'ok' && !$mail_to{$_} } sort keys %sends);
none_of('no refused request has a mail', grep { $sends{$_} eq 'refused' && $mail_to{$_} } sort keys %sends);
# A mail is not sent when its order has been paid or cancelled before.
my @needless = grep { $_->{dead} && $_->{last_error} eq 'order_not_payable' } @mails;
none_of('each mail was delivered', map { join ' ', map { $_ // '-' } @$_{qw(recipient done dead last_error)} } grep { !$_->{done} || !$delivered{$_->{recipient}} }
    minus(\@mails, \@needless));
none_of('no other mail was delivered', grep { !$mail_to{$_} } sort keys %delivered);
none_of('repeats have the same Message-ID', grep { my %id = map { $_ => 1 } @{$delivered{$_}}; keys %id > 1 || (keys %id)[0] !~ /\Q$mail_to{$_}{message_key}\E/ } sort keys %delivered);
my $duplicates = keys(%known_mail) - keys(%ids);
# Each server sends at most four mails at a time. A kill can come after their acceptance and before the database has stored it.
cmp_ok($duplicates, '<=', 8 * $killer->total, "$duplicates mails were delivered again");

# Reconciliations
my %state = map { @$_ } $postgres->db->selectall_array('SELECT id, state FROM orders.reconciliation');
none_of('each reconciliation is done', grep { $state{$_} ne 'done' } sort keys %state);
none_of('each accepted reconciliation exists', grep { !$state{$_} } sort keys %reconciliations);
is_deeply([@{reconciliation() || {}}{qw(entries matched different unsettled ignored missing_there)}], [(@captures + @refunds) x 2, 0, 0, 0, 0], 'the last reconciliation has matched every transaction');
is($postgres->value(q(SELECT count(*) FROM orders.reconciliation_difference WHERE state = 'open')), 0, 'no difference is open');
my $differences = $postgres->value('SELECT count(*) FROM orders.reconciliation_difference');

# Logs
# Expected: busy, database_unavailable, outcome_unknown, provider_unreachable, serialization_failed, mail_unreachable, statement_timeout.
my $unexpected = qr/ORD(?!00(?:12|13|14|21|25|34|40) )\d{4} |:(?:emerg|alert)\]/;
none_of('PostgreSQL has logged no crash of its own', grep { /PANIC|TRAP:|terminated by signal (?!9)|invalid page|could not read/ } split /^/, slurp("$postgres->{data}/server.log"));
none_of('the second httpd logged no crash and no unexpected line', $second->httpd_alarms($unexpected));

note('kills: ' . $killer->total . ' (' . $killer->summary . ')');
note(sprintf '%d orders, %d approved payments, %d captures, %d refunds, %d mails (%d needless), %d delivered twice, %d reconciliations, %d differences in all, %d repeated requests',
    scalar(grep { $_->{op} eq 'create' && $_->{class} eq 'ok' } @{$log->{entries}}) + @numbers, $count{approvals}, scalar @captures, scalar @refunds, scalar @mails, scalar @needless, $duplicates,
    scalar keys %state, $differences, $count{repeats} // 0);
cmp_ok(scalar $_->[1], '>', $kills, "more $_->[0] than kills") for ['captures', scalar @captures], ['refunds', scalar @refunds], ['mails', scalar @mails];
is($killer->total, $kills, "$kills kills");
closing(stand => $stand, log => $log, alarms => $unexpected);
done_testing();
