# SPDX-License-Identifier: Apache-2.0
package ModOrders::Stand;

# Base class of the stands of t/faults and t/bench: a private PostgreSQL and a private httpd with the module, on loopback, with their files in
# one scratch directory. A subclass sets {dir}, {port} (of httpd) and {pgport}.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use ModOrders::Files qw(slurp write_file);
use ModOrders::Process qw(listens spawn stop_process wait_for_port);

our $root = abs_path(dirname(__FILE__) . '/../../..');

# Dies if another server listens on a port.
sub need_port {
    my ($port) = @_;
    die "a server listens on port $port already\n" if listens($port);
}

# The directory of httpd. The child processes of httpd, which do not run as root, have access.
sub httpd_directory {
    my ($self) = @_;
    my $dir = "$self->{dir}/httpd";
    make_path($dir);
    chmod 0755, $dir;
    return $dir;
}

# Writes httpd.conf: a template, whose placeholders @name@ are replaced with these values, and more directives. The values dir, modules and user
# have defaults.
sub write_httpd_conf {
    my ($self, $template, $more, %value) = @_;
    my $dir = $self->httpd_directory;
    %value = (
        dir => $dir, modules => $ENV{HTTPD_MODULES} // '/usr/lib/apache2/modules',
        user => $> == 0 ? "User www-data\nGroup www-data" : '', %value,
    );
    my $text = slurp($template) =~ s/\@(\w+)\@/$value{$1} \/\/ die "$template: $1?\n"/ger;
    return write_file("$dir/httpd.conf", $text . $more);
}

# Starts httpd with the written configuration and waits until it listens. @wrapper is a command that runs httpd.
sub launch_httpd {
    my ($self, $port, @wrapper) = @_;
    need_port($port);
    my $dir = $self->httpd_directory;
    unlink "$dir/error.log", "$dir/stdout.log";
    $self->{httpd} = spawn("$dir/stdout.log", @wrapper, $ENV{HTTPD} // '/usr/sbin/apache2', '-d', $dir, '-f', "$dir/httpd.conf", '-DFOREGROUND');
    wait_for_port($port, $self->{httpd}, "$dir/stdout.log", "$dir/error.log");
    return $self;
}

sub stop_httpd {
    my ($self) = @_;
    return stop_process(delete $self->{httpd}, 'TERM');
}

# An empty directory for OrdersExportDirectory, which the child processes of httpd can write to.
sub export_directory {
    my ($self, $name) = @_;
    my $dir = "$self->{dir}/" . ($name // 'exports');
    remove_tree($dir); # an earlier test may have used it
    make_path($dir, {mode => 0700, $> == 0 ? (owner => 'www-data', group => 'www-data') : ()});
    return $dir;
}

# Writes a secret that only its owner can read. Returns the path.
sub secret_file {
    my ($self, $name) = @_;
    return write_file("$self->{dir}/$name", "no secret at all: loopback and tests only ($name)\n", 0600);
}

1;
