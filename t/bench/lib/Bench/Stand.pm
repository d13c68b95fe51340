# SPDX-License-Identifier: Apache-2.0
#
# The servers of a benchmark: PostgreSQL, httpd and, for the comparison, the Node services. All of them listen on loopback and store their
# files in one scratch directory. System services are not touched.
package Bench::Stand;

use strict;
use warnings;
use Cwd qw(abs_path);
use Digest::SHA;
use File::Basename qw(dirname);
use File::Find qw(find);
use File::Path qw(make_path remove_tree);
use IO::Socket::INET;
use POSIX qw(:sys_wait_h);

our $root = abs_path(dirname(__FILE__) . '/../../../..');

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

sub options {
    my ($self) = @_;
    return map { ("$_=s" => \$self->{$_}) } qw(scratch port pgport module threads sessions), ();
}

sub new {
    my ($class, %given) = @_;
    my $self = bless {%defaults, %given, started => $$}, $class;
    $self->{url} = "http://127.0.0.1:$self->{port}";
    make_path($self->{scratch});
    chmod 0755, $self->{scratch};
    $self->{sockets} = "$self->{scratch}/sockets";
    make_path($self->{sockets});
    chmod 01777, $self->{sockets};
    $self->{pgbin} = (reverse sort glob "/usr/lib/postgresql/[1-9][0-9]/bin")[0]
      // die "PostgreSQL's server is needed (apt-get install postgresql)\n";
    return $self;
}

sub say_what { print STDERR "# $_[0]\n" }

# Dies if a program is missing, with the names of the packages to install.
sub need {
    my %package = (wrk => "wrk", node => "nodejs", npm => "npm", sqitch => "sqitch", autoreconf => "autoconf automake libtool");
    my @missing = grep { my $name = $_; !grep { -x "$_/$name" } split /:/, $ENV{PATH} } @_;
    die "missing: @missing (apt-get install " . join(" ", map { $package{$_} // $_ } @missing) . ")\n" if @missing;
}

sub run_quiet {
    my ($self, $name, @command) = @_;
    my $log = "$self->{scratch}/$name.log";
    my $pid = fork() // die "fork: $!\n";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $log or die "$log: $!\n";
        open STDERR, '>&', \*STDOUT;
        exec @command or die "$command[0]: $!\n";
    }
    $self->{command} = $pid;
    waitpid $pid, 0;
    delete $self->{command};
    return if $? == 0;
    system 'tail', '-n', '30', $log;
    die "$name failed (see $log)\n";
}

# --- the module ----------------------------------------------------------------------------------------------------

# Builds in a copy of the tree, which is not changed. Only changed files are compiled again.
sub build {
    my ($self) = @_;
    return $self->{module} if $self->{module};
    my $tree = "$self->{scratch}/build";
    make_path($tree);
    say_what("building the module in $tree");
    $self->run_quiet('copy', 'sh', '-c',
        "cd '$self->{root}' && tar -cf - configure.ac Makefile.am mod_orders t/tests.am t/checks t/unit t/fuzz 2>/dev/null "
          . "--exclude='*.o' --exclude='*.lo' --exclude='*.la' --exclude=.libs --exclude=.deps | tar -C '$tree' -xf -");
    $self->run_quiet('autoreconf', 'sh', '-c', "cd '$tree' && autoreconf -fi")
      if !-e "$tree/configure" || -M "$tree/configure" > -M "$tree/configure.ac";
    $self->run_quiet('configure', 'sh', '-c', "cd '$tree' && ./configure CFLAGS='-O2 -g'") if !-e "$tree/Makefile";
    $self->run_quiet('make', 'make', '-C', $tree, '-j2', 'mod_orders.la');
    return $self->{module} = "$tree/.libs/mod_orders.so";
}

# --- PostgreSQL ----------------------------------------------------------------------------------------------------

sub as_postgres {
    my ($self, @command) = @_;
    return $> == 0 ? ('runuser', '-u', 'postgres', '--', @command) : @command;
}

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
    my @schema = grep { -e } map { "$self->{root}/sql/$_" } qw(deploy functions sqitch.plan);
    find({no_chdir => 1, wanted => sub { push @files, $_ if -f && /\.(sql|plan)$/ }}, @schema);
    $sha->addfile($_) for sort @files;
    return "orders=$self->{orders} users=$self->{users} sql=" . $sha->hexdigest;
}

