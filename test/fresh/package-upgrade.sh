#!/bin/bash -eux
# A Debian 12 with the package is upgraded to Debian 13 while a login is open. Nobody runs a command of afkill's for that. Root only.
#   package-upgrade.sh confold|confnew AFKILL.deb
# confnew lets the package openssh-server replace sshd's PAM file, which has afkill's line; confold does not.
# shellcheck source=test/fresh/host.sh
. test/fresh/host.sh
answer=$1 deb=$2

become_host
# What the system log gets.
perl -MSocket -e 'socket(S, PF_UNIX, SOCK_DGRAM, 0); bind(S, sockaddr_un("/dev/log")) or die; $| = 1;
  while (defined recv(S, $m, 8192, 0)) { print "$m\n" }' >/tmp/syslog &
log=$!
apt_get install "$deb"
afkill install --hook pam
grep -c /usr/lib/afkill/session /etc/pam.d/sshd

# An sshd without options of its own, as Debian starts it. The network is another's: it listens where nothing else does.
address=127.$((1 + $(od -An -N1 -tu1 /dev/urandom) % 250)).$(od -An -N1 -tu1 /dev/urandom | tr -d ' ').1
echo "ListenAddress $address" >/etc/ssh/sshd_config.d/10-address.conf
useradd --create-home --password '*' --shell /bin/bash visitor
install -d -m 700 -o visitor /home/visitor/.ssh
ssh-keygen -q -t ed25519 -N '' -f /tmp/key
install -m 600 -o visitor /tmp/key.pub /home/visitor/.ssh/authorized_keys
mkdir -p /run/sshd
/usr/sbin/sshd
timeout 60 sh -c 'until [ -s /run/sshd.pid ]; do sleep 0.1; done'
visit=(ssh -tt -F none -i /tmp/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
  "visitor@$address")

# A login that is open all the time.
mkfifo /tmp/keys
sleep 1000 >/tmp/keys &
keys=$!
"${visit[@]}" </tmp/keys >/tmp/open 2>&1 &
open=$!
timeout 60 sh -c 'until ls -d /run/afkill/[0-9]*-*; do sleep 0.2; done'
afkill list

grep -rlZ bookworm /etc/apt/sources.list /etc/apt/sources.list.d | xargs -0 sed -i s/bookworm/trixie/g
apt-get -qq update
: 'the upgrade begins'
apt_get -o "Dpkg::Options::=--force-$answer" install openssh-server libpam-runtime libpam-modules
: 'the upgrade has ended'

dpkg-query --show openssh-server libpam-runtime afkill
dpkg-query --show --showformat '${Status} ${Package}\n' >/tmp/packages
fails grep -v '^install ok installed ' /tmp/packages
# The hook has moved out of the package's reach, and sshd's PAM file is as its package has it.
grep -c /usr/lib/afkill/session /etc/pam.d/afkill-sshd
fails grep -rl afkill /etc/pam.d/sshd
sshd -T | grep -i '^pamservicename afkill-sshd$'
grep 'hook pam was ' /tmp/syslog
afkill doctor >/tmp/doctor || :
cat /tmp/doctor
[ "$(grep -cE '^ok +(hook|pam-rule|pam-placement|launcher|watchdogs|unguarded|owners|programs|node) ' /tmp/doctor)" = 9 ]
fails grep '^error' /tmp/doctor
[ -z "$(afkill install --repeat)" ]
# The login from before is there, with its watchdog.
kill -0 "$open"
afkill list | tee /tmp/logins
fails grep 'no watchdog' /tmp/logins

# A new one is warned and ended.
printf '%s\n' 'idle_timeout = "20s"' 'warn_before = ["10s"]' >/etc/afkill/afkill.toml
"${visit[@]}" </tmp/keys 2>&1 || echo "ssh ended with status $?"
timeout 60 sh -c "until grep -q '\"action\":\"end\"' /var/log/afkill/audit.jsonl; do sleep 0.2; done"
cat /var/log/afkill/audit.jsonl

kill "$keys" "$(cat /run/sshd.pid)" "$log"
wait "$open" || :
apt-get -qq purge afkill
# What dpkg keeps of a file that it has replaced is its own.
fails grep -rl --exclude='*.dpkg-old' afkill /etc/pam.d /etc/ssh
echo 'the upgrade has kept logins guarded'
