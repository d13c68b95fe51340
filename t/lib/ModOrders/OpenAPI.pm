# SPDX-License-Identifier: Apache-2.0
package ModOrders::OpenAPI;

# Validates responses, and the requests of successful responses, with docs/openapi/*.yaml.
#
#     my $spec = ModOrders::OpenAPI->new('docs/openapi/user.yaml', 'docs/openapi/operator.yaml');
#     my @wrong = $spec->wrong(method => 'GET', path => '/api/v1/user/orders?page=2', status => 200,
#         type => 'application/json; charset=utf-8', body => $bytes, headers => { etag => $tag },
#         request => $http_request);
#
# A response is invalid if its route, status or content type is not documented, or if its body does not match the schema (NDJSON: if a line
# does not match the items of `contentSchema`). Objects must not have undocumented members. Refused requests are not validated, because tests
# send invalid ones on purpose, and paths outside of the documented APIs are ignored.
#
#     my @wrong = $spec->wrong_message('order.paid', $bytes);
#
# validates the body of a message to a webhook.

use strict;
use warnings;

use JSON::PP ();
use JSON::Validator ();
use ModOrders::OpenAPI::Request ();
use Storable qw(dclone);
use YAML::XS ();

# Statuses that httpd itself may send for a request that it cannot read.
my %OF_HTTPD = map { $_ => 1 } 400, 408, 411, 413, 414, 417, 431, 501, 505;
my $DRAFT = 'https://json-schema.org/draft/2020-12/schema';
my $JSON  = JSON::PP->new->utf8->allow_nonref;

sub new {
    my ($class, @files) = @_;
    my $self = bless { apis => [] }, $class;
    for my $file (@files) {
        local $YAML::XS::Boolean = 'JSON::PP';
        push @{ $self->{apis} }, _api($file, YAML::XS::LoadFile($file));
    }
    @{ $self->{apis} } = sort { length $b->{prefix} <=> length $a->{prefix} } @{ $self->{apis} };
    return $self;
}

# Sorts paths by length, longest first, and paths without parameters before those with parameters.
sub _api {
    my ($file, $document) = @_;
    my @paths = sort { _rank($b) cmp _rank($a) } keys %{ $document->{paths} };
    my @routes = map { { path => $_, match => _matcher($_), names => [ /\{([^}]+)\}/g ], item => $document->{paths}{$_} } } @paths;
    my $strict = dclone($document->{components} || {});
    _close($_) for values %{ $strict->{schemas} || {} };
    return {
        file     => $file,
        document => $document,
        strict   => $strict,
        prefix   => _prefix(@paths),
        routes   => \@routes,
        checks   => {},
        own      => { map { m{\A/([^/]*)} ? ($1 => 1) : () } @paths },
        problem  => $document->{'x-problem'} || { 'application/problem+json' => { schema => { '$ref' => '#/components/schemas/Problem' } } },
    };
}

# The common prefix of all paths, in whole segments.
sub _prefix {
    my ($first, @others) = @_;
    my $prefix = $first;
    while (grep { index "$_/", "$prefix/" } @others) {
        $prefix =~ s{/[^/]*\z}{};
    }
    return $prefix;
}

sub _rank {
    my ($path) = @_;
    return sprintf '%03d %03d %s', scalar(() = $path =~ m{/}g), 999 - scalar(() = $path =~ /\{/g), $path;
}

sub _matcher {
    my ($path) = @_;
    $path =~ s{(?<=.)/\z}{};
    my $pattern = join '([^/]+)', map { quotemeta } split /\{[^}]+\}/, $path, -1;
    return qr{\A$pattern/?\z};
}

# Forbids further members in objects with documented members, unless the schema allows them.
sub _close {
    my ($schema) = @_;
    if (ref $schema eq 'ARRAY') {
        _close($_) for @{$schema};
        return;
    }
    return if ref $schema ne 'HASH';
    if (ref $schema->{properties} eq 'HASH' && !exists $schema->{additionalProperties} && !$schema->{allOf}) {
        $schema->{additionalProperties} = JSON::PP::false;
    }
    _close($_) for values %{$schema};
    return;
}

sub _resolve {
    my ($api, $thing) = @_;
    while (ref $thing eq 'HASH' && ref($thing->{'$ref'}) eq q{} && defined $thing->{'$ref'}) {
        my $at = $api->{document};
        for my $step (split m{/}, substr $thing->{'$ref'}, 2) {
            $at = $at->{$step};
        }
        $thing = $at;
    }
    return $thing;
}

