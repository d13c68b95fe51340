#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Fewer database connections than clients: a pool of 2 with 64 clients, a blocked pool, a PostgreSQL without free
# connections, and a suspended PostgreSQL. A request that cannot be served is refused within 2 s, and no request hangs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client qw(create detail);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Steady;
use Test::More;
use Time::HiRes qw(sleep time);

my $stand = Faults::Stand->new->start_postgres(max_connections => 20, superuser_reserved_connections => 3);
my $postgres = $stand->postgres;
my $log = Faults::Client->new;
$postgres->db;
$stand->start_httpd(sessions => 2);

# Checks the refused requests and their times. $wait: maximum seconds for a refusal; $limit: for any response.
sub polite {
    my ($load, $limit, $wait) = @_;
    $wait //= 3;    # 2, and what a busy machine adds
    my @away = @{$load->{diary}};
    note(scalar(@away) . ' requests were refused');
    none_of('each refused request gets 503 with Retry-After', map { "$_->{status} $_->{code} " . ($_->{error} // '') }
          grep { !($_->{status} == 503 && $_->{retry_after}) && $_->{status} != 409 } @away);
    none_of("each refused request gets its response within $wait s", map { sprintf '%.1f s: %s took %.2f s', $_->{at}, $_->{code}, $_->{seconds} }
          grep { $_->{code} =~ /^(busy|database_unavailable)$/ && $_->{seconds} > $wait } @away);
    none_of("no response took longer than $limit s", $load->{load}{slowest} > $limit ? $load->{load}{slowest} : ());
    none_of('a repeated request gets the first response', $load->inconstant);
}

sub steady {
    my (%o) = @_;
    my $load = Faults::Steady->new(port => $stand->{port}, log => $log, clients => 64, pause => 0, %o);
    note($load->run->summary);
    return $load;
}

subtest 'a pool of 2, 64 clients' => sub {
    my $load = steady(seconds => 5);
    polite($load, 3.5);
    none_of('no request is refused', $load->failures(0, 1e9));
    cmp_ok($load->successes(0, 1e9), '>', 200, 'requests are served');
};

subtest 'both connections wait for a lock' => sub {
    my $blocker = $postgres->connect;
    my $load = steady(
        clients => 32, seconds => 3, pause => 0.05,
        script => [
            [1, sub { $blocker->begin_work; $blocker->do('LOCK TABLE orders.account IN EXCLUSIVE MODE') }],
            [6, sub { $blocker->rollback }],
        ],
    );
    polite($load, 5.5, 5);    # 2 s for a session, 2 s for the lock
    cmp_ok(scalar($load->failures(1, 6)), '>', 0, 'some requests are refused while the connections are blocked');
    none_of('no request is refused afterwards', $load->failures(8, 1e9));
    cmp_ok($load->successes(8, 1e9), '>', 50, 'requests are served again afterwards');
};

# Takes all connections, including those of httpd.
sub use_up {
    my (@taken, $calm);
    for (1 .. 200) {
        my $before = @taken;
        while (my $one = eval { $postgres->connect(user => 'orders_api') }) { push @taken, $one }
        my $ended = () = $postgres->rows(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mod_orders'));
        $calm = $ended || @taken > $before ? 0 : $calm + 1;
        last if $calm == 5;
        sleep 0.02;
    }
    return \@taken;
}

subtest 'all of max_connections are in use' => sub {
    my $taken;
    my $load = steady(
        seconds => 4, pause => 0.02,
        script => [
            [1, sub { $taken = use_up() }],
            [5, sub { $_->disconnect for @$taken }],
        ],
    );
    polite($load, 5.5);
    cmp_ok(scalar(@$taken), '>=', 15, scalar(@$taken) . ' connections were taken');
    cmp_ok(scalar($load->failures(1.5, 5)), '>', 0, 'requests are refused while no connection is free');
    none_of('no request is refused once connections are free again', $load->failures(8, 1e9));
    cmp_ok($load->successes(8, 1e9), '>', 50, 'requests are served again afterwards');
};

# A suspended PostgreSQL accepts connections and never responds, so that clients could hang.
subtest 'PostgreSQL is suspended' => sub {
    my $load = steady(
        clients => 32, seconds => 6, pause => 0.02, timeout => 20,
        script => [
            [1, sub { $postgres->freeze }],
            [9, sub { $postgres->thaw }],
        ],
    );
    none_of('no request was left without a response', map { sprintf '%.1f s: %s', $_->{at}, $_->{op} } grep { $_->{hung} } @{$load->{diary}});
    none_of('no request is refused once PostgreSQL responds again', $load->failures(14, 1e9));
    cmp_ok($load->successes(14, 1e9), '>', 20, 'requests are served again afterwards');
    note(sprintf 'the slowest response took %.1f s', $load->{load}{slowest});
};

closing(stand => $stand, log => $log);
done_testing();
