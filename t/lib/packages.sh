# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by t/check and conf/quickstart: lists of Debian packages, and a function that installs them without affecting system services.

# Used by the scripts that source this file.
# shellcheck disable=SC2034
run_packages=(
    apache2-bin libaprutil1-dbd-pgsql postgresql sqitch libdbd-pg-perl ca-certificates curl jq openssl perl procps
    util-linux fonts-dejavu-core fonts-wqy-microhei
)
# shellcheck disable=SC2034
build_packages=(
    build-essential autoconf automake libtool pkg-config apache2-dev libjansson-dev libpq-dev
    libcurl4-openssl-dev libssl-dev libpango1.0-dev libqrencode-dev libpng-dev
)
# shellcheck disable=SC2034
test_packages=(
    libcmocka-dev clang-format valgrind libapache2-mod-perl2 libwww-perl libjson-validator-perl libyaml-libyaml-perl libyaml-pp-perl
    postgresql-15-pgtap libtap-parser-sourcehandler-pgtap-perl pgbouncer
    libfaketime libio-socket-ssl-perl exim4-daemon-light poppler-utils zbar-tools chromium nodejs node-request php-cli php-curl python3
    python3-psycopg2 prometheus
)
# Debian has a package npm. Other packages of Node.js include npm and conflict with it.
command -v npm >/dev/null || test_packages+=(npm)

# install_packages PACKAGE…: prints the missing packages and installs them. Their services are not started, and PostgreSQL does not create
# a cluster, because the scripts use private servers. Packages are never removed, for example a mail server by another one.
install_packages() {
    local package missing=() guard=/usr/sbin/policy-rc.d no_cluster=/etc/postgresql-common/createcluster.d/mod_orders.conf
    local status=0
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    printf 'Installing from Debian: %s\n' "${missing[*]}"
    if [ "$(id -u)" != 0 ]; then
        echo 'Run as root, or install these packages first.' >&2
        return 1
    fi
    if [ ! -e "$guard" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$guard" && chmod 755 "$guard"
    else
        guard=
    fi
    mkdir -p "$(dirname "$no_cluster")"
    echo 'create_main_cluster = false' >"$no_cluster"
    {
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq </dev/null &&
            apt-get install -y -qq --no-install-recommends --no-remove "${missing[@]}" </dev/null
    } >/var/tmp/mod_orders-packages.log 2>&1 || status=1
    rm -f "$no_cluster" ${guard:+"$guard"}
    [ $status = 0 ] || { tail -n 30 /var/tmp/mod_orders-packages.log >&2; echo 'apt-get install failed; its output is above.' >&2; }
    rm -f /var/tmp/mod_orders-packages.log
    return $status
}