sub start_postgres {
    my ($self) = @_;
    my $data = $self->{pgdata} = "$self->{scratch}/pgdata";
    my $stamp_file = "$self->{scratch}/stamp";
    my $stamp = $self->data_stamp;
    my $have = -e $stamp_file && -e "$data/PG_VERSION" ? do { local (@ARGV, $/) = $stamp_file; <> } : '';
    my $fresh = $have ne $stamp;
    if ($fresh) {
        remove_tree($data);
        unlink $stamp_file;
        mkdir $data or die "$data: $!\n";
        if ($> == 0) { my (undef, undef, $uid, $gid) = getpwnam 'postgres'; chown $uid, $gid, $data }
        $self->run_quiet('initdb', $self->as_postgres("$self->{pgbin}/initdb", '-D', $data, '-U', 'postgres', '-A', 'trust',
                '-E', 'UTF8', '--locale=C.UTF-8'));
    }
    $self->write_postgres_conf;
    die "something listens on $self->{pgport} already\n" if listens($self->{pgport});
    $self->run_quiet('pg_start', $self->as_postgres("$self->{pgbin}/pg_ctl", '-D', $data, '-l', "$data/server.log", '-w', '-t', '60', 'start'));
    $self->{postmaster} = (split /\n/, do { local (@ARGV, $/) = "$data/postmaster.pid"; <> })[0];
    if ($fresh) {
        $self->load;
        open my $out, '>', $stamp_file or die "$stamp_file: $!\n";
        print $out $stamp;
        close $out;
    }
    return $self;
}

# fsync and synchronous_commit are on, as in production. The log is JSON, because Bench::Statements reads the statements from it.
sub write_postgres_conf {
    my ($self) = @_;
    open my $out, '>', "$self->{pgdata}/postgresql.auto.conf" or die "postgresql.auto.conf: $!\n";
    print $out <<"EOF_CONF";
listen_addresses = '127.0.0.1'
port = $self->{pgport}
unix_socket_directories = '$self->{sockets}'
max_connections = 100
shared_buffers = '2GB'
max_wal_size = '8GB'
checkpoint_timeout = '30min'
effective_cache_size = '8GB'
random_page_cost = 1.1
logging_collector = on
log_destination = 'jsonlog'
log_filename = 'log'
log_rotation_size = 0
log_rotation_age = 0
shared_preload_libraries = '$self->{preload}'
EOF_CONF
    print $out "$_ = '$self->{settings}{$_}'\n" for sort keys %{$self->{settings}};
    close $out;
}

sub load {
    my ($self) = @_;
    say_what("deploying the schema and making $self->{orders} orders of $self->{users} users");
    my $began = time;
    $self->run_quiet('createdb', "$self->{pgbin}/createdb", '-h', $self->{sockets}, '-p', $self->{pgport}, '-U', 'postgres', 'orders');
    $self->run_quiet('sqitch', 'sqitch', '--chdir', "$self->{root}/sql", 'deploy',
        "db:pg://postgres\@127.0.0.1:$self->{pgport}/orders");
    $self->run_quiet('data', $self->psql_command('-v', "orders=$self->{orders}", '-v', "users=$self->{users}", '-f', "$self->{root}/t/bench/data.sql"));
    $self->run_quiet('vacuum', $self->psql_command('-c', 'VACUUM ANALYZE', '-c', 'CHECKPOINT'));
    say_what(sprintf 'loaded in %d s', time - $began);
}

sub stop_postgres {
    my ($self) = @_;
    return if !delete $self->{postmaster};
    $self->run_quiet('pg_stop', $self->as_postgres("$self->{pgbin}/pg_ctl", '-D', $self->{pgdata}, '-m', 'fast', '-w', 'stop'));
}

# --- httpd ---------------------------------------------------------------------------------------------------------

