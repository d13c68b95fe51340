#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# 100,000 orders and 16 concurrent searches without results: the cost of a page does not depend on the number of
# orders, and the response times of buyers stay bounded.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client qw(list);
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Text qw(from_json);
use ModOrders::Process qw(run_quiet);
use Test::More;
use Time::HiRes qw(time);

my $stand = Faults::Stand->new->start_postgres;
my $db = $stand->postgres->db;
my $orders = 100_000;
my $operators = 16;
$db->do(q(INSERT INTO orders.users (tenant_id, id, external_ref, login, name)
          SELECT 1, 900 + n, 'operator-' || n, 'operator-' || n, 'Operator ' || n FROM generate_series(1, ?) n), undef, $operators);
$db->do(q(INSERT INTO orders.token (tenant_id, user_id, hash, hint, scopes) VALUES (1, ?, sha256(convert_to(?, 'UTF8')), 'faults', '{operator}')),
    undef, 900 + $_, secret("operator-$_")) for 1 .. $operators;
run_quiet($stand->{log}, "$stand->{postgres}{bin}/psql", '-Xq', '-h', $stand->postgres->{sockets}, '-p', $stand->{pgport}, '-U', 'postgres', '-d', 'orders',
    '-v', "orders=$orders", '-v', 'users=1000', '-f', "$ModOrders::Stand::root/t/bench/data.sql");
$stand->start_httpd(threads => 128);

sub search {
    my ($n, $query) = @_;
    return {op => 'search', path => "/api/v1/admin/orders?$query", token => secret($n ? "operator-$n" : 'operator')};
}

sub get { return (Faults::Load->one_by_one($stand->{port}, $_[0]))[0] }

# The median of 9 times of the same request, in milliseconds.
sub typical {
    my (@request) = @_;
    my @times;
    for (1 .. 9) {
        my $start = time;
        my $reply = get(@request);
        push @times, time - $start;
        $reply->{status} == 200 or die "$reply->{status} $reply->{body}\n";
    }
    return 1000 * (sort { $a <=> $b } @times)[4];
}

subtest 'the cost of one page' => sub {
    my ($oldest) = $db->selectrow_array('SELECT min(id) FROM orders.orders');
    my $floor = typical(search(0, 'limit=1'));
    my $of_few = typical(search(0, 'q=nowhere&from=' . $db->selectrow_array(
        q(SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM orders.orders ORDER BY id DESC OFFSET 2500 LIMIT 1))));
    my $of_all = typical(search(0, 'q=nowhere'));
    note(sprintf 'newest order %.1f ms; text in 2,500 orders %.1f ms, in 100,000 %.1f ms', $floor, $of_few, $of_all);
    cmp_ok($of_all, '<=', 4 * ($of_few > 5 ? $of_few : 5), 'a text search in 100,000 orders takes at most 4 times as long as in 2,500');
    cmp_ok($of_all, '<=', 7 * ($floor > 5 ? $floor : 5), 'a text search takes at most 7 times as long as reading an order');
    my $number = $db->selectrow_array('SELECT number FROM orders.orders ORDER BY id OFFSET 5 LIMIT 1');
    my $by_number = typical(search(0, "number=$number"));
    note(sprintf 'by number %.1f ms', $by_number);
    cmp_ok($by_number, '<=', 10 * ($floor > 3 ? $floor : 3), 'a search by number uses the index');
    is_deeply([map { $_->{number} } @{from_json(get(search(0, "number=$number"))->{body})->{orders}}], [$number], 'the oldest order is found by number');
};

subtest 'all pages together find every order' => sub {
    my $number = $db->selectrow_array('SELECT number FROM orders.orders ORDER BY id OFFSET 5 LIMIT 1');
    my ($query, $pages, @found) = ("q=$number", 0);
    my $next = '';
    do {
        my $page = from_json(get(search(0, $query . ($next ? "&cursor=$next" : '')))->{body});
        push @found, map { $_->{number} } @{$page->{orders}};
        $next = $page->{next_cursor};
        $pages++;
    } while ($next && $pages < 100);
    is_deeply(\@found, [$number], 'a text of the oldest order is found');
    cmp_ok($pages, '>=', 50, "the result is on the last of $pages pages");
    cmp_ok($pages, '<=', 52, 'each page searches 2,000 orders');
};

# Returns the replies to 8 buyers that read for $seconds, and to 16 clients of operators, if requested.
sub play {
    my ($seconds, $searches) = @_;
    my (@buyers, @operators, @pause);
    my $end = time + $seconds;
    Faults::Load->new(
        port => $stand->{port}, clients => 8 + ($searches ? 16 : 0), timeout => 30,
        next => sub {
            my ($n) = @_;
            return undef if time > $end;
            return {%{$searches->($n - 7)}, operator => 1} if $n >= 8;
            return 0.03 if $pause[$n]++ % 2;
            return list($n + 2);
        },
        done => sub { push @{$_[0]{operator} ? \@operators : \@buyers}, $_[1] },
    )->run;
    return (\@buyers, \@operators);
}

sub p99 {
    my @sorted = sort { $a <=> $b } map { $_->{seconds} } @_;
    return @sorted ? 1000 * $sorted[int($#sorted * 0.99)] : 0;
}

# Milliseconds. A difference below this is noise of a busy machine.
my $noise = 60;

play(1);
for my $case (['one operator', sub { search(0, "q=nowhere$_[0]") }], ['16 operators', sub { search($_[0], "q=nowhere$_[0]") }]) {
    my ($who, $what) = @$case;
    subtest "16 searches at once, of $who" => sub {
        my ($quiet) = play(3);
        my ($buyers, $searches) = play(6, $what);
        my ($after) = play(3);
        my ($before) = sort { $b <=> $a } p99(@$quiet), p99(@$after);
        note(sprintf 'p99 of buyers %.1f ms, undisturbed %.1f ms; %d reads, %d searches', p99(@$buyers), $before, scalar @$buyers, scalar @$searches);
        none_of('no buyer is refused', map { "$_->{status} $_->{body}" } grep { $_->{status} != 200 } @$buyers);
        cmp_ok(scalar(grep { $_->{status} == 200 } @$searches), '>', 10, 'searches get a response');
        cmp_ok(p99(@$buyers), '<=', 5 * ($before > $noise ? $before : $noise), "the p99 of buyers is at most 5 times the p99 without searches");
    };
}

closing(stand => $stand);
done_testing();