sub wrong {
    my ($self, %answer) = @_;
    my ($path) = $answer{path} =~ m{\A(?:https?://[^/]+)?([^?#]*)};
    for my $api (@{ $self->{apis} }) {
        next if index "$path/", "$api->{prefix}/";
        # an API at / serves the paths that begin with a segment of one of its routes
        next if !length $api->{prefix} && !($path =~ m{\A/([^/]*)} && $api->{own}{$1});
        return map { "$answer{method} $path $answer{status}: $_" } _wrong_in($api, $path, \%answer);
    }
    return;
}

sub wrong_message {
    my ($self, $type, $body) = @_;
    my ($api) = grep { $_->{document}{webhooks}{$type} } @{ $self->{apis} };
    return "no document has a webhook $type" if !$api;
    my $content = _resolve($api, $api->{document}{webhooks}{$type}{post}{requestBody})->{content};
    my @wrong   = _wrong_json($api, $content->{'application/json'}{schema}, $body);
    return @wrong ? @wrong : eval { $JSON->decode($body)->{type} } eq $type ? () : "the type is not $type";
}

# A request with an undocumented path or method must be refused with a problem.
sub _wrong_in {
    my ($api, $path, $answer) = @_;
    my ($route) = grep { $path =~ $_->{match} } @{ $api->{routes} };
    my $method = $answer->{method} eq 'HEAD' ? 'get' : lc $answer->{method};
    my $operation = $route && $route->{item}{$method};
    if ($answer->{method} eq 'OPTIONS' && $answer->{status} == 204) {
        return;
    }
    if (!$operation) {
        return _wrong_problem($api, $answer) if $answer->{status} == 404 || $answer->{status} == 405;
        return _wrong_problem($api, $answer) if $answer->{status} == 401 || $answer->{status} == 403;
        return "$api->{file} has no such route";
    }
    my $response = $operation->{responses}{ $answer->{status} };
    if (!$response) {
        return $OF_HTTPD{ $answer->{status} } ? _wrong_problem($api, $answer) : "$api->{file} has no such status";
    }
    $response = _resolve($api, $response);
    my @missing = grep {
        _resolve($api, $response->{headers}{$_})->{required} && !defined $answer->{headers}{ lc $_ }
    } keys %{ $response->{headers} || {} };
    return map { "the header $_ is missing" } @missing if @missing;
    my @wrong = $answer->{request} && $answer->{status} < 300 ? _wrong_request($api, $route, $operation, $path, $answer) : ();
    return @wrong if $answer->{method} eq 'HEAD';
    if ($answer->{status} == 200 && $answer->{path} =~ /[?&]dry_run=true(?:&|\z)/ && _has_parameter($api, $operation, 'dry_run')) {
        my $body = $answer->{body} // q{};
        my $rest = $body =~ s/^\{"dry_run":true,?/{/gmr;
        push @wrong, 'the response of a dry run is not marked' if $rest eq $body;
        $answer = { %$answer, body => $rest };
    }
    return (@wrong, _wrong_body($api, $response->{content}, $answer, "$path $method $answer->{status}"));
}

# Each object in the response of a dry run begins with the member `dry_run`. The parameter's description has it, not each schema.
sub _has_parameter {
    my ($api, $operation, $name) = @_;
    return scalar grep { _resolve($api, $_)->{name} eq $name } @{ $operation->{parameters} || [] };
}

sub _wrong_request {
    my ($api, $route, $operation, $path, $answer) = @_;
    my @values = @{ $route->{names} } ? $path =~ $route->{match} : ();
    return map { "the request: $_" }
        ModOrders::OpenAPI::Request::wrong($api, $route->{item}, $operation, $route->{names}, \@values, $answer->{request});
}

sub _wrong_problem {
    my ($api, $answer) = @_;
    return if $answer->{method} eq 'HEAD';
    return _wrong_body($api, $api->{problem}, $answer, 'problem');
}

sub _wrong_body {
    my ($api, $content, $answer, $name) = @_;
    my $body = $answer->{body} // q{};
    if (!$content) {
        return length $body ? 'there should be no body' : ();
    }
    my ($type) = lc($answer->{type} // q{}) =~ m{\A([^;\s]*)};
    my $media = $content->{$type} or return "the content type is '$type'";
    if ($type eq 'application/x-ndjson') {
        return map { _wrong_json($api, $media->{schema}{contentSchema}{items}, $_) } split /\n/, $body;
    }
    return $type =~ m{[/+]json\z} ? _wrong_json($api, $media->{schema}, $body) : ();
}

sub _wrong_json {
    my ($api, $schema, $text) = @_;
    my $value = eval { $JSON->decode($text) };
    return 'the body is not JSON' if !defined $value && $text ne 'null';
    my $check = $api->{checks}{ $JSON->canonical->encode($schema) } ||= _check($api, $schema);
    return map { "$_" } $check->validate($value);
}

sub _check {
    my ($api, $schema) = @_;
    my $own = dclone($schema);
    _close($own);
    my $used = ModOrders::OpenAPI::Request::used_components($api->{strict}, $own);
    return JSON::Validator->new->schema({ '$schema' => $DRAFT, allOf => [$own], components => $used });
}

1;
