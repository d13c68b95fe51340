# SPDX-License-Identifier: Apache-2.0
package ModOrders::MailServer;

# A private mail server (exim4-daemon-light of Debian) on free ports of 127.0.0.1. Its configuration, certificate, spool and mailbox are in a
# directory in /tmp, and it runs as an unprivileged user. The destructor stops it.
#
#     plan skip_all => 'no exim4' unless ModOrders::MailServer->available;
#     my $server = ModOrders::MailServer->start;
#     … $server->directive …               # OrdersMail smtp://127.0.0.1:port …
#     my ($mail) = $server->messages(1);   # waits for a mail; see ModOrders::MailMessage
#     is($mail->{to}, 'buyer@example.com');
#     $server->clear;
#
# url: needs STARTTLS, then AUTH with user and password. smtps_url: the same, but encrypted from the first byte. plain_url: neither. All
# recipients share one mailbox, except for these local parts:
#
#     unknown     permanent error (550)           later       temporary error (451)
#     slow        no reply to RCPT for 30 s       lingering   accepted, but no reply to QUIT for 30 s
#
# A mail with "refuse me" in its subject gets a permanent error after DATA. The sender stranger@… is refused.

use strict;
use warnings;

use File::Path ();
use File::Temp ();
use IO::Socket::INET ();
use POSIX qw(_exit);

use ModOrders::Files qw(slurp write_file);
use ModOrders::MailMessage;
use ModOrders::Process qw(ended listens wait_for);

use constant { EXIM => '/usr/sbin/exim4', USER => 'shop', PASSWORD => 'pass word=%41' };

sub available { return -x EXIM }

sub start
{
    my ($class) = @_;
    for my $attempt (1 .. 5) { # another process may take the port before exim binds it
        my $self = $class->_start;
        return $self if $self->_listens;
        my $log = $self->log;
        $self->stop;
        die "exim4 does not listen: $log\n" if $attempt == 5;
    }
}

sub _start
{
    my ($class) = @_;
    my @user = $> ? () : getpwnam 'Debian-exim';
    my ($uid, $gid) = @user ? @user[ 2, 3 ] : ($>, $) + 0);
    my $self = bless { owner => $$, uid => $uid, gid => $gid, dir => File::Temp::tempdir('mod_orders-mail-XXXXXX', TMPDIR => 1) }, $class;
    my @free = map { IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1, Proto => 'tcp') or die "no port: $!\n" } 1 .. 3;
    @$self{qw(port smtps_port plain_port)} = map { $_->sockport } @free;
    close $_ for @free;
    $self->_write_certificate;
    write_file("$self->{dir}/exim.conf", $self->_configuration);
    if (@user) {
        chown $uid, $gid, $_ or die "$_: $!\n" for $self->{dir}, glob "$self->{dir}/*";
    }
    chmod 0755, $self->{dir}; # other users read the certificate
    $self->{pid} = fork // die "fork: $!\n";
    if (!$self->{pid}) {
        setpgrp;
        open STDIN,  '<', '/dev/null'             or _exit(1);
        open STDOUT, '>', "$self->{dir}/said.log" or _exit(1);
        open STDERR, '>&', \*STDOUT               or _exit(1);
        if (@user) {
            $) = "$gid $gid";
            POSIX::setgid($gid);
            POSIX::setuid($uid);
        }
        exec EXIM, '-C', "$self->{dir}/exim.conf", '-bdf' or _exit(1);
    }
    return $self;
}

# Waits until all ports are open. Returns false if exim ends before.
sub _listens
{
    my ($self) = @_;
    return 'open' eq wait_for(sub { ended($self->{pid}) ? 'ended' : 3 == grep({ listens($_) } @$self{qw(port smtps_port plain_port)}) && 'open' }, 20);
}

sub _write_certificate
{
    my ($self) = @_;
    system('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=mod_orders test"'
            . " -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout $self->{dir}/key.pem -out $self->{dir}/ca.pem 2>$self->{dir}/openssl.log") == 0
        or die "openssl makes no certificate\n";
    return;
}

