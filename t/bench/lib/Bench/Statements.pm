# SPDX-License-Identifier: Apache-2.0
#
# Records the statements that the module sends to PostgreSQL. A request of each operation is sent while the server logs all statements;
# pgbench and the Node service use the logged texts and parameters.
package Bench::Statements;

use strict;
use warnings;
use Exporter qw(import);
use HTTP::Tiny;
use JSON::PP ();
use ModOrders::Files qw(write_file);

our @EXPORT_OK = qw(learn write_targets write_pgbench fetch %recorded);

# path and body as functions of a user id, an order of the user, and a plan
our %recorded = (
    list => {method => 'GET', path => sub { '/api/v1/user/orders' }},
    detail => {method => 'GET', path => sub { "/api/v1/user/orders/$_[0]{order}" }, order => 1},
    create => {
        method => 'POST',
        path => sub { '/api/v1/user/orders' },
        body => sub { qq({"plan_id":$_[0]{plan},"quantity":1,"payment_method":"balance"}) },
    },
);

sub fetch {
    my ($url, $operation, $target) = @_;
    my %request = (headers => {Authorization => "Bearer $target->{token}"});
    if (my $body = $operation->{body}) {
        $request{headers}{'Content-Type'} = 'application/json';
        $request{content} = $body->($target);
    }
    return HTTP::Tiny->new(timeout => 10)->request($operation->{method}, $url . $operation->{path}->($target), \%request);
}

sub executed {
    my ($stand, $from) = @_;
    my @found;
    open my $in, '<', "$stand->{pgdata}/log/log.json" or die "PostgreSQL's log: $!\n";
    seek $in, $from, 0;
    while (my $line = <$in>) {
        my $entry = eval { JSON::PP->new->utf8->decode($line) } or next;
        next if ($entry->{user} // '') ne 'orders_api' || ($entry->{message} // '') !~ /^execute (\S+?): (.*)/s;
        my ($name, $text) = ($1, $2);
        my ($list) = ($entry->{detail} // '') =~ /^parameters: (.*)/s;
        my @values;
        push @values, defined $2 ? $2 =~ s/''/'/gr : undef while ($list // '') =~ /\$(\d+) = (?:'((?:[^']|'')*)'|NULL)/g;
        push @found, {name => $name, text => $text, values => \@values};
    }
    return @found;
}

# Returns {operation => {name, text, values}}. Values that are ids of the probe are replaced with ":user" etc.
sub learn {
    my ($stand, $probe) = @_;
    my %learnt;
    my $log = "$stand->{pgdata}/log/log.json";
    my $look = sub {
        my ($name, @more) = @_;
        my $from = -s $log;
        my $answer = fetch($stand->{url}, $recorded{$name}, $probe);
        die "$name: status $answer->{status}: $answer->{content}\n" if !$answer->{success};
        select undef, undef, undef, 0.3;
        my @seen = executed($stand, $from);
        return ($answer, @seen);
    };
    $stand->sql(q{ALTER SYSTEM SET log_statement = 'all'});
    $stand->sql('SELECT pg_reload_conf()');
    select undef, undef, undef, 0.5;
    my (undef, @first) = $look->('list');    # includes the token lookup, which is cached later
    $learnt{identity} = {%{(grep { $_->{text} =~ /token_identity/ } @first)[0] // die "the log has no token lookup\n"}};
    $learnt{identity}{values}[-1] = ':hash';
    for my $name (sort keys %recorded) {
        my ($answer, @seen) = $look->($name);
        die "$name took " . @seen . " statements, not one:\n" . join("\n", map { $_->{text} } @seen) . "\n" if @seen != 1;
        my $is_order = $recorded{$name}{order};
        for my $value (@{$seen[0]{values}}) {
            next if !defined $value;
            $value = ':order' if $is_order && $value eq $probe->{order};
            $value = ':user' if $value eq $probe->{user};
            $value = ':plan' if $name eq 'create' && $value eq $probe->{plan};
        }
        $learnt{$name} = {%{$seen[0]}, size => length $answer->{content}, answer => $answer->{content}};
    }
    $stand->sql('ALTER SYSTEM RESET log_statement');
    $stand->sql('SELECT pg_reload_conf()');
    write_file("$stand->{dir}/statements.json", JSON::PP->new->utf8->canonical->encode(\%learnt));
    return \%learnt;
}

# Writes the targets for wrk.lua.
sub write_targets {
    my ($stand, $name, $targets) = @_;
    my $operation = $recorded{$name};
    return write_file("$stand->{dir}/$name.targets", join '', map {
        join("\t", $operation->{method}, $operation->{path}->($_), $_->{token}, $operation->{body} ? $operation->{body}->($_) : '') . "\n"
    } @$targets);
}

# Writes the same statement for pgbench. Values are parameters of the prepared statement, as in the module, except for nulls, which
# pgbench variables cannot represent.
sub write_pgbench {
    my ($stand, $name, $statement, $draw) = @_;
    my $text = $statement->{text};
    my (@set, %variable);
    my @values = @{$statement->{values}};
    for my $i (0 .. $#values) {
        my $value = $values[$i];
        my $n = $i + 1;
        if (!defined $value) { $variable{$n} = 'NULL' }
        elsif ($value =~ /^:(\w+)$/) { $variable{$n} = ":$1" }
        else { $variable{$n} = ":p$n"; push @set, ["p$n", $value] }
    }
    $text =~ s/\$(\d+)/$variable{$1}/g;
    $text =~ s/\s+/ /g;
    my $file = write_file("$stand->{dir}/$name.pgbench", "$draw\n$text;\n");
    return ($file, [map { ('-D', "$_->[0]=$_->[1]") } @set]);
}

1;
