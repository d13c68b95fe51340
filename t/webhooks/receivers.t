#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The receivers of docs/examples/webhooks: each is started and gets messages with signatures of the library of Standard Webhooks. Needs t/webhooks/install.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path qw(make_path);
use File::Temp ();
use HTTP::Tiny ();
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use ModOrders::Files qw(slurp write_file);
use ModOrders::Process qw(free_port listens spawn stop_process wait_for wait_for_port);
use ModOrders::Random qw(random_bytes);
use ModOrders::StandardWebhooks qw(sign verify);
use POSIX ();
use Test::More;

binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ } qw(output failure_output);
BAIL_OUT(ModOrders::StandardWebhooks->missing) if ModOrders::StandardWebhooks->missing;

my $examples = "$FindBin::Bin/../../docs/examples/webhooks";
my $json     = JSON::PP->new->utf8->canonical;
my ($secret, $other) = map { 'whsec_' . encode_base64(random_bytes(32), '') } 1 .. 2;
my $http = HTTP::Tiny->new(timeout => 10, no_proxy => ['127.0.0.1']);

# The commands of each receiver: the first listens, the second handles the messages in a separate process. PHP runs without a
# php.ini: it then shows errors in the response and does not buffer its output.
my %commands = (
    'receiver.mjs' => sub { [ 'node', $_[0] ] },
    'receiver.py'  => sub { [ 'python3', $_[0] ] },
    'receiver.php' => sub { [ 'php', '-n', '-S', "127.0.0.1:$_[1]", $_[0] ], [ 'php', '-n', $_[0], 'work' ] },
);

my @pids;
END { local $?; stop_process($_, 'TERM') for @pids }

sub start
{
    my ($name, $dir, $port) = @_;
    local @ENV{qw(WEBHOOK_SECRET WEBHOOK_INBOX PORT)} = ($secret, "$dir/inbox", $port);
    @pids = map { spawn("$dir/log", @$_) } $commands{$name}->("$dir/$name", $port);
    wait_for_port($port, $pids[0], "$dir/log");
    return;
}

sub stop { stop_process($_, 'KILL') for splice @pids; return }

my $ids = 100;

