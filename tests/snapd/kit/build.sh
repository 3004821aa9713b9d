#!/bin/bash
# build.sh [--root ROOTDIR] [--no-apt] - build the real client with a test trust
# anchor from Debian's snapd source package, plus the kit's own tools.
#   default      -tags withtestkeys: trusts snapd's published test root "testrootorg"
#   --root DIR   trusts the root in DIR (labsign gen-root DIR ACCOUNT) instead: the two
#                files that inject the test keys are replaced with "go build -overlay",
#                every other line is stock
# env: WORK (default ${TMPDIR:-/tmp}/snapd-kit), BIN (default $WORK/bin)
set -eu
KIT=$(cd "$(dirname "$0")" && pwd); WORK=${WORK:-${TMPDIR:-/tmp}/snapd-kit}; BIN=${BIN:-$WORK/bin}
ROOT=""; APT=1
while [ $# -gt 0 ]; do case $1 in --root) ROOT=$(cd "$2" && pwd); shift 2 ;; --no-apt) APT=0; shift ;; *) echo "unknown $1"; exit 2 ;; esac; done
if [ $APT = 1 ]; then
  "$KIT/../../../deploy/packages" test   # the one list of names
fi
export GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS=
SRC=$GOPATH/src/github.com/snapcore/snapd
mkdir -p "$BIN"
OV=()
if [ -n "$ROOT" ]; then
  O=$WORK/overlay; mkdir -p "$O"
  { echo '//go:build withtestkeys'; echo; echo 'package sysdb'
    echo 'import "github.com/snapcore/snapd/asserts"'
    echo 'func init() { var l []asserts.Assertion; for _, s := range []string{labAccount, labKey} { a, err := asserts.Decode([]byte(s)); if err != nil { panic(err) }; l = append(l, a) }; InjectTrusted(l) }'
    printf 'const labAccount = `%s`\n' "$(cat "$ROOT/root-account.assert")"; printf 'const labKey = `%s`\n' "$(cat "$ROOT/root-account-key.assert")"; } > "$O/sysdb.go"
  { echo '//go:build withtestkeys'; echo; echo 'package main'
    echo 'import "github.com/snapcore/snapd/asserts"'
    echo 'func init() { a, err := asserts.Decode([]byte(labRepairKey)); if err != nil { panic(err) }; trustedRepairRootKeys = append(trustedRepairRootKeys, a.(*asserts.AccountKey)); rootBrandIDs = append(rootBrandIDs, a.(*asserts.AccountKey).AccountID()) }'
    printf 'const labRepairKey = `%s`\n' "$(cat "$ROOT/repair-account-key.assert")"; } > "$O/repair.go"
  printf '{"Replace":{"%s":"%s","%s":"%s"}}\n' "$SRC/asserts/sysdb/testkeys.go" "$O/sysdb.go" "$SRC/cmd/snap-repair/testkeys.go" "$O/repair.go" > "$O/overlay.json"
  OV=(-overlay "$O/overlay.json")
fi
b() { local s; s=$(date +%s%N); ( cd "$SRC" && go build "${OV[@]}" -tags "$1" -o "$BIN/$2" "$3" ); echo "built $2 [$1] in $(( ($(date +%s%N)-s)/1000000 )) ms"; }
b "nosecboot nomanagers withtestkeys" snap ./cmd/snap
b "nosecboot withtestkeys" snapd ./cmd/snapd
b "nosecboot withtestkeys" snap-repair ./cmd/snap-repair
b "nosecboot withtestkeys" fakestore ./tests/lib/fakestore/cmd/fakestore
b "nosecboot" fakedevicesvc ./tests/lib/fakedevicesvc
for t in labsign tlsfront; do ( cd "$KIT/tools/$t" && go build -o "$BIN/$t" . ); echo "built $t"; done
