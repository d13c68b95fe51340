#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The primary fails and its synchronous standby is promoted while orders are placed. The DSN names both hosts; httpd is not restarted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Steady;
use ModOrders::Process qw(spawn);
use Test::More;

my $seconds = Faults::Stand::long() ? 60 : 10.5;

# Makes the primary fail with $end_primary and promotes the standby a second later.
sub promote_after {
    my ($what, $end_primary) = @_;
    my $stand = Faults::Stand->new->start_postgres;
    my $old = $stand->postgres;
    my $new = $stand->start_standby;
    $stand->start_httpd(dsn => "host=$old->{sockets},$new->{sockets} port=$old->{port},$new->{port} dbname=orders user=orders_api target_session_attrs=read-write");
    my $log = Faults::Client->new;
    my $died;
    my $load = Faults::Steady->new(
        port => $stand->{port}, log => $log, clients => 16, seconds => $seconds, timeout => 20,
        script => [
            [3, sub { $died = $_[0]; $end_primary->($old) }],
            [4, sub { spawn($new->{log}, $new->pg_ctl('promote')) }],
        ],
    );
    my $run = $load->run;
    note($run->summary);
    $old->stop('immediate');
    $stand->{postgres} = delete $stand->{standby};
    $new->configure(synchronous_standby_names => '');
    $new->value('SELECT pg_reload_conf()');

    cmp_ok($load->successes(0, $died), '>', 50, 'orders are placed before the failure');
    my @after = grep { $_ > $died + 0.5 } @{$load->{oks}};
    note(sprintf 'first success %.1f s after the primary %s, last failure %.1f s after', ($after[0] // 0) - $died, $what, $load->recovered_after($died, 1e9));
    ok(@after && $after[0] - $died <= 10, 'orders are placed again within 10 s');
    none_of('no request fails later', $load->failures($died + 10, 1e9));
    none_of('no request hangs', map { sprintf '%.1f s: %s', $_->{at}, $_->{op} } grep { $_->{hung} } @{$load->{diary}});
    none_of('a repeated request gets the first response', $load->inconstant);
    is($new->value('SELECT pg_is_in_recovery()::int'), 0, 'the standby is the new primary');
    closing(stand => $stand, log => $log);
    $stand->stop;
}

subtest 'the primary crashes' => sub { promote_after('crashed', sub { $_[0]->stop('immediate') }) };

# As after the loss of its machine: its address does not respond.
subtest 'the primary stops responding' => sub { promote_after('stopped responding', sub { $_[0]->freeze }) };
done_testing();
