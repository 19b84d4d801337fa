#!/bin/bash -eux
# The package on a bare Debian whose disks are full while it is upgraded and a login is open. Root only.
#   package-full.sh OLD.deb NEW.deb
# shellcheck source=test/fresh/host.sh
. test/fresh/host.sh
# The programs are on a disk of their own. What dpkg and debconf remember is on another one, with the logs.
programs=/usr/lib/afkill memory=/mnt

# Leaves nothing free on a disk, or so many kilobytes.
fill() { # MOUNT_POINT [KILOBYTES]
  dd if=/dev/zero of="$1/fill" bs=1K status=none 2>/dev/null || :
  truncate --size="-${2:-0}K" "$1/fill"
}

state() {
  dpkg-query --show --showformat '${Status} ${Version}' afkill
}

await_watchdogs() { # NUMBER
  timeout 60 sh -c "until ls -d /run/afkill/[0-9]*-* | wc -l | grep -qx $1; do sleep 0.2; done"
}

# The open login has its watchdog, and a new one gets one. Leaves in /tmp/doctor what the doctor says meanwhile.
logins_are_guarded() {
  # test/fresh/idle-login.sh gives the address of sshd.
  ssh -tt -F none -i /tmp/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "visitor@${address:?}" 'sleep 300' </dev/null >/dev/null 2>&1 &
  await_watchdogs 2
  # This host has no system log: that alone is an error.
  afkill doctor >/tmp/doctor || :
  cat /tmp/doctor
  grep -E '^ok +watchdogs ' /tmp/doctor
  grep -E '^ok +node ' /tmp/doctor
  kill $!
  wait $! || :
  await_watchdogs 1
}

while_open() { # OLD.deb NEW.deb
  local old new
  old=$(dpkg-deb --field "$1" Version) new=$(dpkg-deb --field "$2" Version)

  : 'no room for the new Node: dpkg puts everything back'
  fill $programs 20000
  fails dpkg --install "$2"
  [ "$(state)" = "install ok installed $old" ]
  logins_are_guarded
  grep -E '^ok +programs ' /tmp/doctor
  rm $programs/fill

  : 'no room for the copy of env(1)'
  dpkg --unpack "$2"
  fill $programs
  fails dpkg --configure afkill 2>/tmp/said
  cat /tmp/said
  grep 'afkill: /usr/lib/afkill/env was not made' /tmp/said
  [ "$(state)" = "install ok half-configured $new" ]
  logins_are_guarded
  grep -A 1 'dpkg has not finished with the package afkill (it is half-configured)' /tmp/doctor | grep 'sudo dpkg --configure -a'
  rm $programs/fill
  apt-get -qq --fix-broken install
  [ "$(state)" = "install ok installed $new" ]

  : 'no room for what dpkg remembers'
  dpkg --unpack "$2"
  fill $memory
  fails dpkg --configure --pending
  [ "$(state)" = "install ok unpacked $new" ]
  logins_are_guarded
  grep 'dpkg has not finished with the package afkill (it is unpacked)' /tmp/doctor
  grep 'the disk of /var/log.* is full' /tmp/doctor
  rm $memory/fill
  dpkg --configure --pending
  [ "$(state)" = "install ok installed $new" ]
  logins_are_guarded
  grep -E '^ok +programs ' /tmp/doctor
  [ -z "$(find $programs -name '*.dpkg-*' -o -name '.*.afkill-*')" ]

  # The watchdog of the login from before is at work: it warns and ends.
  printf '%s\n' 'idle_timeout = "20s"' 'warn_before = ["10s"]' >/etc/afkill/afkill.toml
}

if [ "$1" = --while-open ]; then
  while_open "$2" "$3"
  exit
fi

become_host
apt_get satisfy "$(dpkg-deb --field "$1" Depends)"
mkdir -p $programs && mount -t tmpfs -o size=400m,mode=755 none $programs
mount -t tmpfs -o size=50m,mode=755 none $memory
for folder in /var/lib/dpkg /var/cache/debconf /var/log; do
  mkdir -p "$memory$folder"
  cp -a "$folder/." "$memory$folder/"
  mount --bind "$memory$folder" "$folder"
done
apt-get -qq install "$1"
afkill install --hook pam
test/fresh/idle-login.sh 900 "test/fresh/package-full.sh --while-open $1 $2"
echo 'the disks have been full, and logins stayed guarded'
