# SPDX-License-Identifier: Apache-2.0
#
# The servers of a benchmark: PostgreSQL, httpd and, for the comparison, the Node services. All of them listen on loopback and store their
# files in one scratch directory. System services are not touched.
package Bench::Stand;

use strict;
use warnings;
use parent 'ModOrders::Stand';
use Digest::SHA;
use File::Find qw(find);
use File::Path qw(make_path remove_tree);
use ModOrders::Files qw(slurp write_file);
use ModOrders::Postgres;
use ModOrders::Process qw(run_quiet spawn stop_foreground stop_process wait_for_port);
use Scalar::Util qw(weaken);

my $root = $ModOrders::Stand::root;
my @all;

# The defaults; the options of the scripts override them.
my %defaults = (
    scratch  => '/var/tmp/orders-bench',
    orders   => 1_000_000,
    users    => 10_000,
    active   => 1_000,    # users that send requests in a run
    port     => 8181,     # httpd; the Node services listen on the next two
    pgport   => 15472,
    threads  => 64,
    sessions => 4,
    module   => undef,    # mod_orders.so; undef: build it
    preload  => '',       # shared_preload_libraries
    keep     => 0,
    root     => $root,    # the tree whose module, schema and data are used
    settings => {},       # further settings of PostgreSQL
    directives => '',     # further directives for httpd
);

sub new {
    my ($class, %given) = @_;
    my $self = bless {%defaults, %given, started => $$}, $class;
    $self->{dir} = delete $self->{scratch};
    $self->{url} = "http://127.0.0.1:$self->{port}";
    make_path($self->{dir});
    chmod 0755, $self->{dir};
    my $postgres = $self->{postgres} = ModOrders::Postgres->new(dir => $self->{dir}, name => 'pgdata', port => $self->{pgport});
    @$self{qw(pgbin pgdata sockets)} = @$postgres{qw(bin data sockets)};
    push @all, $self;
    weaken($all[-1]);
    return $self;
}

sub say_what { print STDERR "# $_[0]\n" }

