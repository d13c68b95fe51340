#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The schema is upgraded under load: all functions are replaced, columns and attributes of types are added, an index is built,
# and a change waits for a long transaction. No request fails, and idempotency keys still return their first response.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client qw(cancel create detail list pay refund);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Steady;
use ModOrders::Files qw(slurp);
use ModOrders::Process qw(ended spawn wait_or_die);
use Test::More;
use Time::HiRes qw(sleep time);

my $stand    = Faults::Stand->new->start_postgres->start_httpd;
my $postgres = $stand->postgres;
my $log      = Faults::Client->new;
my $checker  = Faults::Checker->start($postgres);
my $rounds   = Faults::Stand::long() ? 40 : 8;
my $count    = 0;
my $sql      = "$ModOrders::Stand::root/sql";
my @psql     = ("$postgres->{bin}/psql", '-Xq', '-v', 'ON_ERROR_STOP=1', '-h', $postgres->{sockets}, '-p', $postgres->{port}, '-U', 'postgres', '-d', 'orders');

# Runs a change during the load and repeats it after a lock timeout, as docs/upgrading.md describes. Skipped while the previous change runs.
my @started;

sub is_over { my ($run) = @_; return $run->{over} ||= ended($run->{pid}) }

sub beside
{
    my ($name, @arguments) = @_;
    return if @started && !is_over($started[-1]);
    my $file = "$stand->{dir}/upgrade-" . ++$count . '.log';
    unlink $file;
    push @started, {name => $name, log => $file,
        pid => spawn($file, 'sh', '-c', 'for n in $(seq 40); do "$@" && echo done && exit; sleep 0.3; done', 'sh', @psql, @arguments)};
    return $started[-1];
}

sub output { my ($run) = @_; return -e $run->{log} ? slurp($run->{log}) : '' }

# Whether the change succeeded, and earlier attempts failed only with lock timeouts.
sub succeeded
{
    my ($run) = @_;
    wait_or_die($run->{name}, 60, sub { is_over($run) });
    my @errors = grep { /ERROR|FATAL/ && !/canceling statement due to lock timeout/ } split /\n/, output($run);
    return output($run) =~ /^done$/m && !@errors;
}

