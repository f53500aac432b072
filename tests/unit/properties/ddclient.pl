# Reads settings files with ddclient's own code, looks over them as it does at its start, and tells what it has read.
use strict;
use warnings;
use JSON::PP;
my $program = shift @ARGV;
@ARGV = map { chomp; $_ } <STDIN>;
my @files = splice @ARGV;
{ package run; require $program; }
my @said;
{
    no warnings;
    *ddclient::warning = sub { push @said, sprintf(shift, @_) };
    *ddclient::fatal = sub { push @said, "FATAL " . sprintf(shift, @_); die };
    *ddclient::load_sha1_support = sub { };
    *ddclient::load_json_support = sub { };
}
my $json = JSON::PP->new->utf8(0)->allow_nonref->canonical;
binmode STDOUT, ":raw";
for my $file (@files) {
    @said = ();
    eval {
        ddclient::read_config($file, \%ddclient::config, \%ddclient::globals);
        ddclient::init_config();
    };
    push @said, "died: $@" if $@ && $@ !~ /^Died/;
    print $json->encode({ said => [@said], hosts => {%ddclient::config} }), "\n";
}
