# shellcheck shell=bash
# Shared by scripts/test and scripts/demo: installs what they need on a fresh Debian. Sourced, in the checkout.

say() {
  printf '\033[1m== %s\033[0m\n' "$*" >&2
}

# Starts the calling script again as root: `become_root WHY SCRIPT ARGUMENTS`.
become_root() {
  local why=$1
  shift
  [ "$(id -u)" -ne 0 ] || return 0
  echo "This needs root: $why" >&2
  if ! type -P sudo >/dev/null; then
    echo "There is no sudo here. Run it as root." >&2
    exit 1
  fi
  echo "Going on through sudo." >&2
  exec sudo --preserve-env=http_proxy,https_proxy,no_proxy -- "$@"
}

# Runs a command as the user who called sudo, if the checkout belongs to that user. Files that it writes there then belong to them too.
as_owner() {
  if [ "${SUDO_UID-}" = "$(stat -c %u .)" ]; then
    HOME=$(getent passwd "$SUDO_UID" | cut -d: -f6) \
      setpriv --reuid "$SUDO_UID" --regid "$SUDO_GID" --init-groups "$@"
  else
    "$@"
  fi
}

is_installed() {
  [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Installs the missing ones of the packages. An sshd that comes with them is neither started nor enabled.
install_packages() {
  local missing=() package
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "apt-get install ${missing[*]}"
  DEBIAN_FRONTEND=noninteractive apt-get -qq update
  if is_installed openssh-server; then apt_get_install "${missing[@]}"; else without_services apt_get_install "${missing[@]}"; fi
}

# Prints only errors: apt-get reports every step of every package, however quiet it is told to be.
apt_get_install() {
  local said
  if ! said=$(DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@" </dev/null 2>&1); then
    echo "$said" >&2
    return 1
  fi
}

# Runs an installation that starts no service, and then disables sshd.
without_services() (
  # Package scripts ask this program before they start a service; 101 means no (invoke-rc.d(8)).
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  "$@"
  if type -P systemctl >/dev/null; then systemctl --quiet disable ssh.service ssh.socket || true; fi
)

# Installs what is needed to fetch and run the modules. npm itself runs on any Node; everything else runs on the Node that npm fetches.
install_npm() {
  type -P npm >/dev/null || install_packages npm
  install_packages libatomic1
}

# Makes node_modules match the lockfile.
install_modules() {
  if [ -n "$(node scripts/lib/missing-modules.cjs)" ]; then
    say "npm ci"
    NODE_OPTIONS="--require=$PWD/scripts/lib/as-pinned-node.cjs" \
      as_owner npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
  fi
  as_owner scripts/lib/pinned-node --version >/dev/null
}

# Runs a program of node_modules on the Node of node_modules. Not through npm: Debian's npm runs on Debian's own Node only.
pinned() {
  PATH=$PWD/node_modules/.bin:$PATH "$@"
}

# Runs one of package.json's scripts with `npm run`, as the owner of the checkout.
npm_run() {
  say "npm run $1"
  as_owner npm run --silent "$1" </dev/null
}
