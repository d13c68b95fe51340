#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Jobs of the worker do not wait for the network calls of each other. Due payments at a provider that never responds delay neither mails
# nor expiry nor refunds of other channels. A mail server that never responds delays no refund. Neither delays a graceful stop.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client qw(create refund);
use Faults::Scenario qw(closing);
use Faults::Stand;
use IO::Select;
use IO::Socket::INET;
use ModOrders::MailServer;
use ModOrders::Process qw(ended wait_or_die);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'exim4 is not installed' unless ModOrders::MailServer->available;

my $stand = Faults::Stand->new->start_postgres;
my $channel = $stand->start_channel;
my $provider = $stand->{simulator};
my $mail = ModOrders::MailServer->start;

# A listener that never calls accept(): the kernel accepts connections, but no response is sent.
sub hang { return IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 256) || die "no port: $!\n" }
my ($gone, $mute, $half, $data) = map { hang() } 1 .. 4;

# Serves each connection of a listener in a separate process.
my @servers;
sub serve {
    my ($listener, $talk) = @_;
    my $pid = fork // die "fork: $!\n";
    return push @servers, $pid if $pid;
    setpgrp;
    $SIG{CHLD} = 'IGNORE';
    $SIG{TERM} = 'DEFAULT';
    while (my $client = $listener->accept) {
        next if fork;
        $talk->($client);
        POSIX::_exit(0);
    }
    POSIX::_exit(0);
}
END { local $?; for (@servers) { kill TERM => -$_; waitpid $_, 0 } }