# Dies if a program is missing, with the names of the packages to install.
sub need {
    my %package = (wrk => "wrk", node => "nodejs", npm => "npm", sqitch => "sqitch", autoreconf => "autoconf automake libtool");
    my @missing = grep { my $name = $_; !grep { -x "$_/$name" } split /:/, $ENV{PATH} } @_;
    die "missing: @missing (apt-get install " . join(" ", map { $package{$_} // $_ } @missing) . ")\n" if @missing;
}

# Runs a command whose output is in NAME.log.
sub run_step {
    my ($self, $name, @command) = @_;
    my $log = "$self->{dir}/$name.log";
    unlink $log;
    return run_quiet($log, @command);
}

# --- the module ----------------------------------------------------------------------------------------------------

# Builds in a copy of the tree, which is not changed. Only changed files are compiled again.
sub build {
    my ($self) = @_;
    return $self->{module} if $self->{module};
    my $tree = "$self->{dir}/build";
    make_path($tree);
    say_what("building the module in $tree");
    $self->run_step('copy', 'sh', '-c',
        "cd '$self->{root}' && tar -cf - configure.ac Makefile.am mod_orders t/tests.am t/checks t/unit t/fuzz 2>/dev/null "
          . "--exclude='*.o' --exclude='*.lo' --exclude='*.la' --exclude=.libs --exclude=.deps | tar -C '$tree' -xf -");
    $self->run_step('autoreconf', 'sh', '-c', "cd '$tree' && autoreconf -fi")
      if !-e "$tree/configure" || -M "$tree/configure" > -M "$tree/configure.ac";
    $self->run_step('configure', 'sh', '-c', "cd '$tree' && ./configure CFLAGS='-O2 -g'") if !-e "$tree/Makefile";
    $self->run_step('make', 'make', '-C', $tree, '-j2', 'mod_orders.la');
    return $self->{module} = "$tree/.libs/mod_orders.so";
}

# --- PostgreSQL ----------------------------------------------------------------------------------------------------

sub psql_command {
    my ($self, @more) = @_;
    return ("$self->{pgbin}/psql", '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', $self->{sockets}, '-p', $self->{pgport},
        '-U', 'postgres', '-d', 'orders', @more);
}

sub sql {
    my ($self, $text, $database) = @_;
    open my $pipe, '-|', $self->psql_command($database ? ('-d', $database) : (), '-A', '-t', '-c', $text) or die "psql: $!\n";
    my @lines = <$pipe>;
    close $pipe or die "psql failed: $text\n";
    chomp @lines;
    return wantarray ? @lines : $lines[0];
}

sub dsn {
    my ($self) = @_;
    return "host=$self->{sockets} port=$self->{pgport} user=orders_api dbname=orders application_name=mod_orders connect_timeout=2 tcp_user_timeout=5000 "
      . "options='-c statement_timeout=4500ms -c idle_in_transaction_session_timeout=10s'";
}

# Identifies the data set: if it differs from that of the last run, the data are created again.
sub data_stamp {
    my ($self) = @_;
    my $sha = Digest::SHA->new(256);
    my @files = ("$self->{root}/t/bench/data.sql");
    my @schema = grep { -e } map { "$self->{root}/sql/$_" } qw(deploy functions rules reads sqitch.plan);
    find({no_chdir => 1, wanted => sub { push @files, $_ if -f && /\.(sql|plan)$/ }}, @schema);
    $sha->addfile($_) for sort @files;
    return "orders=$self->{orders} users=$self->{users} sql=" . $sha->hexdigest;
}

sub start_postgres {
    my ($self) = @_;
    my $postgres = $self->{postgres};
    my $stamp_file = "$self->{dir}/stamp";
    my $stamp = $self->data_stamp;
    my $have = -e $stamp_file && -e "$self->{pgdata}/PG_VERSION" ? slurp($stamp_file) : '';
    my $fresh = $have ne $stamp;
    if ($fresh) {
        unlink $stamp_file;
        $postgres->initialise;
    }
    ModOrders::Stand::need_port($self->{pgport});
    $postgres->configure($self->postgres_settings)->start;
    $self->{postmaster} = $postgres->postmaster;
    if ($fresh) {
        $self->load;
        write_file($stamp_file, $stamp);
    }
    return $self;
}

# fsync and synchronous_commit are on, as in production. The log is JSON, because Bench::Statements reads the statements from it.
sub postgres_settings {
    my ($self) = @_;
    return (
        shared_buffers => '2GB', max_wal_size => '8GB', checkpoint_timeout => '30min', effective_cache_size => '8GB', random_page_cost => 1.1,
        logging_collector => 'on', log_destination => 'jsonlog', log_filename => 'log', log_rotation_size => 0, log_rotation_age => 0,
        shared_preload_libraries => $self->{preload}, %{$self->{settings}},
    );
}

sub load {
    my ($self) = @_;
    say_what("deploying the schema and making $self->{orders} orders of $self->{users} users");
    my $began = time;
    $self->{postgres}->deploy("$self->{root}/sql");
    $self->run_step('data', $self->psql_command('-v', "orders=$self->{orders}", '-v', "users=$self->{users}", '-f', "$self->{root}/t/bench/data.sql"));
    $self->run_step('vacuum', $self->psql_command('-c', 'VACUUM ANALYZE', '-c', 'CHECKPOINT'));
    say_what(sprintf 'loaded in %d s', time - $began);
}

sub stop_postgres {
    my ($self) = @_;
    delete $self->{postmaster};
    return $self->{postgres}->stop('fast');
}

# --- httpd ---------------------------------------------------------------------------------------------------------

sub start_httpd {
    my ($self, %over) = @_;
    my %c = (%$self, %over);
    my $dir = $self->httpd_directory;
    make_path("$dir/floor");
    chmod 0755, "$dir/floor";
    $self->secret_file('httpd/secret');
    my %value = (
        port => $c{port}, module => $self->build, dsn => $self->dsn, threads => $c{threads}, sessions => $c{sessions},
        dbdmax => $c{dbdmax} // $c{sessions}, dbdmin => 1, worker => $c{worker} // 'Off',
    );
    $self->write_httpd_conf("$self->{root}/t/bench/httpd.conf.in", "\n$c{directives}\n", %value);
    return $self->launch_httpd($c{port});
}

# --- the Node services ---------------------------------------------------------------------------------------------

# name => offset of its port to that of httpd, and its database, whose name is in the environment
my %services = (
    fastify => {port => 1, PGUSER => 'orders_api', PGDATABASE => 'orders'},
    drizzle => {port => 2, PGUSER => 'drizzle', PGDATABASE => 'drizzle'},
);

sub service_port { my ($self, $name) = @_; return $self->{port} + $services{$name}{port} }
sub service_url { my ($self, $name) = @_; return 'http://127.0.0.1:' . $self->service_port($name) }

# Copies the sources of both services, because the Drizzle service uses files of the other one.
sub install_service {
    my ($self, $name) = @_;
    my $dir = "$self->{dir}/$name";
    return $dir if $self->{installed}{$name}++;
    for (sort keys %services) {
        make_path("$self->{dir}/$_");
        $self->run_step('service_copy', 'sh', '-c', "cp -p '$self->{root}/t/bench/$_'/*.js* '$self->{dir}/$_'");
    }
    $self->run_step('npm', 'sh', '-c', "cd '$dir' && npm ci --omit=dev --omit=peer --no-audit --no-fund")
      if !-d "$dir/node_modules" || -M "$dir/node_modules" > -M "$dir/package-lock.json";
    return $dir;
}

sub start_service {
    my ($self, $name, %over) = @_;
    my $dir = $self->install_service($name);
    my $port = $self->service_port($name);
    local $ENV{NODE_ENV} = 'production';
    local $ENV{PORT} = $port;
    local $ENV{WORKERS} = $over{workers} // 1;
    local $ENV{POOL} = $over{pool} // 4;
    local $ENV{STATEMENTS} = "$self->{dir}/statements.json";
    local $ENV{PGHOST} = $self->{sockets};
    local $ENV{PGPORT} = $self->{pgport};
    local @ENV{qw(PGUSER PGDATABASE)} = @{$services{$name}}{qw(PGUSER PGDATABASE)};
    my $log = "$self->{dir}/$name.log";
    ModOrders::Stand::need_port($port);
    $self->{services}{$name} = spawn($log, 'node', "$dir/server.js");
    wait_for_port($port, $self->{services}{$name}, $log);
    return $self;
}

sub stop_service {
    my ($self, $name) = @_;
    stop_process(delete $self->{services}{$name}, 'TERM');
}

# --- the end ------------------------------------------------------------------------------------------------------

sub stop {
    my ($self) = @_;
    return if $$ != $self->{started};
    stop_foreground();    # a command that an interrupt has left running
    $self->stop_service($_) for keys %services;
    $self->stop_httpd;
    $self->stop_postgres;
    remove_tree($self->{dir}) if !$self->{keep};
}

sub DESTROY { local ($?, $@); eval { $_[0]->stop } }

# At the end of a program, objects that the destructor needs may already be destroyed, so the stands that still exist are stopped before.
END {
    local ($?, $@);
    for my $stand (grep { $_ } @all) { eval { $stand->stop; 1 } or print STDERR "# $@" }
}

1;
