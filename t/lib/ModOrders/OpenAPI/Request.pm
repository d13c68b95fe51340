# SPDX-License-Identifier: Apache-2.0
package ModOrders::OpenAPI::Request;

# Validates a successful request with its operation in docs/openapi/*.yaml: path, query and header parameters, content type, and the body
# in its content type (JSON, form, multipart form).
#
#     my @wrong = ModOrders::OpenAPI::Request::wrong($api, $item, $operation, $names, $values, $request);
#
# `$api` is an entry of ModOrders::OpenAPI; `$names` and `$values` are the parameters of the path. Undocumented members and query parameters
# are errors, except for names that begin with `nonsense`: tests send these on purpose.

use strict;
use warnings;

use HTTP::Message ();
use JSON::PP ();
use JSON::Validator ();
use Storable qw(dclone);
use URI ();
use URI::Escape qw(uri_unescape);

my $DRAFT = 'https://json-schema.org/draft/2020-12/schema';
my $JSON  = JSON::PP->new->utf8->allow_nonref;
my $FORM  = 'application/x-www-form-urlencoded';
my %checks;

sub wrong
{
    my ($api, $item, $operation, $names, $values, $request) = @_;
    my @parameters = map { resolve($api, $_) } @{ $item->{parameters} || [] }, @{ $operation->{parameters} || [] };
    my %path;
    @path{@$names} = map { uri_unescape($_) } @$values;
    return (
        _wrong_parameters($api, [ grep { $_->{in} eq 'path' } @parameters ], \%path),
        _wrong_query($api, [ grep { $_->{in} eq 'query' } @parameters ], $request),
        _wrong_parameters($api, [ grep { $_->{in} eq 'header' } @parameters ],
            { map { $_->{name} => defined $request->header($_->{name}) ? q{} . $request->header($_->{name}) : undef } grep { $_->{in} eq 'header' } @parameters }),
        _wrong_body($api, $operation->{requestBody}, $request),
    );
}

# The object that a `$ref` refers to.
sub resolve
{
    my ($api, $thing) = @_;
    while (ref $thing eq 'HASH' && defined $thing->{'$ref'} && !ref $thing->{'$ref'}) {
        my $at = $api->{document};
        $at = $at->{$_} for split m{/}, substr $thing->{'$ref'}, 2;
        $thing = $at;
    }
    return $thing;
}

# An empty query parameter is treated as absent.
sub _wrong_query
{
    my ($api, $parameters, $request) = @_;
    my @given = $request->uri->query_form;
    my (%values, @wrong);
    my %known = map { $_->{name} => 1 } @$parameters;
    while (my ($name, $value) = splice @given, 0, 2) {
        push @wrong, "the query parameter '$name' is not described" if !$known{$name} && $name !~ /\Anonsense/;
        $values{$name} = $value if length $value;
    }
    return (@wrong, _wrong_parameters($api, $parameters, \%values));
}

sub _wrong_parameters
{
    my ($api, $parameters, $values) = @_;
    my @wrong;
    for my $parameter (@$parameters) {
        my $value = $values->{ $parameter->{name} };
        if (!defined $value) {
            push @wrong, "the parameter '$parameter->{name}' is missing" if $parameter->{required};
            next;
        }
        push @wrong, map { "the parameter '$parameter->{name}': $_" } _check($api, $parameter->{schema}, $value, 1);
    }
    return @wrong;
}

sub _wrong_body
{
    my ($api, $body, $request) = @_;
    my $bytes = $request->content;
    if (!length $bytes) {
        return $body && $body->{required} ? 'the body is missing' : ();
    }
    return 'no body is described' if !$body;
    my $type  = $request->content_type;
    my $media = $body->{content}{$type} or return "the content type '$type' is not described";
    return if $type =~ m{\A(?:application/x-ndjson|text/csv)\z}; # lines
    return _wrong_json($api, $media->{schema}, $bytes) if $type =~ m{[/+]json\z};
    my ($value, @wrong) = _form($api, $media, $type eq $FORM ? _pairs($bytes) : _parts($request));
    return (@wrong, _wrong_value($api, $media->{schema}, $value, 1));
}

