#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test_quickstart.sh -- deploy/quickstart does what it says, twice, and what it tells to try works.
#
# Then the device of the quickstart against what must not be believed: a root that is not its own, an
# installed file that was damaged.
#
# shellcheck disable=SC2317  # the checks are called through `check`
# shellcheck disable=SC2016  # $1 belongs to the inner shell
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
export STOREHOUSE_BUILD=${STOREHOUSE_BUILD:-$top/build}
work=$(mktemp -d "${TMPDIR:-/tmp}/quickstart.XXXXXX")
chmod 0755 "$work"
dir=$work/demo
child=
failed=0

cleanup() {
        [ -z "$child" ] || {
                kill -TERM "$child" 2>/dev/null
                wait "$child"
        }
        rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 143' TERM INT

# check NAME COMMAND...: one `ok` or `not ok` line
check() {
        local name=$1
        shift
        if "$@" >"$work/check.log" 2>&1; then
                echo "ok quickstart-$name"
        else
                failed=1
                tail -n 15 "$work/check.log"
                echo "not ok quickstart-$name"
        fi
}

is() { [ "$1" = "$2" ] || {
        echo "got '$1', not '$2'"
        return 1
}; }
has() { grep -qE "$1" "$2" || {
        echo "no line like '$1' in:"
        cat "$2"
        return 1
}; }
# exits CODE COMMAND...
exits() {
        local want=$1 rc=0
        shift
        "$@" || rc=$?
        is "$rc" "$want"
}

choose_port() {
        python3 - <<'PYTHON'
import random
import socket
for _ in range(200):
    port = random.randrange(20000, 32000, 2)
    try:
        with socket.socket() as a, socket.socket() as b:
            a.bind(("127.0.0.1", port))
            b.bind(("127.0.0.1", port + 1))
        print(port)
        break
    except OSError:
        continue
PYTHON
}

# closed PORT: nobody listens there
closed() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# --- usage ---

check help exits 0 "$top/deploy/quickstart" --help
check bad-option exits 2 "$top/deploy/quickstart" --nothing
check bad-port exits 2 "$top/deploy/quickstart" --port 80x
check no-value exits 2 "$top/deploy/quickstart" --dir

# --- the first run ---

port=$(choose_port)
first=$work/first.out
check first-run exits 0 bash -c '"$1" --dir "$2" --port "$3" --exit >"$4" 2>&1 || { cat "$4"; exit 1; }' - \
        "$top/deploy/quickstart" "$dir" "$port" "$first"
if [ ! -f "$dir/packages/plan" ]; then
        echo "not ok quickstart-stopped-early the checks that follow need its store"
        exit 1
fi
{ read -r name && read -r old && read -r new; } <"$dir/packages/plan"

check steps is "$(grep -oE '^[0-9]/8' "$first" | tr '\n' ' ')" "1/8 2/8 3/8 4/8 5/8 6/8 7/8 8/8 "
check server-stopped closed "$port"
check device-has-first cmp "$dir/device/${name}_1.snap" "$old"
check device-has-second cmp "$dir/device/${name}_2.snap" "$new"
check sizes-said grep -qF "$(basename "$new"): $(stat -c %s "$new") bytes" "$first"

# "saved S of T bytes" with "the delta ...: D bytes": S = T - D, T the package's size, D what is stored
savings_true() {
        local saved total delta
        read -r saved total < <(sed -nE 's/^ +saved ([0-9]+) of ([0-9]+) bytes.*/\1 \2/p' "$first")
        delta=$(sed -nE 's/^ +downloaded the delta from revision 1 to 2: ([0-9]+) bytes.*/\1/p' "$first")
        echo "saved=$saved total=$total delta=$delta"
        [ "$total" = "$(stat -c %s "$new")" ] && [ "$saved" = $((total - delta)) ] && [ "$saved" -gt 0 ] &&
                [ -n "$(find "$dir/store/blobs" -type f -size "${delta}c")" ]
}
check savings-true savings_true
check proved-to-root has 'snap-revision  <-  key .* \(root, known to the device\)' "$first"
check manifest-with-each-answer is "$(grep -c 'manifest verified: epoch 0, sequence' "$first")" "$(grep -c 'the store offers' "$first")"
check device-key-private is "$(stat -c %a "$dir/device/device.pem")" 600
check developer-private is "$(stat -c %a "$dir/developer")" 700

# --- again ---

second=$work/second.out
serial=$(sha256sum <"$dir/device/serial.assert")
check second-run exits 0 bash -c '"$1" --dir "$2" --exit >"$3" 2>&1 || { cat "$3"; exit 1; }' - \
        "$top/deploy/quickstart" "$dir" "$second"
check second-is-quiet is "$(grep -c 'nothing to do: revision 2' "$second")" 2
check same-device is "$(sha256sum <"$dir/device/serial.assert")" "$serial"
check other-port-refused exits 1 "$top/deploy/quickstart" --dir "$dir" --port $((port + 2)) --exit

# --- left running: what it tells to try works ---

third=$work/third.out
"$top/deploy/quickstart" --dir "$dir" >"$third" 2>&1 &
child=$!
for _ in $(seq 1200); do
        ! grep -q 'demo-device --url' "$third" || break
        kill -0 "$child" 2>/dev/null || break
        sleep 0.1
done
sed -n '/^The server runs until/,$p' "$third" | sed -n 's/^    //p' >"$work/try"
check tells-what-to-try exits 0 [ "$(wc -l <"$work/try")" -ge 5 ]
export_line=$(grep '^export ' "$work/try")
number=0
while read -r line; do
        number=$((number + 1))
        check "try-$number-$(echo "$line" | sed -E 's|.*/build[^ ]*/||; s|.*/bin/||' | cut -d ' ' -f 1,2 | tr ' ' '-')" \
                bash -c "$export_line; $line"
done < <(grep -v '^export ' "$work/try")

# --- what the device must not believe ---

url=$(sed -n 's/^url *= *//p' "$dir/store/client.conf")
device() {
        "$STOREHOUSE_BUILD/demo-device" --url "$url" --ca "$dir/store/tls/ca.pem" --dir "$@" >"$work/device.out" 2>&1
        local rc=$?
        cat "$work/device.out"
        return "$rc"
}

# A device made with another brand's root: neither its model nor any answer counts.
mkdir -p "$work/other/trust"
cp "$dir/device/model.assert" "$work/other/"
sed -E 's/ .{4}/ AAAA/' "$dir/store/trust/roots" >"$work/other/trust/roots"
check other-root-differs exits 1 cmp -s "$dir/store/trust/roots" "$work/other/trust/roots"
check other-root-refused exits 1 device "$work/other" "$name"
check other-root-keeps-nothing is "$(find "$work/other" -name '*.snap*' -o -name serial.assert)" ""

# The same with a serial that was taken from a device of this brand.
cp "$dir/device/serial.assert" "$dir/device/device.pem" "$work/other/"
check stolen-serial-refused exits 1 device "$work/other" "$name"

# Another machine with a copied serial, but without the key: no session.
mkdir -p "$work/clone/trust"
cp "$dir/device/model.assert" "$dir/device/serial.assert" "$work/clone/"
cp "$dir/store/trust/roots" "$work/clone/trust/"
check clone-refused exits 1 device "$work/clone" "$name"

# An installed file that was damaged: the delta cannot fit, the whole package comes instead.
cp -r "$dir/device" "$work/damaged"
rm "$work/damaged/${name}_2.snap"
sed -E 's/ 2 / 1 /' "$dir/device/$name.state" >"$work/damaged/$name.state"
head -c 100000 /dev/zero >"$work/damaged/${name}_1.snap"
tail -c +100001 "$old" >>"$work/damaged/${name}_1.snap"
check damaged-still-refreshed exits 0 device "$work/damaged" "$name"
check damaged-says-so has 'the delta did not work' "$work/device.out"
check damaged-is-whole-again cmp "$work/damaged/${name}_2.snap" "$new"

# A device that has believed more than this store has: nothing of an answer is used.
cp -r "$dir/device" "$work/ahead"
printf 'storehouse-manifest-state 1\nstore: %s\nepoch: 0\nsequence: 9000000000000000\n' \
        "$(sed -n 's/^store: //p' "$dir/device/manifest.state")" >"$work/ahead/manifest.state"
rm "$work/ahead/$name.state" "$work/ahead/${name}"_*.snap
check ahead-refused exits 1 device "$work/ahead" "$name"
check ahead-says-why has 'behind what the device has seen' "$work/device.out"
check ahead-keeps-nothing is "$(find "$work/ahead" -name '*.snap*')" ""

# A certificate of somebody else's.
check other-ca-refused exits 1 "$STOREHOUSE_BUILD/demo-device" --url "$url" --dir "$dir/device" "$name"
check unknown-package exits 1 device "$dir/device" no-such-package

kill -TERM "$child"
rc=0
wait "$child" || rc=$?
child=
check stops-on-sigterm is "$rc" 0
check nobody-left closed "$port"
exit "$failed"