sub _configuration
{
    my ($self) = @_;
    return <<"END";
primary_hostname = mail.example.com
local_interfaces = 127.0.0.1
daemon_smtp_ports = $self->{port} : $self->{smtps_port} : $self->{plain_port}
tls_on_connect_ports = $self->{smtps_port}
tls_advertise_hosts = \${if eq{\$received_port}{$self->{plain_port}}{}{*}}
tls_certificate = $self->{dir}/ca.pem
tls_privatekey = $self->{dir}/key.pem
tls_dhparam = none
spool_directory = $self->{dir}/spool
pid_file_path = $self->{dir}/exim.pid
log_file_path = $self->{dir}/%slog
exim_user = $self->{uid}
exim_group = $self->{gid}
admin_groups = $self->{gid}
deliver_drop_privilege
keep_environment =
rfc1413_query_timeout = 0s
smtp_accept_max = 40
smtp_enforce_sync = false
acl_smtp_mail = check_mail
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
acl_smtp_quit = check_quit

begin acl

check_mail:
    accept condition = \${if eq{\$received_port}{$self->{plain_port}}}
    deny   !authenticated = *
           message = 530 5.7.0 Authentication required
    deny   senders = ^stranger\@
           message = 550 5.7.1 Nobody sends as <\$sender_address>
    accept

check_rcpt:
    deny   local_parts = unknown
           message = 550 5.1.1 <\$local_part\@\$domain> is unknown here
    defer  local_parts = later
           message = 451 4.7.1 Try <\$local_part\@\$domain> again later
    warn   local_parts = slow
           delay = 30s
    warn   local_parts = lingering
           set acl_c_quit = 30s
    accept

check_data:
    deny   condition = \${if match{\$h_subject:}{refuse me}}
           message = 554 5.6.0 Not with this subject
    accept

check_quit:
    accept delay = \${if def:acl_c_quit{\$acl_c_quit}{0s}}

begin routers

everybody:
    driver = accept
    transport = mailbox

begin transports

mailbox:
    driver = appendfile
    directory = $self->{dir}/mailbox
    maildir_format
    create_directory
    envelope_to_add
    return_path_add

begin authenticators

plain:
    driver = plaintext
    public_name = PLAIN
    server_prompts = :
    server_condition = \${if and{{eq{\$auth2}{@{[USER]}}}{eq{\$auth3}{${\ _quoted(PASSWORD)}}}}}
    server_set_id = \$auth2
    server_advertise_condition = \${if def:tls_in_cipher}
END
}

# Escapes a text for the configuration of exim, which expands variables.
sub _quoted { return $_[0] =~ s/([\\\$\{\}])/\\$1/gr }

sub port      { return $_[0]{port} }
sub url       { return "smtp://127.0.0.1:$_[0]{port}" }
sub smtps_url { return "smtps://127.0.0.1:$_[0]{smtps_port}" }
sub plain_url { return "smtp://127.0.0.1:$_[0]{plain_port}" }
sub user      { return USER }
sub password  { return PASSWORD }
sub ca_file   { return "$_[0]{dir}/ca.pem" }

# An OrdersMail directive. The password file is readable by the user that starts httpd.
sub directive
{
    my ($self, $more) = @_;
    my $file = "$self->{dir}/password";
    -e $file or write_file($file, PASSWORD . "\n", 0600);
    return "OrdersMail @{[$self->url]} from=shop\@example.com from-name=\"The Shop\" user=@{[USER]} password-file=$file"
        . " ca-file=@{[$self->ca_file]} @{[$more // '']}\n";
}

# The received mails, oldest first. Waits until there are at least $count, at most $seconds.
sub messages
{
    my ($self, $count, $seconds) = @_;
    my @files;
    wait_for(sub {
        @files = sort { (stat $a)[9] <=> (stat $b)[9] || $a cmp $b } glob "$self->{dir}/mailbox/new/*";
        return @files >= ($count // 0);
    }, $seconds);
    return map { ModOrders::MailMessage->parse(slurp($_)) } @files;
}

# Deletes the received mails.
sub clear
{
    my ($self) = @_;
    unlink glob "$self->{dir}/mailbox/new/*";
    return;
}

# The log of the server.
sub log
{
    my ($self) = @_;
    return join '', map { slurp($_) } glob "$self->{dir}/*log";
}

sub stop
{
    my ($self) = @_;
    return if !$self->{pid} || $self->{owner} != $$;
    my $pid = delete $self->{pid};
    local ($?, $@);
    kill TERM => -$pid;
    wait_for(sub { ended($pid) }, 5);
    kill KILL => -$pid; # processes of its group that wait for a slow client
    File::Path::remove_tree($self->{dir});
    return;
}

sub DESTROY
{
    my ($self) = @_;
    $self->stop;
    return;
}

1;