sub _wrong_json
{
    my ($api, $schema, $bytes) = @_;
    my $value = eval { $JSON->decode($bytes =~ s/\A\xef\xbb\xbf//r) };
    return "the body is not JSON: $@" if $@;
    return _wrong_value($api, $schema, $value, 0);
}

sub _wrong_value
{
    my ($api, $schema, $value, $texts) = @_;
    return (_check($api, $schema, $value, $texts), _unknown($api, $schema, $value, ''));
}

# --- forms ---------------------------------------------------------------------------------------------------------

sub _pairs
{
    my ($bytes) = @_;
    my $uri = URI->new;
    $uri->query($bytes);
    return map { utf8::decode($_); $_ } $uri->query_form;
}

sub _parts
{
    my ($request) = @_;
    my @pairs;
    for my $part ($request->parts) {
        my ($name) = ($part->header('Content-Disposition') // '') =~ /\bname="?([^";]*)"?/;
        my $text = $part->content;
        utf8::decode($text);
        push @pairs, $name // '', $text;
    }
    return @pairs;
}

# Converts a form to an object: repeated fields become lists, JSON is decoded, and a[b] becomes a member of a, by the `encoding` of the media
# type.
sub _form
{
    my ($api, $media, @pairs) = @_;
    my $described = properties($api, $media->{schema});
    my (%object, @wrong);
    while (my ($name, $value) = splice @pairs, 0, 2) {
        my ($outer, $inner) = $name =~ /\A([^\[\]]+)\[([^\[\]]+)\]\z/;
        my $list = grep { _is_list($api, $_) } @{ $described->{$name} || [] };
        if (defined $outer && ($media->{encoding}{$outer}{style} // '') eq 'deepObject') {
            $object{$outer}{$inner} = $value;
        } elsif (($media->{encoding}{$name}{contentType} // '') eq 'application/json') {
            $object{$name} = eval { $JSON->decode(do { utf8::encode(my $bytes = $value); $bytes }) };
            push @wrong, "the field '$name' is not JSON" if $@;
        } elsif ($list) {
            push @{ $object{$name} }, $value;
        } else {
            push @wrong, "the field '$name' comes twice" if exists $object{$name};
            $object{$name} = $value;
        }
    }
    return (\%object, @wrong);
}

sub _is_list
{
    my ($api, $schema) = @_;
    my $type = resolve($api, $schema)->{type} // '';
    return grep { $_ eq 'array' } ref $type ? @$type : $type;
}

# --- schemas -------------------------------------------------------------------------------------------------------

sub branches
{
    my ($schema) = @_;
    return map { @{ $schema->{$_} || [] } } qw(allOf anyOf oneOf);
}

# The members of an object in all branches of its schema: name => schemas.
sub properties
{
    my ($api, $schema) = @_;
    $schema = resolve($api, $schema);
    my %found = map { $_ => [ $schema->{properties}{$_} ] } keys %{ $schema->{properties} || {} };
    for my $branch (branches($schema)) {
        my $there = properties($api, $branch);
        push @{ $found{$_} }, @{ $there->{$_} } for keys %$there;
    }
    return \%found;
}

# Whether an object may have undocumented members.
sub _is_open
{
    my ($api, $schema) = @_;
    $schema = resolve($api, $schema);
    return 1 if $schema->{additionalProperties};
    return 0 if exists $schema->{maxProperties};
    my @branches = branches($schema);
    return !$schema->{properties} if !@branches;
    return grep { _is_open($api, $_) } @branches;
}

sub _unknown
{
    my ($api, $schema, $value, $at) = @_;
    $schema = resolve($api, $schema);
    if (ref $value eq 'ARRAY') {
        my ($items) = grep { defined } map { resolve($api, $_)->{items} } $schema, branches($schema);
        return $items ? map { _unknown($api, $items, $value->[$_], "$at\[$_]") } 0 .. $#$value : ();
    }
    return if ref $value ne 'HASH' || _is_open($api, $schema);
    my $known = properties($api, $schema);
    return map {
        my $name = $_;
        !$known->{$name} ? ($name =~ /\Anonsense/ ? () : "the member '$at.$name' is not described")
            : @{ $known->{$name} } == 1 ? _unknown($api, $known->{$name}[0], $value->{$name}, "$at.$name") : ();
    } sort keys %$value;
}

# The components that a schema refers to, directly or in others. JSON::Validator resolves all components of a schema, which takes longer than the
# validation.
sub used_components
{
    my ($components, $schema) = @_;
    my (%used, @left);
    @left = ($schema);
    while (@left) {
        my $node = pop @left;
        if (ref $node eq 'ARRAY') {
            push @left, @$node;
        } elsif (ref $node eq 'HASH') {
            push @left, values %$node;
            my ($kind, $name) = ($node->{'$ref'} // '') =~ m{\A#/components/([^/]+)/([^/]+)} or next;
            next if exists $used{$kind}{$name};
            push @left, $used{$kind}{$name} = $components->{$kind}{$name};
        }
    }
    return \%used;
}

# The text of a form field or parameter is valid for a number or boolean that it represents.
sub _check
{
    my ($api, $schema, $value, $texts) = @_;
    my $key = join "\0", $api->{file}, $texts, $JSON->canonical->encode($schema);
    my $check = $checks{$key} ||= do {
        my $new = JSON::Validator->new;
        $new->coerce('booleans,numbers') if $texts;
        $new->schema({ '$schema' => $DRAFT, allOf => [ dclone($schema) ], components => used_components($api->{document}{components}, $schema) });
    };
    return map { "$_" } $check->validate(ref $value ? dclone($value) : $value);
}

1;
