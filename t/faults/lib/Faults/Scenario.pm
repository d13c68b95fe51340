# SPDX-License-Identifier: Apache-2.0
#
# The checks at the end of a scenario: the invariants, the log of the clients compared with the database, and the error log of httpd.
package Faults::Scenario;

use strict;
use warnings;
use Exporter qw(import);
use Faults::Checker;
use Test::More;

our @EXPORT_OK = qw(none_of closing);

# Tests that the list is empty; prints its first entries otherwise.
sub none_of {
    my ($name, @found) = @_;
    return if ok(!@found, $name);
    my $more = @found - 10;
    diag($_) for @found > 10 ? @found[0 .. 9] : @found;
    diag("and $more more") if $more > 0;
}

# %o: stand, log (Faults::Client), checker (running or undef), alarms (pattern of further lines that httpd must not log)
sub closing {
    my (%o) = @_;
    if ($o{checker}) {
        my $report = $o{checker}->stop;
        none_of("no violation at any of $report->{rounds} moments of the load", @{$report->{violations}});
        cmp_ok($report->{rounds}, '>', 0, 'the invariants are checked during the load');
    }
    my $db = $o{stand}->postgres->connect;
    $db->do('ANALYZE');
    cmp_ok(scalar(Faults::Checker::views($db)), '>=', 10, 'there are views of all invariants');
    none_of('the invariants hold', Faults::Checker::violations($db));
    none_of('the further invariants hold', Faults::Checker::own_violations($db));
    if ($o{log}) {
        note($o{log}->summary);
        none_of('the database is what the clients were told', $o{log}->differences($db));
    }
    none_of('httpd logged no crash and no surprise', $o{stand}->httpd_alarms($o{alarms})) if $o{stand}{httpd};
    $db->disconnect;
}

1;