# A change of a release, with the header that t/checks/schema.pl requires.
my ($head) = do { open my $in, '<', "$sql/deploy/orders.sql" or die $!; local $/; <$in> =~ /^(BEGIN;\nSET LOCAL lock_timeout = '[^']+';\nSET LOCAL ROLE orders_owner;\n)/m };
my ($change, $index) = (0, 0);

sub change { my ($text) = @_; return ('-c', "$head$text; COMMIT") }

sub replace_functions { beside('the functions', '-f', "$sql/deploy/functions.sql") }

# One table per change: a transaction that holds the lock of a table and waits for another can deadlock with requests.
sub add_column
{
    $change++;
    my $table = (qw(orders payment order_line users account))[$change % 5];
    return beside("column $change", change("ALTER TABLE orders.$table ADD COLUMN IF NOT EXISTS upgraded_$change "
        . ($change % 2 ? 'text' : "integer NOT NULL DEFAULT $change")));
}

# Adds an attribute at the end of a type that is read by position.
my @types;
my $attribute = 0;

sub add_attribute
{
    @types = split /,/, $postgres->value(q{SELECT string_agg(c.oid::regclass::text, ',' ORDER BY c.relname) FROM pg_class c
        WHERE c.relkind = 'c' AND obj_description(c.reltype, 'pg_type') LIKE '%are read by position%'}) if !@types;
    my $type = $types[$attribute++ % @types];
    return beside("attribute $attribute of $type", change("ALTER TYPE $type ADD ATTRIBUTE upgraded_$attribute text"));
}

# Adds a column at the end of the view of orders.
my $view_column = 0;

sub add_view_column
{
    $view_column++;
    return beside("column $view_column of the view", change(<<"SQL"));
DO \$do\$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW orders_v1.order_view AS '
        || regexp_replace(pg_get_viewdef('orders_v1.order_view'::regclass), '\\s+FROM orders\\.orders o;\$', ', NULL::text AS upgraded_$view_column FROM orders.orders o');
END
\$do\$
SQL
}

sub add_index
{
    $index++;
    return beside("index $index", '-c', "CREATE INDEX CONCURRENTLY IF NOT EXISTS upgrade_${index}_idx ON orders.orders (tenant_id, created_at)");
}

# Reads, and writes with keys. Clients with odd numbers pay from a balance and are refunded; the others pay manually or cancel.
my (%made, $load);

sub request
{
    my ($n) = @_;
    my ($buyer, $order, $dice) = ($n + 1, $load->{known}{$n}, rand);
    return list($buyer, 'per_page=5') if $dice < 0.2;
    return detail($buyer, $order) if $order && $dice < 0.4;
    if ($order && $dice < 0.6) {
        delete $load->{known}{$n};
        return $n % 2 ? refund($order, 1) : $dice < 0.5 ? pay($order) : cancel($buyer, $order);
    }
    my $request = create($buyer, (qw(hundred odd ten))[rand 3], payment_method => $n % 2 ? 'balance' : 'manual');
    $made{$request->{key}} = $request;
    return $request;
}

sub play
{
    my ($seconds, @script) = @_;
    $load = Faults::Steady->new(port => $stand->{port}, log => $log, clients => 12, pause => 0.01, seconds => $seconds, make => \&request, script => \@script);
    my $run = $load->run;
    note($run->summary);
    return $run;
}

# Checks that every key with a response returns it again.
sub check_replays
{
    my @again = grep { keys %{$load->{bodies}{$_->{key}} // {}} == 1 } values %made;
    @again = @again[0 .. 399] if @again > 400;
    my $asked = @again;
    my @wrong;
    Faults::Load->new(
        port => $stand->{port}, clients => 8,
        next => sub { return shift @again },
        done => sub {
            my ($request, $reply) = @_;
            my ($first) = keys %{$load->{bodies}{$request->{key}}};
            push @wrong, "$request->{key}: $reply->{status} $reply->{body}" if $reply->{body} ne $first || !$reply->{headers}{'idempotency-replayed'};
        },
    )->run;
    cmp_ok($asked, '>', 50, "$asked keys are sent again");
    none_of('each key returns its first response', @wrong);
    %made = ();
}

sub lines { my ($file) = @_; open my $in, '<', $file or die "$file: $!\n"; return <$in> }

play(1);

subtest 'all functions are replaced' => sub {
    my $installed = $postgres->value('SELECT installed_at FROM orders.schema_version');
    my $run = play(1, map { [1 + $_, \&replace_functions] } 0 .. $rounds - 1);
    none_of('each replacement succeeds in one transaction', map { "$_->{name}: " . output($_) } grep { !succeeded($_) } splice @started);
    isnt($postgres->value('SELECT installed_at FROM orders.schema_version'), $installed, 'the installation time of the version changes');
    none_of('no request fails', $load->failures(0, 1e9));
    cmp_ok($run->{requests}, '>', 200, "$run->{requests} requests");
    check_replays();
};

subtest 'columns and an index are added' => sub {
    my $run = play(3, (map { [1 + $_, \&add_column], [1.5 + $_, \&replace_functions] } 0 .. $rounds - 1),
        [1 + $rounds, \&add_index]);
    none_of('all changes succeed', map { "$_->{name}: " . output($_) } grep { !succeeded($_) } splice @started);
    none_of('no request fails', $load->failures(0, 1e9));
    cmp_ok($run->{requests}, '>', 200, "$run->{requests} requests");
    check_replays();
};

subtest 'types get attributes, and the view of orders gets columns' => sub {
    my $run = play(3, map { [1 + $_, \&add_attribute], [1.5 + $_, \&add_view_column] } 0 .. $rounds - 1);
    none_of('all changes succeed', map { "$_->{name}: " . output($_) } grep { !succeeded($_) } splice @started);
    cmp_ok($postgres->value(q{SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relkind = 'c' AND a.attname LIKE 'upgraded_%'}), '>', 1, 'types have new attributes');
    cmp_ok($postgres->value(q{SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders_v1.order_view'::regclass AND attname LIKE 'upgraded_%'}), '>', 1, 'the view has new columns');
    none_of('no request fails', $load->failures(0, 1e9));
    cmp_ok($run->{requests}, '>', 200, "$run->{requests} requests");
    check_replays();
};

# The change times out before the requests that wait behind it, and is repeated.
subtest 'a change waits for a long transaction' => sub {
    my $blocker = $postgres->connect;
    my $late;
    my $run = play(3,
        [1,   sub { $blocker->begin_work; $blocker->do('SELECT 1 FROM orders.orders LIMIT 1') }],
        [1.2, sub { $late = beside('a late column', change('ALTER TABLE orders.orders ADD COLUMN IF NOT EXISTS late integer')) }],
        [4,   sub { $blocker->rollback }]);
    ok(succeeded($late), 'the change succeeds after the transaction ends') or diag(output($late));
    like(output($late), qr/canceling statement due to lock timeout/, 'earlier attempts ended with lock timeouts');
    none_of('no request fails', $load->failures(0, 1e9));
    check_replays();
};

none_of('httpd logged no error', grep { /\[orders:(?:crit|error|warn)\]/ } lines("$stand->{dir}/httpd/error.log"));
my @logged = lines("$postgres->{data}/server.log");

# A line of PostgreSQL's log with the statement of the error.
sub with_statement
{
    my ($n) = @_;
    my ($process) = $logged[$n] =~ /(\[\d+\]) /;
    my ($statement) = $process ? grep { /\Q$process\E STATEMENT:/ } @logged[$n .. $#logged] : ();
    return $logged[$n] . ($statement // '');
}

# A busy session that has missed many invalidations plans all its statements again. The plan of a write that returns all columns of an order is then
# refused if the view has got a column. The module prepares the statement again, so no request fails.
my $new_column = qr/cached plan must not change result type\n.* STATEMENT:  SELECT w\.outcome, .*\(w\."order"\)\.\*/;
none_of('PostgreSQL logged no error about plans or objects', grep { $_ !~ $new_column } map { with_statement($_) } grep {
    $logged[$_] =~ /cached plan|cache lookup|tuple concurrently|does not exist|could not open relation|row type|return row|record literal|deadlock/
      && $logged[$_] !~ /relation "changes"|Sqitch/
} 0 .. $#logged);
closing(stand => $stand, log => $log, checker => $checker);
done_testing();