# A message with the headers of a valid delivery. Options: id, at (timestamp), body, secret, signatures (before the valid one), order, version.
sub message
{
    my (%with) = @_;
    $with{order} //= ++$ids;
    my %message = (id => '1-' . ++$ids . '-order.paid', at => time, secret => $secret, body => body(%with), %with);
    my ($signature) = sign({ secret => $message{secret}, id => $message{id}, timestamp => $message{at}, body => $message{body} });
    return {
        id => $message{id}, body => $message{body},
        headers => {
            'content-type' => 'application/json', 'webhook-id' => $message{id}, 'webhook-timestamp' => $message{at},
            'webhook-signature' => join(' ', @{ $with{signatures} // [] }, $signature),
        },
    };
}

# With spaces and characters that a program changes when it parses JSON and writes it again.
sub body
{
    my (%with) = @_;
    my %data = (event => { id => 7, version => $with{version} // 1 }, order => { id => $with{order}, version => $with{version} // 1, name => 'Zoë 😀' });
    return $json->encode({ type => 'order.paid', data => \%data }) =~ s/,/ ,\n/gr =~ s{Z}{\\u005a}r;
}

sub deliver { my ($url, $message) = @_; return $http->post($url, { headers => $message->{headers}, content => $message->{body} })->{status} }

sub run
{
    my ($name) = @_;
    my $dir  = File::Temp->newdir;
    my $port = free_port();
    my $url  = "http://127.0.0.1:$port/";
    write_file("$dir/$name", slurp("$examples/$name"));
    symlink ModOrders::StandardWebhooks->modules, "$dir/node_modules" or die "symlink: $!";

    my $stored = sub { my ($id) = @_; return grep { -e "$dir/inbox/$_/$id" } qw(new done) };
    my $handled = sub { my ($id) = @_; return wait_for(sub { -e "$dir/inbox/done/$id" && !-e "$dir/inbox/new/$id" }, 5) };
    my $state = sub { my ($order) = @_; my $file = "$dir/inbox/orders/$order"; return -e $file ? $json->decode(slurp($file)) : {} };
    my $times = sub { my ($order) = @_; my @lines = slurp("$dir/log") =~ /^order\.paid order $order version/mg; return scalar @lines };
    my $accepted = sub {
        my ($message, $what) = @_;
        is(deliver($url, $message), 204, $what) or diag(slurp("$dir/log"));
        ok($handled->($message->{id}), 'an accepted message is handled') or diag(slurp("$dir/log"));
    };
    my $refused = sub {
        my ($message, $what, $status) = @_;
        like(deliver($url, $message), $status // qr/^400$/, "refused: $what") or diag(slurp("$dir/log"));
        ok(!$stored->($message->{id}), 'a refused message is not stored');
    };

    my $waiting = message(order => 99);
    make_path("$dir/inbox/new");
    write_file("$dir/inbox/new/$waiting->{id}", $waiting->{body});
    start($name, $dir, $port);
    ok($handled->($waiting->{id}), 'a message that an earlier process has stored is handled') or diag(slurp("$dir/log"));
    is($state->(99)->{version}, 1, 'the function handle gets the stored message');

    my $valid = message(order => 1);
    is((verify({ secret => $secret, headers => $valid->{headers}, body => $valid->{body}, at => time }))[0], 'valid', 'the library accepts the message of this test');
    $accepted->($valid, 'a valid message is accepted');
    is($state->(1)->{name}, "Zo\x{eb} \x{1f600}", 'the body was read as UTF-8');
    is((stat "$dir/inbox/done/$valid->{id}")[2] & 077, 0, 'only the user of the receiver can read the message');

    $refused->(message(secret => $other), 'a signature of another secret');
    $refused->({ %{ message() }, body => body(order => 2) }, 'another body');
    $refused->({ %{ $_ }, headers => { %{ $_->{headers} }, 'webhook-id' => "$_->{id}x" } }, 'another id') for message();
    for my $header (qw(id timestamp signature)) {
        my $message = message();
        delete $message->{headers}{"webhook-$header"};
        $refused->($message, "no webhook-$header");
    }
    $refused->(message(at => time - 330), 'a timestamp 5.5 minutes ago');
    $refused->(message(at => time + 330), 'a timestamp in 5.5 minutes');
    $accepted->(message(at => time - 270), 'a timestamp 4.5 minutes ago is accepted');
    $accepted->(message(at => time + 270), 'a timestamp in 4.5 minutes is accepted');

    my ($wrong) = sign({ secret => $other, id => 'x', timestamp => time, body => '' });
    $accepted->(message(signatures => [$wrong]), 'two signatures, of which the second is valid, are accepted');
    my $second = message();
    $second->{headers}{'webhook-signature'} .= " $wrong";
    $accepted->($second, 'two signatures, of which the first is valid, are accepted');
    my $asymmetric = message();
    $asymmetric->{headers}{'webhook-signature'} =~ s/^v1,/v1a,/;
    $refused->($asymmetric, 'a valid signature under another version');

    is(deliver($url, $valid), 204, 'a message that is sent again is accepted');
    $accepted->(message(), 'another message is accepted');
    is($times->(1), 1, 'the message that was sent twice is handled once');

    $accepted->(message(order => 8, version => $_), "version $_ of an order") for 5, 4;
    is($state->(8)->{version}, 5, 'an older version does not replace the state');
    $accepted->(message(order => 8, version => 6), 'version 6');
    is($state->(8)->{version}, 6, 'a newer version replaces the state');
    $accepted->(message(body => $json->encode({ type => 'webhook.test', data => { event => undef, webhook => { id => 'x' } } })), 'a message without an order');

    is(deliver($url, message(id => '../orders/1')), 400, 'an id that leaves the directory is refused') or diag(slurp("$dir/log"));
    is($state->(1)->{version}, 1, 'a message with such an id is not written');
    $refused->(message(body => $json->encode({ padding => 'x' x (1024 * 1024) })), 'a body of more than 1 MiB', qr/^(?:413|599)$/); # 599: closed while the client sends
    like($http->get($url)->{status}, qr/^(?:405|501)$/, 'GET is refused');

    my @crowd = map { message(order => 20 + $_) } 1 .. 8;
    my @senders = map {
        my $message = $_;
        my $pid = fork // die "fork: $!";
        if (!$pid) { POSIX::_exit(deliver($url, $message) == 204 ? 0 : 1) }
        $pid;
    } @crowd, @crowd;
    my $failed = grep { waitpid $_, 0; $? } @senders;
    is($failed, 0, 'concurrent deliveries, each of them twice, are accepted') or diag(slurp("$dir/log"));
    ok($handled->($_->{id}), "… and $_->{id} is handled") for @crowd;
    is($times->(20 + $_), 1, '… once') for 1 .. 8;
    is_deeply([ grep { -f } glob "$dir/inbox/*" ], [], 'no temporary file is left');
    stop();

    start($name, $dir, $port);
    is(deliver($url, $valid), 204, 'after a restart, a message that is sent again is accepted');
    $accepted->(message(order => 50), 'another message is accepted');
    is($times->(1), 1, 'the first message is not handled again');

    rename "$dir/inbox", "$dir/kept" or die "rename: $!";
    write_file("$dir/inbox", '');
    is(deliver($url, message()), 500, 'the status is 500 if a message cannot be stored') or diag(slurp("$dir/log"));
    stop();

    needs_inbox($name, $dir, $port);
    return;
}

# Without WEBHOOK_INBOX, each command fails. The web server of PHP starts, and the response is 500.
sub needs_inbox
{
    my ($name, $dir, $port) = @_;
    local @ENV{qw(WEBHOOK_SECRET PORT)} = ($secret, $port);
    local $ENV{WEBHOOK_INBOX};
    delete $ENV{WEBHOOK_INBOX};
    for my $command ($commands{$name}->("$dir/$name", $port)) {
        unlink "$dir/log";
        @pids = spawn("$dir/log", @$command);
        if (grep { $_ eq '-S' } @$command) {
            wait_for_port($port, $pids[0], "$dir/log");
            is(deliver("http://127.0.0.1:$port/", message()), 500, 'without WEBHOOK_INBOX, the status is 500');
        } else {
            ok(wait_for(sub { waitpid($pids[0], POSIX::WNOHANG()) != 0 }, 10) && $?, "without WEBHOOK_INBOX, the command fails: @$command");
        }
        like(slurp("$dir/log"), qr/WEBHOOK_INBOX|ERR_INVALID_ARG_TYPE/, 'the log has the reason');
        stop();
    }
    return;
}

subtest $_ => sub { run($_); done_testing } for sort keys %commands;
done_testing;
