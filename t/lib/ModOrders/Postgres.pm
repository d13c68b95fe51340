# SPDX-License-Identifier: Apache-2.0
package ModOrders::Postgres;

# A private PostgreSQL cluster in a scratch directory, on loopback. System services are not touched.
#
#     my $postgres = ModOrders::Postgres->new(dir => $scratch, port => 15472);
#     $postgres->initialise->configure(shared_buffers => '2GB')->start;
#     $postgres->deploy("$root/sql");
#     ...
#     $postgres->stop('fast');

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use ModOrders::Files qw(write_file);
use ModOrders::Process qw(as_postgres run_quiet);

# dir: scratch directory; name: directory of the cluster in it (primary); port.
sub new {
    my ($class, %given) = @_;
    my $self = bless {name => 'primary', settings => {}, %given}, $class;
    $self->{bin} = (sort { ($b =~ m{/(\d+)/})[0] <=> ($a =~ m{/(\d+)/})[0] } glob '/usr/lib/postgresql/[1-9]*/bin')[0]
      // die "PostgreSQL's server is needed (apt-get install postgresql)\n";
    $self->{data} = "$self->{dir}/$self->{name}";
    $self->{sockets} = "$self->{dir}/sockets";
    $self->{log} = "$self->{dir}/$self->{name}.log";
    make_path($self->{sockets});
    chmod 01777, $self->{sockets};
    return $self;
}

# Gives a file to the user that PostgreSQL runs as.
sub own {
    my ($self, $path) = @_;
    return if $> != 0;
    my (undef, undef, $uid, $gid) = getpwnam 'postgres';
    chown $uid, $gid, $path;
}

sub empty_directory {
    my ($self) = @_;
    remove_tree($self->{data});
    mkdir $self->{data}, 0700 or die "$self->{data}: $!\n";
    $self->own($self->{data});
}

# Creates the cluster. Further options are those of initdb.
sub initialise {
    my ($self, @options) = @_;
    $self->empty_directory;
    run_quiet($self->{log}, as_postgres("$self->{bin}/initdb", '-D', $self->{data}, '-U', 'postgres', '-A', 'trust',
            '-E', 'UTF8', '--locale=C.UTF-8', @options));
    return $self;
}

# The settings of every cluster of the class; configure overrides them.
sub defaults { return (max_connections => 100) }

# Writes the settings: the defaults, those of earlier calls, and %more.
sub configure {
    my ($self, %more) = @_;
    $self->{settings} = {%{$self->{settings}}, %more};
    my %all = (
        listen_addresses => '127.0.0.1', port => $self->{port}, unix_socket_directories => $self->{sockets},
        $self->defaults, %{$self->{settings}},
    );
    $self->own(write_file("$self->{data}/postgresql.auto.conf", join '', map { "$_ = '$all{$_}'\n" } sort keys %all));
    return $self;
}

sub pg_ctl {
    my ($self, @words) = @_;
    return as_postgres("$self->{bin}/pg_ctl", '-D', $self->{data}, '-l', "$self->{data}/server.log", '-w', '-t', '60', @words);
}

sub start {
    my ($self) = @_;
    run_quiet($self->{log}, $self->pg_ctl('start'));
    $self->{running} = 1;
    return $self;
}

# mode: that of pg_ctl stop (immediate).
sub stop {
    my ($self, $mode) = @_;
    return if !delete $self->{running};
    run_quiet($self->{log}, $self->pg_ctl('stop', '-m', $mode // 'immediate'));
}

# Creates the database `orders` and deploys the schema of a directory into it.
sub deploy {
    my ($self, $sql) = @_;
    run_quiet($self->{log}, "$self->{bin}/createdb", '-h', $self->{sockets}, '-p', $self->{port}, '-U', 'postgres', 'orders');
    run_quiet($self->{log}, 'sqitch', '--chdir', $sql, 'deploy', "db:pg://postgres\@127.0.0.1:$self->{port}/orders");
}

# The process id of the server, or undef.
sub postmaster {
    my ($self) = @_;
    open my $in, '<', "$self->{data}/postmaster.pid" or return;
    my $pid = <$in>;
    chomp $pid;
    return $pid;
}

1;
