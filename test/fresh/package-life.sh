#!/bin/bash -eux
# The life of the package on a bare Debian: installed, upgraded and removed while logins are open, and purged. Root only.
#   package-life.sh OLD.deb NEW.deb
# shellcheck source=test/fresh/host.sh
. test/fresh/host.sh
old=$1 new=$2

# Every file: kind, mode, owner, link and digest. Not those that dpkg, apt and their tools keep, nor locks and the copies that useradd makes.
listing() {
  find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev -o -path /brought -o -path /var/lib/dpkg -o -path /var/lib/apt \
    -o -path /var/cache -o -path /var/log -o -path /var/lib/systemd -o -path "$PWD" \) -prune \
    -o ! -path /etc/.pwd.lock ! -path '/etc/*-' -printf '%p %y %m %U:%G %l\n' | sort
  find /etc /usr /var/lib/pam /root /opt /srv -xdev -type f ! -path /etc/.pwd.lock ! -path '/etc/*-' ! -path "$PWD/*" -exec sha256sum {} + | sort -k 2
  find /var/log -path '*afkill*'
  ls -d /run/afkill* || :
}

# What the package needs is installed first, so that the listings differ by the package alone.
become_host
apt_get satisfy "$(dpkg-deb --field "$old" Depends)"
for tool in node nodejs npm cc gcc make; do fails command -v "$tool"; done
listing >/tmp/before

# Where the hook's line belongs: from OpenSSH 9.8 on in a PAM service of afkill's own.
if grep -q bookworm /etc/os-release; then line=/etc/pam.d/sshd; else line=/etc/pam.d/afkill-sshd; fi

apt_get install "$old"
# It changes nobody's login, and starts and enables nothing.
fails grep -rl --exclude=afkill afkill /etc/pam.d /etc/ssh /etc/profile.d
[ -z "$(find /etc/systemd -name 'afkill*')" ]
[ "$(stat -c '%a %U %G' /usr/lib/afkill/env)" = '2710 root afkill' ]
[ -z "$(find / -xdev -path /var/cache -prune -o -group nogroup -path '*afkill*' -print)" ]
debconf-show afkill | grep 'afkill/hook: none'
man -w afkill || :
cp -p /etc/pam.d/sshd /tmp/sshd.pam

afkill install --hook pam --dry-run
afkill install --hook pam
grep -c /usr/lib/afkill/session "$line"
[ "$line" = /etc/pam.d/sshd ] || cmp /etc/pam.d/sshd /tmp/sshd.pam
afkill install --hook pam
# An install from a checkout would overwrite the package's files.
cp -R /usr/lib/afkill/dist /root/dist
fails /usr/lib/afkill/node /root/dist/cli.js install --hook pam
rm -r /root/dist

# The administrator's policy is kept by an upgrade.
env=$(stat -c '%i %z' /usr/lib/afkill/env)
test/fresh/idle-login.sh 75 "DEBIAN_FRONTEND=noninteractive apt-get -qq install $new; grep -E '^ *[0-9]+: [0-9A-F]{6}7F:[0-9A-F]{4} [0-9A-F:]+ 01 ' /proc/net/tcp"
[ "$(dpkg-query --show --showformat '${Version}' afkill)" = "$(dpkg-deb --field "$new" Version)" ]
grep -q 'idle_timeout = "75s"' /etc/afkill/afkill.toml
grep -c /usr/lib/afkill/session "$line"
[ "$(stat -c '%i %z' /usr/lib/afkill/env)" != "$env" ]
afkill doctor | grep -E '^ok +(hook|pam-rule|pam-placement|launcher|owners|programs|node|policy) '
# What somebody has changed is found.
echo changed >>/usr/lib/afkill/hold
afkill doctor | grep '/usr/lib/afkill/hold is not as it was installed'
apt_get install --reinstall "$new"

# Another env(1) comes with coreutils.
env=$(stat -c '%i %z' /usr/lib/afkill/env)
apt_get install --reinstall coreutils
[ "$(stat -c '%i %z' /usr/lib/afkill/env)" != "$env" ]
[ "$(stat -c '%a %U %G' /usr/lib/afkill/env)" = '2710 root afkill' ]
cmp /usr/bin/env /usr/lib/afkill/env

# Removed while a login is open: that login lives on, though it falls idle, and new ones come.
# The network is another's, and other trees have logins too: an address of its own (test/fresh/idle-login.sh).
address=127.254.$((RANDOM % 250)).$((1 + RANDOM % 250))
/usr/sbin/sshd -o "ListenAddress=$address" -o PidFile=/run/sshd.pid
timeout 60 sh -c 'until [ -s /run/sshd.pid ]; do sleep 0.1; done'
visit=(ssh -F none -i /tmp/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR)
printf '%s\n' 'idle_timeout = "40s"' 'warn_before = ["30s"]' >/etc/afkill/afkill.toml
"${visit[@]}" -tt "visitor@$address" 'sleep 987' </dev/null >/tmp/said 2>&1 &
login=$!
timeout 60 sh -c "until grep -q 'closes in' /tmp/said; do sleep 1; done"
apt_get remove afkill
cmp /etc/pam.d/sshd /tmp/sshd.pam
fails grep -rl --exclude=afkill afkill /etc/pam.d /etc/ssh /etc/profile.d
[ ! -e /usr/lib/afkill ] && [ ! -e /usr/sbin/afkill ] && [ ! -e /usr/bin/afkill ]
[ -e /etc/afkill/afkill.toml ] && [ -e /var/log/afkill/audit.jsonl ]
sleep 60
kill -0 "$login"
[ "$("${visit[@]}" "visitor@$address" 'echo came')" = came ]
kill "$login"
kill "$(cat /run/sshd.pid)"
wait "$login" || :
# A watchdog goes with its login.
timeout 60 sh -c 'while ls -d /run/afkill/[0-9]*-*; do sleep 1; done'

mkdir /etc/afkill/afkill.d && echo '# mine' >/etc/afkill/afkill.d/mine.toml
apt_get purge afkill
ls /etc/afkill/afkill.d/mine.toml
rm -r /etc/afkill
fails getent group afkill
[ -z "$(debconf-show afkill)" ]
userdel --remove visitor
listing >/tmp/after
diff /tmp/before /tmp/after
echo 'the package has lived, and left nothing'
