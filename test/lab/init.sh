#!/bin/sh -eu
# Process 1 of a lab: makes the namespaces that it was started in into a host of its own, prints `pid N` (its own, as the
# outside sees it) and `ready`, and then only reaps. Whoever kills it ends every process and frees every mount of the lab.
# Arguments: the checkout, a file of lines for sshd_config, and the directory whose files the host has.
checkout=$1 sshd_lines=$2 files=${3%/}
# shellcheck source=/dev/null # it is checked by itself
. "$(dirname "$0")/mounts.sh"

# /proc is still the outside's here, so this is the pid out there.
read -r pid _ </proc/self/stat
echo "pid $pid"

# The new root is built under /run: every machine has that directory, and no checkout lies in it.
mount -t tmpfs -o mode=0755 lab /run
root=/run/root
mkdir "$root"
for part in / /usr /var /opt; do
  # A directory that is a file system of its own is not in the lower layer of its parent.
  [ "$part" = / ] || mountpoint -q "$files$part" || continue
  layers=/run/layers$part
  mkdir -p "$layers/upper" "$layers/work"
  mount -t overlay -o "lowerdir=$files$part,upperdir=$layers/upper,workdir=$layers/work" overlay "$root$part"
done

mount_own "$root"
mount -t tmpfs -o mode=0700 tmpfs "$root/root"

# The checkout shows its present state, not that of the moment when the overlay was made, and cannot be written to.
mkdir -p "$root$checkout"
mount --bind "$checkout" "$root$checkout"
mount -o remount,bind,ro "$root$checkout"
cp "$sshd_lines" "$root/tmp/sshd-lines"

enter "$root"

hostname lab
printf '127.0.0.1 localhost lab\n::1 localhost\n' >/etc/hosts
ip link set lo up
# What the machine outside keeps of afkill itself, or has logged, is not the lab's.
rm -rf /etc/afkill /usr/lib/afkill /usr/sbin/afkill /usr/bin/afkill /var/log/afkill /var/log/messages /etc/profile.d/*afkill*
find /usr/share/bash-completion /usr/share/zsh /usr/share/fish /usr/share/man -name '*afkill*' -delete 2>/dev/null || :
sed -i /afkill/d /etc/pam.d/sshd
mkdir /run/sshd /run/lock
: >/run/utmp

# The configuration that the package ships; what the lab adds stands in a drop-in, and comes first, so it wins.
rm -f /etc/ssh/ssh_host_* /etc/ssh/sshd_config.d/*
mkdir -p /etc/ssh/sshd_config.d
cp /usr/share/openssh/sshd_config /etc/ssh/sshd_config
{
  echo 'ListenAddress 127.0.0.1'
  echo 'HostKey /etc/ssh/ssh_host_ed25519_key'
  echo 'MaxStartups 100'
  cat /tmp/sshd-lines
} >/etc/ssh/sshd_config.d/00-lab.conf
rm -f /tmp/sshd-lines
ssh-keygen -q -t ed25519 -N '' -C lab -f /etc/ssh/ssh_host_ed25519_key

# root is the client too: plain `ssh alice@lab`, scp, sftp and rsync work for it.
umask 077
mkdir /root/.ssh
ssh-keygen -q -t ed25519 -N '' -C client -f /root/.ssh/id_ed25519
cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
echo "lab $(cat /etc/ssh/ssh_host_ed25519_key.pub)" >/root/.ssh/known_hosts
printf 'Host *\n  HostKeyAlias lab\n  IdentityAgent none\n  PasswordAuthentication no\n' >/root/.ssh/config
cp /etc/skel/.bashrc /etc/skel/.profile /root/
umask 022

busybox syslogd -n -O /var/log/messages &
until [ -S /dev/log ]; do kill -0 $! && sleep 0.02; done
/usr/sbin/sshd
# sshd writes this file once it listens.
until [ -s /run/sshd.pid ]; do sleep 0.02; done
echo ready

# `wait` reaps the orphans that the kernel gives to process 1 as well.
while :; do
  sleep infinity &
  wait $!
done
