# shellcheck shell=bash
# LAB_PRE hook: add one CA certificate (CA_PEM) to the lab's system bundle, inside the lab's overlay ($R) only
mkdir -p "$R/etc/ssl/certs"; cat "$CA_PEM" >> "$R/etc/ssl/certs/ca-certificates.crt"
