# SPDX-License-Identifier: Apache-2.0
package ModOrders::PayPal::Seal;

# The signatures of the events of the simulated PayPal: its certificate authority and certificates, which openssl(1) creates when they are first
# needed, and the headers of an event.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Temp ();
use MIME::Base64 qw(encode_base64);
use ModOrders::Files qw(slurp);
use ModOrders::Process qw(run_quiet);
use POSIX qw(strftime);
use Time::HiRes qw(time);

my $NAME = '/CN=messageverificationcerts.sandbox.paypal.com';

# Certificates by name: issuer, subject and validity in days. The issuer of `other` is not trusted.
my %KIND = (
    good    => { issuer => 'ca',    subject => $NAME,                   days => 30 },
    other   => { issuer => 'rogue', subject => $NAME,                   days => 30 },
    named   => { issuer => 'ca',    subject => '/CN=shop.example',      days => 30 },
    expired => { issuer => 'ca',    subject => $NAME,                   days => -1 },
    weak    => { issuer => 'ca',    subject => $NAME,                   days => 30, bits => 1024 },
);

# directory: of the keys and certificates. ca.pem is the trusted certificate authority.
sub new {
    my ($class, %with) = @_;
    my $self = bless {%with}, $class;
    $self->_authority('ca');
    return $self;
}

sub _path {
    my ($self, $name) = @_;
    return "$self->{directory}/$name";
}

sub _openssl {
    my ($self, @command) = @_;
    return run_quiet($self->_path('openssl.log'), 'openssl', @command);
}

sub _authority {
    my ($self, $name) = @_;
    return if -e $self->_path("$name.pem");
    $self->_openssl(
        'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', 30, '-subj', "/CN=Simulated authority $name",
        '-keyout', $self->_path("$name.key"), '-out', $self->_path("$name.new"),
    );
    rename $self->_path("$name.new"), $self->_path("$name.pem") or die "$name.pem: $!\n";
    return;
}

# The paths of the key and the certificate, which are created if they do not exist.
sub _certificate {
    my ($self, $name) = @_;
    my $kind = $KIND{$name} or die "no certificate $name\n";
    my ($key, $request, $pem) = map { $self->_path("$name.$_") } qw(key request pem);
    return ($key, $pem) if -e $pem;
    $self->_authority($kind->{issuer});
    $self->_openssl(
        'req', '-new', '-newkey', 'rsa:' . ($kind->{bits} || 2048), '-nodes', '-subj', $kind->{subject},
        '-keyout', $key, '-out', $request,
    );
    $self->_openssl(
        'x509', '-req', '-in', $request, '-days', $kind->{days}, '-CAcreateserial',
        '-CA', $self->_path("$kind->{issuer}.pem"), '-CAkey', $self->_path("$kind->{issuer}.key"), '-out', "$pem.new",
    );
    rename "$pem.new", $pem or die "$pem: $!\n";
    return ($key, $pem);
}

sub certificate_text {
    my ($self, $name) = @_;
    return if !$KIND{$name};
    my (undef, $pem) = $self->_certificate($name);
    return slurp($pem);
}

sub _sign {
    my ($self, $certificate, $text) = @_;
    my ($key) = $self->_certificate($certificate);
    my $file = File::Temp->new(DIR => $self->{directory});
    print {$file} $text;
    close $file or die "$file: $!\n";
    open my $in, '-|', 'openssl', 'dgst', '-sha256', '-sign', $key, "$file" or die "openssl: $!\n";
    binmode $in;
    local ($/, $?);
    my $signature = <$in>;
    close $in or die "openssl dgst: $?\n";
    return encode_base64($signature, q{});
}

# CRC-32 of IEEE 802.3.
sub crc32 {
    my ($bytes) = @_;
    my $crc = 0xffff_ffff;
    for my $byte (unpack 'C*', $bytes) {
        $crc ^= $byte;
        $crc = $crc >> 1 ^ ($crc & 1 ? 0xedb8_8320 : 0) for 1 .. 8;
    }
    return $crc ^ 0xffff_ffff;
}

# The headers of an event with this body. Options: base (of the URL of the certificate), webhook_id, certificate, cert_url, skew (seconds).
sub headers {
    my ($self, $body, %with) = @_;
    my $hash = sha256_hex($body . rand() . time);
    my $id   = join q{-}, map { substr $hash, $_->[0], $_->[1] } [0, 8], [8, 4], [12, 4], [16, 4], [20, 12];
    my $time = strftime '%Y-%m-%dT%H:%M:%SZ', gmtime(time + ($with{skew} || 0));
    my $certificate = $with{certificate} || 'good';
    return {
        'Content-Type'             => 'application/json',
        'PAYPAL-AUTH-ALGO'         => 'SHA256withRSA',
        'PAYPAL-CERT-URL'          => $with{cert_url} || "$with{base}/v1/notifications/certs/$certificate",
        'PAYPAL-TRANSMISSION-ID'   => $id,
        'PAYPAL-TRANSMISSION-TIME' => $time,
        'PAYPAL-TRANSMISSION-SIG'  => $self->_sign($certificate, join q{|}, $id, $time, $with{webhook_id}, crc32($body)),
    };
}

1;
