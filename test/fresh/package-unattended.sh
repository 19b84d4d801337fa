#!/bin/bash -eux
# The package on a bare Debian where unattended-upgrades upgrades it and needrestart looks on, while a login is open. Root only.
#   package-unattended.sh OLD.deb NEW.deb
# shellcheck source=test/fresh/host.sh
. test/fresh/host.sh

# The process of the one watchdog. The others that have its command line are its children.
watchdog() {
  pgrep --full --parent 1 '^/bin/sh -p /usr/lib/afkill/watchdog '
}

# needrestart, as apt and unattended-upgrades run it, has nothing to restart, and has restarted nothing of afkill's.
nothing_to_restart() { # PID_OF_WATCHDOG
  needrestart -b -l -v -r a >/tmp/needrestart 2>&1
  grep -v ' is a child of \| is not a child$' /tmp/needrestart
  grep '^NEEDRESTART-VER: ' /tmp/needrestart
  fails grep -i 'NEEDRESTART-S.*afkill\|NEEDRESTART-S.*dash\|NEEDRESTART-S.*sleep' /tmp/needrestart
  [ "$(watchdog)" = "$1" ]
}

while_open() { # NEW.deb
  local dog
  dog=$(watchdog)

  : 'a repository with the next version'
  mkdir /srv/afkill
  cp "$1" /srv/afkill/new.deb
  {
    dpkg-deb --field "$1"
    echo 'Filename: ./new.deb'
    stat -c 'Size: %s' "$1"
    sha256sum "$1" | sed 's/^\([0-9a-f]*\).*/SHA256: \1/'
  } >/srv/afkill/Packages
  {
    printf 'Origin: afkill\nSuite: stable\nSHA256:\n'
    echo " $(sha256sum /srv/afkill/Packages | cut -d' ' -f1) $(stat -c %s /srv/afkill/Packages) Packages"
  } >/srv/afkill/Release
  echo 'deb [trusted=yes] file:/srv/afkill ./' >/etc/apt/sources.list.d/afkill.list
  echo 'Unattended-Upgrade::Origins-Pattern { "origin=afkill"; };' >/etc/apt/apt.conf.d/99own
  apt-get -qq update

  unattended-upgrade --dry-run --debug 2>&1 | tee /tmp/dry
  grep 'Packages that will be upgraded: afkill' /tmp/dry
  grep -F 'Packages blacklist due to conffile prompts: []' /tmp/dry
  # The policy was edited, and stays.
  unattended-upgrade --debug 2>&1 | tee /tmp/real
  grep '^All upgrades installed' /tmp/real
  [ "$(dpkg-query --show --showformat '${Status} ${Version}' afkill)" = "install ok installed $(dpkg-deb --field "$1" Version)" ]
  grep 'idle_timeout = "900s"' /etc/afkill/afkill.toml
  nothing_to_restart "$dog"

  : 'what the watchdog itself runs on is upgraded: its shell, sleep and the C library'
  apt_get install --reinstall dash coreutils libc6 </dev/null
  nothing_to_restart "$dog"

  # It is at work: it warns and ends.
  printf '%s\n' 'idle_timeout = "20s"' 'warn_before = ["10s"]' >/etc/afkill/afkill.toml
}

if [ "$1" = --while-open ]; then
  while_open "$2"
  exit
fi

become_host needrestart unattended-upgrades procps
apt-get -qq install "$1"
afkill install --hook pam
test/fresh/idle-login.sh 900 "test/fresh/package-unattended.sh --while-open $2"
echo 'nobody had to be there'