sub start_httpd {
    my ($self, %over) = @_;
    my %c = (%$self, %over);
    my $dir = "$self->{scratch}/httpd";
    make_path("$dir/floor");
    chmod 0755, $dir, "$dir/floor";
    my $modules = $ENV{HTTPD_MODULES} // '/usr/lib/apache2/modules';
    my $binary = $ENV{HTTPD} // '/usr/sbin/apache2';
    my @user = $> == 0 ? "User www-data\nGroup www-data" : ();
    open my $template, '<', "$self->{root}/t/bench/httpd.conf.in" or die "httpd.conf.in: $!\n";
    my %value = (
        dir => $dir, port => $c{port}, modules => $modules, module => $self->build, user => "@user", dsn => $self->dsn,
        threads => $c{threads}, sessions => $c{sessions}, dbdmax => $c{dbdmax} // $c{sessions}, dbdmin => 1, worker => $c{worker} // 'Off',
    );
    my $text = join '', <$template>;
    $text =~ s/\@(\w+)\@/$value{$1} \/\/ die "httpd.conf.in: $1?\n"/ge;
    $text .= "\n$c{directives}\n";
    open my $out, '>', "$dir/httpd.conf" or die "httpd.conf: $!\n";
    print $out $text;
    close $out;
    die "something listens on $c{port} already\n" if listens($c{port});
    $self->write_secret("$dir/secret");
    unlink "$dir/error.log", "$dir/stdout.log";
    $self->{httpd} = $self->spawn("$dir/stdout.log", $binary, '-d', $dir, '-f', "$dir/httpd.conf", '-DFOREGROUND');
    $self->wait_for($c{port}, $self->{httpd}, "$dir/error.log");
    return $self;
}

sub write_secret {
    my ($self, $file) = @_;
    return if -e $file;
    open my $out, ">", $file or die "$file: $!\n";
    chmod 0600, $file;
    print $out map { chr 33 + rand 90 } 1 .. 48;
}

sub stop_httpd {
    my ($self) = @_;
    $self->end(delete $self->{httpd});
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
    my $dir = "$self->{scratch}/$name";
    return $dir if $self->{installed}{$name}++;
    for (sort keys %services) {
        make_path("$self->{scratch}/$_");
        $self->run_quiet('service_copy', 'sh', '-c', "cp -p '$self->{root}/t/bench/$_'/*.js* '$self->{scratch}/$_'");
    }
    $self->run_quiet('npm', 'sh', '-c', "cd '$dir' && npm ci --omit=dev --omit=peer --no-audit --no-fund")
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
    local $ENV{STATEMENTS} = "$self->{scratch}/statements.json";
    local $ENV{PGHOST} = $self->{sockets};
    local $ENV{PGPORT} = $self->{pgport};
    local @ENV{qw(PGUSER PGDATABASE)} = @{$services{$name}}{qw(PGUSER PGDATABASE)};
    my $log = "$self->{scratch}/$name.log";
    die "something listens on $port already\n" if listens($port);
    $self->{services}{$name} = $self->spawn($log, 'node', "$dir/server.js");
    $self->wait_for($port, $self->{services}{$name}, $log);
    return $self;
}

sub stop_service {
    my ($self, $name) = @_;
    $self->end(delete $self->{services}{$name});
}

# --- processes -----------------------------------------------------------------------------------------------------

sub spawn {
    my ($self, $log, @command) = @_;
    my $pid = fork() // die "fork: $!\n";
    return $pid if $pid;
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', $log or die "$log: $!\n";
    open STDERR, '>&', \*STDOUT;
    exec @command or die "$command[0]: $!\n";
}

sub listens {
    my ($port) = @_;
    return defined IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 1);
}

sub wait_for {
    my ($self, $port, $pid, $log) = @_;
    for (1 .. 200) {
        return if listens($port);
        if (waitpid($pid, WNOHANG) == $pid) {
            system "tail -n 20 '$log' >&2";
            die "the server on port $port did not start\n";
        }
        select undef, undef, undef, 0.05;
    }
    die "nothing listens on port $port after 10 s\n";
}

sub end {
    my ($self, $pid) = @_;
    return if !$pid;
    kill TERM => $pid;
    for (1 .. 200) {
        return if waitpid($pid, WNOHANG) == $pid;
        select undef, undef, undef, 0.05;
    }
    kill KILL => $pid;
    waitpid $pid, 0;
}

sub stop {
    my ($self) = @_;
    return if $$ != $self->{started};
    $self->end(delete $self->{command});    # a command that an interrupt has left running
    $self->stop_service($_) for keys %services;
    $self->stop_httpd;
    $self->stop_postgres;
    remove_tree($self->{scratch}) if !$self->{keep};
}

sub DESTROY { local ($?, $@); eval { $_[0]->stop } }

1;