# A provider that sends the headers, and then one byte of the body each second.
serve($half, sub {
    my ($client) = @_;
    sysread $client, my $request, 65536;
    syswrite $client, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{";
    1 while sleep 1 and syswrite $client, ' ';
});

# A mail server that receives a mail and never confirms it.
serve($data, sub {
    my ($client) = @_;
    syswrite $client, "220 data.example ESMTP\r\n";
    while (sysread $client, my $line, 65536) {
        syswrite $client, $line =~ /^EHLO/ ? "250 data.example\r\n" : $line =~ /^DATA/ ? "354 go on\r\n" : "250 OK\r\n" if $line =~ /^(?:EHLO|MAIL|RCPT|DATA)/;
        next if $line !~ /^\.\r\n/m;
        open my $taken, '>', "$stand->{dir}/mail-taken";
        sleep 60;
    }
});

sub channel_at {
    my ($name, $listener) = @_;
    return $channel =~ s/simulator (.*):\d+ /"$name $1:" . $listener->sockport . ' '/er =~ s/timeout=\d+/timeout=8/r;
}
my $hung = join "\n", channel_at('gone', $gone), channel_at('half', $half);

sub start {
    my ($mails) = @_;
    $stand->start_httpd(channels => "$channel\n$hung",
        extra => "OrdersMail $mails from=shop\@example.test starttls=off\n<Location /api/v1/company>\nOrdersAPI company\n</Location>");
}
start($mail->plain_url);
my $postgres = $stand->postgres;
my $log = Faults::Client->new;
my $checker = Faults::Checker->start($postgres);

my $buyer = 0;
sub placed {
    my ($channel) = @_;
    my ($order) = $postgres->db->selectrow_array(q(SELECT ("order").id FROM orders_v1.place_plan(1, 'user', 'buyer', ?, 'faults', NULL, NULL,
        ?, 2, NULL, 1, 'external', ?, NULL, NULL, NULL)), undef, 99, 99, $channel);
    $log->expect($order);
    return $order;
}

sub paid {
    my $order = $log->send_one($stand->{port}, create(++$buyer, 'ten', payment_method => 'external', payment_channel => 'simulator'))->{order};
    wait_or_die('the payment', 10, sub { $postgres->value('SELECT payment_state FROM orders.orders WHERE id = ?', $order) eq 'paid' });
    return $order;
}

# Seconds until a condition holds.
sub seconds_until { my ($what, $condition) = @_; my $from = time; eval { wait_or_die($what, 30, $condition) } or return 30; return time - $from }

sub mail {
    return $postgres->value(q(WITH m AS (INSERT INTO orders.mail (tenant_id, order_id, template, recipient)
                                         VALUES (1, ?, 'pay_link', 'buyer@example.test') RETURNING id)
        INSERT INTO orders.due (tenant_id, kind, id, due_at) SELECT 1, 'mail', id, now() FROM m RETURNING id), placed('simulator'));
}

sub mail_seconds {
    my $id = mail();
    return seconds_until('the mail', sub { $postgres->value('SELECT done_at IS NOT NULL FROM orders.mail WHERE id = ?', $id) });
}

sub expiry_seconds {
    my $order = placed('simulator');
    $postgres->value(q(WITH o AS (UPDATE orders.orders SET expires_at = now() - interval '1 s' WHERE id = ? RETURNING id)
        INSERT INTO orders.due (tenant_id, kind, id, due_at) SELECT 1, 'expiry', id, now() - interval '1 s' FROM o RETURNING id), $order);
    return seconds_until('the expiry', sub { $postgres->value('SELECT state FROM orders.orders WHERE id = ?', $order) eq 'expired' });
}

sub refund_seconds {
    my ($order) = @_;
    $log->send_one($stand->{port}, refund($order, 400));
    return seconds_until('the refund', sub { $postgres->value('SELECT refunded FROM orders.orders WHERE id = ?', $order) == 400 });
}

# Waits until a job has connected to a listener, and so hangs.
sub hangs { my ($listener) = @_; wait_or_die('a call', 15, sub { IO::Select->new($listener)->can_read(0) }) }

$provider->mode('approve');
my @paid = map { paid() } 1 .. 4;
my %undisturbed = (mail => mail_seconds(), expiry => expiry_seconds(), refund => refund_seconds($paid[0]));

placed('gone') for 1 .. 30;
placed('half') for 1 .. 30;
is($postgres->value(q(WITH w AS (UPDATE orders.due SET due_at = now() WHERE channel IN ('gone', 'half') AND kind = 'intent' RETURNING id) SELECT count(*) FROM w)),
    60, 'payments are due at a provider that never responds and at one that never completes its response');
hangs($gone);
my %disturbed = (mail => mail_seconds(), expiry => expiry_seconds(), refund => refund_seconds($paid[1]));
cmp_ok($disturbed{$_}, '<', 2 + $undisturbed{$_}, sprintf 'the %s after %.1f s, undisturbed %.1f s', $_, $disturbed{$_}, $undisturbed{$_})
  for sort keys %disturbed;

sub stops_soon {
    my ($what) = @_;
    my $pid = delete $stand->{httpd};
    my $from = time;
    kill WINCH => $pid;
    eval { wait_or_die('the stop', 30, sub { ended($pid) }) };
    # httpd checks its children once a second
    cmp_ok(time - $from, '<', 6, sprintf 'a graceful stop does not wait for the %s (%.1f s)', $what, time - $from);
}
stops_soon('provider');

my $taken = "$stand->{dir}/mail-taken";
unlink $taken;
for my $server ([ 'never responds', $mute, $paid[2], sub { hangs($mute) } ], [ 'hangs after DATA', $data, $paid[3], sub { wait_or_die('a mail', 15, sub { -e $taken }) } ]) {
    my ($what, $listener, $order, $wait) = @$server;
    start('smtp://127.0.0.1:' . $listener->sockport);
    my $id = mail();
    $wait->();
    my $seconds = refund_seconds($order);
    cmp_ok($seconds, '<', 2 + $undisturbed{refund}, sprintf 'a mail server that %s delays no refund (%.1f s)', $what, $seconds);
    stops_soon('mail server');
    $postgres->value(q(WITH d AS (DELETE FROM orders.due WHERE kind = 'mail' AND id = ?) UPDATE orders.mail SET dead = true WHERE id = ? RETURNING id), $id, $id);
}

# A database server that accepts connections and never responds: libpq waits for connect_timeout, 2 s.
my $silent = hang();
$stand->start_httpd(dsn => 'host=127.0.0.1 port=' . $silent->sockport . ' user=orders_api');
hangs($silent);
stops_soon('database');

closing(stand => $stand, log => $log, checker => $checker);
done_testing();
