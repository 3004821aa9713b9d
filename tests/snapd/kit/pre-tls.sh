# shellcheck shell=bash
# LAB_PRE hook: point the client's built-in host names at tlsfront
# (TLSFRONT_IP, CA_PEM) - only inside the lab's overlay ($R)
cp "$R/etc/hosts" "$R/etc/hosts.new" 2>/dev/null || printf '127.0.0.1 localhost\n' > "$R/etc/hosts.new"
printf '%s api.snapcraft.io dashboard.snapcraft.io login.ubuntu.com\n' "${TLSFRONT_IP:-127.0.77.1}" >> "$R/etc/hosts.new"
# /etc/hosts may itself be a bind mount on the host: replace, do not edit
rm -f "$R/etc/hosts"; mv "$R/etc/hosts.new" "$R/etc/hosts"
mkdir -p "$R/etc/ssl/certs"; cat "$CA_PEM" >> "$R/etc/ssl/certs/ca-certificates.crt"
