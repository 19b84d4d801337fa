#!/bin/sh -eu
# Where afkill has just been installed: prints what a login that falls idle gets to see, and the audit. Takes half a minute. Root only.
# The network is another's: sshd listens where nothing else does, on an address of its own of the loopback's.
address=127.$((1 + $(od -An -N1 -tu1 /dev/urandom) % 250)).$(od -An -N1 -tu1 /dev/urandom | tr -d ' ').1

printf '%s\n' 'idle_timeout = "20s"' 'warn_before = ["10s"]' >/etc/afkill/afkill.toml
useradd --create-home --password '*' --shell /bin/bash visitor
install -d -m 700 -o visitor /home/visitor/.ssh
ssh-keygen -q -t ed25519 -N '' -f /tmp/key
install -m 600 -o visitor /tmp/key.pub /home/visitor/.ssh/authorized_keys
mkdir -p /run/sshd
/usr/sbin/sshd -o "ListenAddress=$address" -o PidFile=/run/sshd.pid

# The keys that never come.
mkfifo /tmp/keys
sleep 300 >/tmp/keys &
keys=$!
# It ends with status 255, as every connection does that the other side closes.
timeout 120 ssh -tt -F none -i /tmp/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "visitor@$address" </tmp/keys 2>&1 ||
  echo "ssh ended with status $?"
kill "$keys" "$(cat /run/sshd.pid)"
# An ending is told once it is proved.
timeout 60 sh -c "until grep -q '\"action\":\"end\"' /var/log/afkill/audit.jsonl; do sleep 0.2; done"
cat /var/log/afkill/audit.jsonl
