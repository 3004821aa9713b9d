#!/bin/bash
# stop the lab: only processes of the lab's own pid namespace die (its pid 1 is killed)
LAB=${LAB:-${WORK:-${TMPDIR:-/tmp}/snapd-kit}/lab}
P=$(cat "$LAB/init.pid" 2>/dev/null); U=$(cat "$LAB/unshare.pid" 2>/dev/null)
[ -n "$P" ] && kill -0 "$P" 2>/dev/null && kill -KILL "$P"
for _ in $(seq 50); do [ -n "$P" ] && [ -d "/proc/$P" ] || break; sleep .1; done
[ -n "$U" ] && kill -0 "$U" 2>/dev/null && kill "$U" 2>/dev/null
# drop empty cgroup tree
CG=$(cat "$LAB/cgroup" 2>/dev/null)
[ -n "$CG" ] && [ -d "$CG" ] && find "$CG" -depth -type d -exec rmdir {} \; 2>/dev/null
mountpoint -q "$LAB/cg2" && umount "$LAB/cg2"   # lab-up mounts one where the host has none
rm -f "$LAB/init.pid" "$LAB/unshare.pid" "$LAB/cgroup"
exit 0
