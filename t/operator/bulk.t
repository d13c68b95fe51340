# SPDX-License-Identifier: Apache-2.0
# POST /api/v1/admin/catalogue at its documented size: chunks that commit separately, a key that resumes, and two concurrent bulks
# that have the same entries in a different order.
use strict;
use warnings;
use LWP::UserAgent ();
use ModOrders::Test;

my $path  = '/api/v1/admin/catalogue';
my @token = (token => operator->{token});
my $JSON  = JSON::PP->new->utf8->canonical;

sub users { my ($prefix, @numbers) = @_; return map { { kind => 'users', ref => "$prefix-$_", name => "User $_", login => "$prefix-$_", email => "user-$_\@example.test" } } @numbers }
sub text { return join '', map { $JSON->encode($_) . "\n" } @_ }
sub lines_of { my ($reply) = @_; return map { $JSON->decode($_) } split /\n/, $reply->content }

sub results
{
    my ($reply) = @_;
    my %count;
    $count{ $_->{result} // '' }++ for lines_of($reply);
    return \%count;
}

# The response to a bulk is sent when all lines are stored. This takes longer than other requests.
sub bulk
{
    my ($body, %headers) = @_;
    my $agent = LWP::UserAgent->new(timeout => 600, no_proxy => ['127.0.0.1']);
    return $agent->post(base_url() . $path, Authorization => "Bearer " . operator->{token}, 'Content-Type' => 'application/x-ndjson', %headers, Content => $body);
}

subtest 'the documented size' => sub {
    my $many  = unique('many');
    my $body  = text(users($many, 1 .. 10_000));
    cmp_ok(length $body, '<', 4 * 1024 * 1024, '10,000 users fit into the maximum body');
    my $reply = bulk($body);
    is($reply->code, 200, '10,000 users are stored by one request') or diag($reply->as_string);
    is_deeply(results($reply), { created => 10_000 }, 'each user is created');
    is_deeply([ map { @$_{qw(line ref)} } (lines_of($reply))[ 0, 9_999 ] ], [ 1, "$many-1", 10_000, "$many-10000" ], 'each line has a result');
    my @goods = map { { kind => 'products', ref => "$many-$_", name => "Goods $_", variants => [ { ref => 'one', number => uc "$many-$_", prices => { USD => $_ }, stock => 5 } ] } } 1 .. 3_000;
    is_deeply(results(bulk(text(@goods))), { created => 3_000 }, 'thousands of products are stored');
    my ($plan) = rows(q(SELECT reltuples FROM pg_class WHERE oid = 'orders.users'::regclass));
    cmp_ok($plan->{reltuples}, '>', 1_000, 'the statistics of the table are updated');
    is(bulk(text(users($many, 1 .. 10_001)))->code, 413, '10,001 lines are refused');
};

subtest 'an interrupted bulk' => sub {
    my $some = unique('some');
    bulk(text(users($some, 150)));
    my $body = text(users($some, 1 .. 200));
    my @key  = ('Idempotency-Key' => unique('key'));
    my $lock = ModOrders::Test::connect_as($ENV{PGUSER});
    $lock->begin_work;
    $lock->do(q(SELECT FROM orders.users WHERE tenant_id = 1 AND external_ref = ? FOR UPDATE), undef, "$some-150");
    $lock->do(q(UPDATE orders.users SET name = 'held' WHERE tenant_id = 1 AND external_ref = ?), undef, "$some-150");
    my $broken = bulk($body, @key);
    is($broken->code, 503, 'the response reports the failure') or diag($broken->as_string);
    my $problem = $JSON->decode($broken->content);
    is($problem->{code}, 'busy', 'the code of the failure is busy');
    cmp_ok($problem->{lines_stored}, '>', 0, 'the response has the number of stored lines');
    cmp_ok($problem->{lines_stored}, '<', 150, 'only the lines before the failure are stored');
    my ($stored) = rows('SELECT count(*) AS n FROM orders.users WHERE tenant_id = 1 AND external_ref LIKE ?', "$some-%");
    is($stored->{n}, $problem->{lines_stored} + 1, 'the stored lines are kept');
    $lock->rollback;
    my $resumed = bulk($body, @key);
    is($resumed->code, 200, 'the repeated request resumes');
    is_deeply(results($resumed), { created => 199, unchanged => 1 }, 'each line has its result, whichever request stored it');
    is($resumed->header('Idempotency-Replayed'), undef, 'a resumed response is not a replay');
    my $again = bulk($body, @key);
    is($again->content, $resumed->content, 'a completed bulk is replayed');
    is($again->header('Idempotency-Replayed'), 'true', 'the replay is marked as replayed');
    my $other = bulk(text(users($some, 1 .. 199)), @key);
    is($JSON->decode($other->content)->{code}, 'idempotency_key_reused', 'another bulk with the key is refused');
};

subtest 'a line that exceeds the time limit' => sub {
    my $slow = unique('slow');
    db()->do(q{CREATE FUNCTION public.be_slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(10); RETURN NEW; END'});
    db()->do(q{CREATE TRIGGER be_slow BEFORE INSERT ON orders.users FOR EACH ROW WHEN (NEW.phone = 'slow') EXECUTE FUNCTION public.be_slow()});
    my $reply = bulk(text(users($slow, 1 .. 60), { kind => 'users', ref => $slow, name => 'x', phone => 'slow' }));
    db()->do('DROP TRIGGER be_slow ON orders.users');
    db()->do('DROP FUNCTION public.be_slow()');
    my $problem = $JSON->decode($reply->content);
    is_deeply([ $reply->code, $problem->{code} ], [ 503, 'statement_timeout' ], 'the response is statement_timeout') or diag($reply->as_string);
    cmp_ok($reply->header('Retry-After'), '>', 0, 'the response has Retry-After');
    is($problem->{lines_stored}, 60, 'the response has the number of stored lines');
};

subtest 'two concurrent bulks in a different order' => sub {
    for my $round (1 .. 3) {
        my $same  = unique('same');
        my @lines = users($same, 1 .. 120);
        my @name  = map { { %$_, name => 'other' } } reverse @lines;
        pipe(my $in, my $out) or die "pipe: $!";
        my $child = fork // die "fork: $!";
        if (!$child) {
            close $in;
            my $reply = bulk(text(@name));
            print $out $JSON->encode([ $reply->code, results($reply) ]);
            close $out;
            require POSIX;
            POSIX::_exit(0);
        }
        close $out;
        my $reply = bulk(text(@lines));
        my ($code, $results) = @{ $JSON->decode(join '', <$in>) };
        waitpid $child, 0;
        is_deeply([ $code, $reply->code ], [ 200, 200 ], "round $round: both succeed");
        is($results->{refused} // 0, 0, 'no line is refused');
        is(results($reply)->{refused} // 0, 0, 'no line of the other bulk is refused');
    }
};

subtest 'a line without kind or ref' => sub {
    my $reply = api(POST => $path, @token, type => 'application/x-ndjson',
        body => join '', map { "$_\n" } '{"ref":"x","name":"n"}', '{"kind":"users","name":"n"}', '{"kind":"users","ref":5,"name":"n"}', '{"kind":null,"ref":"","name":"n"}');
    my @lines = lines_of($reply);
    is_deeply([ map { "$_->{code} $_->{field}" } @lines ], [ 'required_field kind', 'required_field ref', 'required_field ref', 'required_field kind' ], 'the refusal names the member');
};

done;
