# shellcheck shell=bash
# Read by the scripts beside it: makes a machine fresh from Debian's installer a host with an sshd, here one that its package does not
# start, and a client.
export DEBIAN_FRONTEND=noninteractive

# `!` alone would not end the script.
fails() {
  if "$@"; then exit 1; fi
}

apt_get() {
  apt-get -qq --no-install-recommends "$@"
}

# shellcheck disable=SC2119,SC2120 # it can be called without a package
become_host() { # [PACKAGE...]
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
  apt_get update
  apt_get install openssh-server openssh-client "$@"
}
