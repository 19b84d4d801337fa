#!/bin/sh -eu
# Where afkill has just been installed: prints what a login that falls idle gets to see, and the audit. Takes half a minute. Root only.
#   idle-login.sh                   the login is warned after 10 s, and ended after 20
#   idle-login.sh SECONDS COMMAND   warned half a minute before SECONDS; a shell runs COMMAND while the login is open. The login is that of
#                                   `visitor`; sshd listens on $address, and /tmp/key opens it.
# The network is another's: sshd listens where nothing else does, on an address of its own of the loopback's.
address=127.$((1 + $(od -An -N1 -tu1 /dev/urandom) % 250)).$(od -An -N1 -tu1 /dev/urandom | tr -d ' ').1
export address

limit=${1:-20} command=${2-}
notice=$([ -z "$command" ] && echo 10 || echo 30)
printf '%s\n' "idle_timeout = \"${limit}s\"" "warn_before = [\"${notice}s\"]" >/etc/afkill/afkill.toml
useradd --create-home --password '*' --shell /bin/bash visitor
install -d -m 700 -o visitor /home/visitor/.ssh
ssh-keygen -q -t ed25519 -N '' -f /tmp/key
install -m 600 -o visitor /tmp/key.pub /home/visitor/.ssh/authorized_keys
mkdir -p /run/sshd
/usr/sbin/sshd -o "ListenAddress=$address" -o PidFile=/run/sshd.pid
# It goes to the background before it listens, and writes its pid when it does.
timeout 60 sh -c 'until [ -s /run/sshd.pid ]; do sleep 0.1; done'

# The keys that never come.
mkfifo /tmp/keys
sleep $((limit + 300)) >/tmp/keys &
keys=$!
if [ -n "$command" ]; then
  # Its watchdog has begun to guard it.
  { until ls -d /run/afkill/[0-9]*-*; do sleep 0.2; done && sh -exc "$command"; } 2>&1 &
  meanwhile=$!
fi
# It ends with status 255, as every connection does that the other side closes.
timeout $((limit + 100)) ssh -tt -F none -i /tmp/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "visitor@$address" </tmp/keys 2>&1 ||
  echo "ssh ended with status $?"
kill "$keys" "$(cat /run/sshd.pid)"
[ -z "$command" ] || wait "$meanwhile"
# An ending is told once it is proved.
timeout 60 sh -c "until grep -q '\"action\":\"end\"' /var/log/afkill/audit.jsonl; do sleep 0.2; done"
cat /var/log/afkill/audit.jsonl
