# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is read by who sources it
# SPDX-License-Identifier: Apache-2.0
# lib.sh -- puts the real snapd before our server. To be sourced by bash, after `set -u`.
#
#   snapd_need                            root and binaries are there; says what is missing
#   snapd_build                           the client, its fixtures and its test root, when they changed
#   wanted_checks                         every check of the kit
#   matrix_rows [--only MODE-SCHEME]...   the rows of the matrix
#   snapd_root DIR ACCOUNT                a root of one's own (`labsign gen-root`), once
#   store_start NAME ROOT [OPTION]...     a fresh store under ROOT; options of `start`.
#                                         Sets STORE_DIR, store_http, store_https (URLs), store_ca
#   client_run NAME URL WANTED OPTION...  the checks WANTED by the real client, whose lines become ours;
#                                         options of kit/run-real-client.sh
#   store_stop NAME                       SIGTERM, which must end the server with exit code 0
#   row_run NAME MODE SCHEME WANTED       all of that for one row of the matrix
#   rows_run WANTED < rows of MODE SCHEME as many rows at a time as there are processors, at most two
#
# Each prints `ok NAME-...`, `not ok NAME-... reason` or `ok NAME-... # SKIP reason`. When the script
# ends, `exit "$failed"`. NAME also names $WORK/run/NAME and $WORK/out/NAME, where the logs lie.
#
# env: WORK (default ${TMPDIR:-/tmp}/storehouse-snapd), STOREHOUSE_BUILD (default build), and of the
#      kit: BIN (the client's binaries, default $WORK/bin), LAB_LOWER, LAB_CPU.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
kit=$here/kit
export WORK=${WORK:-${TMPDIR:-/tmp}/storehouse-snapd}
export STOREHOUSE_BUILD=${STOREHOUSE_BUILD:-$top/build}
export HOME=${HOME:-$WORK/home} GOCACHE=${GOCACHE:-$WORK/gocache}
# Debian's go, whatever else is on the path
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
adapter=${adapter:-$here/adapter}
client_options=${client_options:-}   # of kit/run-real-client.sh, for every run

# mode scheme; what a mode is: kit/README.md
matrix="env http
env https
proxy http
proxy https
tls http
tls https"

# What a mode cannot have, as MODE:CHECK. A check that is skipped for any other reason failed.
skips="tls:daemon-proxy_store"

failed=0
server=0
client=0
lab=
lanes=

# Only what this script started: processes by their ids, the lab by the kit's own files.
snapd_stop_all() {
        local pid
        for pid in $server $client $lanes; do
                [ "$pid" = 0 ] || kill -TERM "$pid" 2>/dev/null
        done
        for pid in $lanes; do
                wait "$pid"
        done
        if [ -n "$lab" ]; then
                LAB=$lab "$kit/lab-down.sh"
        fi
        server=0 client=0 lanes='' lab=''
}

snapd_trap() {
        trap snapd_stop_all EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
}
snapd_trap

not_ok() {
        failed=1
        echo "not ok $*"
}

snapd_need() {
        if [ "$(id -u)" != 0 ]; then
                not_ok "snapd needs root"
                return 1
        fi
        if ! find "$STOREHOUSE_BUILD" -maxdepth 3 -type f -name storehouse -perm -u+x 2>/dev/null |
                grep -q .; then
                not_ok "snapd no storehouse in $STOREHOUSE_BUILD"
                return 1
        fi
}

# The kit is built once for its sources and the snapd that is installed.
build_kit() {
        local stamp
        stamp=$({
                cd "$kit" && find . -type f ! -name README.md -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
                dpkg-query -W -f '${Package} ${Version}\n' snapd golang-github-snapcore-snapd-dev golang-go
        } | sha256sum)
        if [ "$(cat "$WORK/stamp" 2>/dev/null)" = "$stamp" ]; then
                return 0
        fi
        rm -f "$WORK/stamp"
        BIN=$WORK/bin "$kit/build.sh" --no-apt && "$kit/fixtures.sh" "$WORK/fx" &&
                "$WORK/bin/labsign" export-root "$WORK/root" && echo "$stamp" >"$WORK/stamp"
}

