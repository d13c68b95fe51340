# SPDX-License-Identifier: Apache-2.0
# The configurations that we ship are ones that httpd takes, once their files are there.
use strict;
use warnings;
use File::Temp ();
use ModOrders::Test;

my $dir     = File::Temp->newdir;
my $modules = Apache::Test::vars('modules');
my $httpd   = Apache::Test::vars('httpd');
my $module  = Apache::Test::vars('module');

sub text_of
{
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

sub accepted
{
    my ($text) = @_;
    open my $out, '>', "$dir/httpd.conf" or die "$dir/httpd.conf: $!";
    print $out "ServerRoot $dir\nServerName 127.0.0.1\nListen 127.0.0.1:1\nDefaultRuntimeDir $dir\nErrorLog $dir/error_log\n";
    for my $name (qw(mpm_event authn_core authz_core authz_user reqtimeout dbd watchdog socache_shmcb log_config unixd)) {
        print $out "LoadModule ${name}_module $modules/mod_$name.so\n" if -e "$modules/mod_$name.so";
    }
    print $out $text;
    close $out;
    my $said = `$httpd -t -f $dir/httpd.conf 2>&1`;
    return is($?, 0, 'httpd -t is content') || diag($said);
}

# A page's own paths are other ones here.
sub local_paths
{
    my ($text) = @_;
    $text =~ s{/usr/lib/apache2/modules/mod_orders\.so}{$module}g;
    my $secret = Apache::Test::vars('secret_file');
    my $card   = Apache::Test::vars('channel_secret_file');
    $text =~ s{/etc/apache2/orders/server\.secret}{$secret}g;
    $text =~ s{/etc/apache2/orders/(?:card|paypal)\.secret}{$card}g;
    $text =~ s{/etc/apache2/orders/mail\.password}{$card}g;
    return $text;
}

for my $name (qw(orders.conf orders-reference.conf)) {
    subtest $name => sub { accepted(local_paths(text_of("$ModOrders::Test::top/conf/$name"))); done };
}

# The reference shows defaults in comments: they must be taken too.
subtest 'orders-reference.conf with its defaults written out' => sub {
    my $text = text_of("$ModOrders::Test::top/conf/orders-reference.conf");
    $text =~ s/^#(Orders\w+ )/$1/mg;
    $text =~ s/^#(    [\w-]+=)/$1/mg;
    accepted(local_paths($text));
    done;
};

done;
