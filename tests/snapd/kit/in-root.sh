#!/bin/bash
# in-root.sh CMD... - run a program of the client's root LAB_LOWER, with the files of SHARE (default WORK) at the same path.
# The mounts are in a mount namespace of its own and end with it. With LAB_LOWER=/ (default) it just runs.
set -eu
export LAB_LOWER=${LAB_LOWER:-/}
[ "$LAB_LOWER" != / ] || exec "$@"
export SHARE=${SHARE:-${WORK:-${TMPDIR:-/tmp}/snapd-kit}}
exec unshare --mount --propagation private bash -euc '
  mkdir -p "$LAB_LOWER$SHARE"
  mount --bind "$SHARE" "$LAB_LOWER$SHARE"
  mount -t proc proc "$LAB_LOWER/proc"
  mount --rbind /dev "$LAB_LOWER/dev"
  mount --rbind /sys "$LAB_LOWER/sys"
  d=$PWD; [ -d "$LAB_LOWER$d" ] || d=/
  exec chroot "$LAB_LOWER" env -C "$d" "$@"' in-root "$@"