# wanted_checks: every check of the kit
wanted_checks() {
        # shellcheck disable=SC2086 # options, or none
        "$kit/run-real-client.sh" ${client_options:-} --list | tr '\n' ' '
}

# matrix_rows OPTION...: the rows that --only MODE-SCHEME names, or all; 2 when it is something else
matrix_rows() {
        local rows=
        while [ $# -gt 0 ]; do
                case "$1 ${2:-}" in
                "--only "*-*) rows="$rows${rows:+$'\n'}${2/-/ }" ;;
                *) return 2 ;;
                esac
                shift 2
        done
        echo "${rows:-$matrix}"
}

snapd_build() {
        mkdir -p "$WORK"
        if build_kit >"$WORK/build.log" 2>&1; then
                echo "ok kit"
        else
                not_ok "kit $(tail -n 1 "$WORK/build.log")"
                return 1
        fi
}

snapd_root() {
        [ -s "$1/account-id" ] || "$WORK/bin/labsign" gen-root "$1" "$2"
}

# choose_port ADDRESS: two neighbouring ports that nobody has now
choose_port() {
        python3 - "$1" <<'PYTHON'
import random
import socket
import sys
for _ in range(200):
    port = random.randrange(20000, 32000, 2)
    try:
        with socket.socket() as a, socket.socket() as b:
            a.bind((sys.argv[1], port))
            b.bind((sys.argv[1], port + 1))
        print(port)
        break
    except OSError:
        continue
PYTHON
}

# wait_ready LOG: until the server says so, or is gone, or a minute is over
wait_ready() {
        local turn
        for turn in $(seq 600); do
                grep -qsx ready "$1" && return 0
                kill -0 "$server" 2>/dev/null || break
                sleep 0.1
        done
        [ "$turn" != 600 ] || echo "not ready within a minute" >>"${1%.out}.err"
        return 1
}

# address_of OPTION...: what --address says
address_of() {
        while [ $# -gt 1 ]; do
                [ "$1" != --address ] || {
                        echo "$2"
                        return
                }
                shift
        done
        echo 127.0.0.1
}

store_start() {
        local name=$1 root=$2 dir=$WORK/run/$1 address port
        shift 2
        address=$(address_of "$@")
        rm -rf "$dir"
        mkdir -p "$dir/data"
        port=$(choose_port "$address")
        [ -n "$port" ] || {
                not_ok "$name-start no free port"
                return 1
        }
        export STORE_DIR=$dir/data
        store_http=http://$address:$port
        store_https=https://$address:$((port + 1))
        store_ca=$STORE_DIR/ca.pem
        "$here/start" "$STORE_DIR" "$port" "$root" "$@" >"$dir/start.out" 2>"$dir/start.err" </dev/null &
        server=$!
        if ! wait_ready "$dir/start.out"; then
                not_ok "$name-start $(tail -n 1 "$dir/start.err")"
                server_end 2>/dev/null
                return 1
        fi
        echo "ok $name-start"
}

# server_end: its exit code; 137 when it had to be killed
server_end() {
        local pid=$server turn
        server=0
        kill -TERM "$pid" 2>/dev/null
        for turn in $(seq 300); do
                kill -0 "$pid" 2>/dev/null || break
                sleep 0.1
        done
        [ "$turn" != 300 ] || kill -KILL "$pid" 2>/dev/null
        wait "$pid"
}

store_stop() {
        local rc=0
        server_end || rc=$?
        if [ "$rc" = 0 ]; then
                echo "ok $1-stop"
        else
                not_ok "$1-stop exit code $rc"
        fi
}

# report NAME MODE WANTED LOG: the kit's lines as ours; what it did not report failed
report() {
        local verdict name rest seen=" "
        while read -r verdict name rest; do
                rest=${rest#*ms}
                case $verdict in
                PASS) echo "ok $1-$name" ;;
                FAIL) not_ok "$1-$name $rest" ;;
                SKIP)
                        case " $skips " in
                        *" $2:$name "*) echo "ok $1-$name # SKIP $rest" ;;
                        *) not_ok "$1-$name skipped: $rest" ;;
                        esac
                        ;;
                *) continue ;;
                esac
                seen="$seen$name "
        done <"$4"
        for name in $3; do
                case $seen in *" $name "*) ;; *) not_ok "$1-$name did not run" ;; esac
        done
}

# mode_of OPTION...: what --mode says
mode_of() {
        while [ $# -gt 1 ]; do
                [ "$1" != --mode ] || {
                        echo "$2"
                        return
                }
                shift
        done
        echo env
}

client_run() {
        local name=$1 url=$2 wanted=$3 dir=$WORK/run/$1
        shift 3
        lab=$WORK/lab-$name
        mkdir -p "$dir"
        # daemon-boot always runs: the others need it
        # shellcheck disable=SC2046,SC2086 # options, and a list of names
        LAB=$lab "$kit/run-real-client.sh" --adapter "$adapter" --root "$WORK/root" --bin "${BIN:-$WORK/bin}" \
                ${client_options:-} --fixtures "$WORK/fx" --out "$WORK/out/$name" --only "^($(echo $wanted | tr ' ' '|'))\$" "$@" \
                "$url" >"$dir/client.out" 2>"$dir/client.err" </dev/null &
        client=$!
        wait "$client"
        client=0
        LAB=$lab "$kit/lab-down.sh"
        lab=
        report "$name" "$(mode_of "$@")" "$wanted" "$dir/client.out"
}

# An address of 127.0.0.0/8 on which port 443 is free: the built-in URLs of the client name no port.
choose_address() {
        python3 - <<'PYTHON'
import random
import socket
for _ in range(200):
    address = f"127.{random.randrange(64, 192)}.{random.randrange(256)}.{random.randrange(1, 255)}"
    try:
        with socket.socket() as a:
            a.bind((address, 443))
        print(address)
        break
    except OSError:
        continue
PYTHON
}

row_run() {
        local name=$1 mode=$2 scheme=$3 wanted=$4 url options=() store=() address
        if [ "$mode" = tls ]; then
                address=$(choose_address)
                if [ -z "$address" ]; then
                        not_ok "$name-start no address with a free port 443"
                        return
                fi
                export TLSFRONT_IP=$address
        fi
        # No front in between: the server itself is api.snapcraft.io to this client.
        if [ "$mode/$scheme" = tls/https ]; then
                store=(--address "$address" --https-port 443 --domain api.snapcraft.io
                        --domain dashboard.snapcraft.io --domain login.ubuntu.com)
        fi
        if ! store_start "$name" "$WORK/root" "${store[@]}"; then
                report "$name" "$mode" "$wanted" /dev/null
                return
        fi
        url=$store_http
        if [ "$scheme" = https ]; then
                url=$store_https
                options=(--ca "$store_ca")
                [ "$mode" != tls ] || url=https://$address
        fi
        client_run "$name" "$url" "$wanted" --mode "$mode" "${options[@]}"
        store_stop "$name"
}

# lane_run NUMBER OF: the rows that fall to one processor, one after the other
lane_run() {
        local number=$1 of=$2 wanted=$3 mode scheme row=0
        trap - EXIT
        snapd_trap
        server=0 client=0 lab='' lanes=''
        while read -r mode scheme; do
                if [ $((row % of)) = "$number" ]; then
                        LAB_CPU=$number row_run "$mode-$scheme" "$mode" "$scheme" "$wanted" \
                                >"$WORK/run/$mode-$scheme.tap" 2>&1
                        mv "$WORK/run/$mode-$scheme.tap" "$WORK/run/$mode-$scheme.done"
                fi
                row=$((row + 1))
        done <"$WORK/run/rows"
}

rows_run() {
        local wanted=$1 of number mode scheme
        mkdir -p "$WORK/run"
        rm -f "$WORK/run"/*.tap "$WORK/run"/*.done
        cat >"$WORK/run/rows"
        of=$(nproc)
        [ "$of" -lt 2 ] || of=2
        for number in $(seq 0 $((of - 1))); do
                lane_run "$number" "$of" "$wanted" &
                lanes="$lanes $!"
        done
        # shellcheck disable=SC2086 # one id a word
        wait $lanes
        lanes=
        while read -r mode scheme; do
                cat "$WORK/run/$mode-$scheme.done" 2>/dev/null || echo "not ok $mode-$scheme did not end"
        done <"$WORK/run/rows" >"$WORK/run/all"
        cat "$WORK/run/all"
        ! grep -q '^not ok' "$WORK/run/all" || failed=1
}
