# shellcheck shell=sh
# What labs and fresh trees mount for themselves. Sourced.

# Mounts what the kernel gives, and what a host has in memory, below the root directory of a new host: `mount_own ROOT`.
mount_own() {
  mount -t proc proc "$1/proc"
  mount -t sysfs -o ro sysfs "$1/sys"
  mount -t tmpfs -o mode=0755,nosuid tmpfs "$1/run"
  mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
  mount -t tmpfs -o mode=0755 tmpfs "$1/dev"
  mkdir "$1/dev/pts" "$1/dev/shm" "$1/dev/net"
  mount -t devpts -o newinstance,ptmxmode=0666,gid=5,mode=620 devpts "$1/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
  while read -r node major minor; do
    mknod -m 666 "$1/dev/$node" c "$major" "$minor"
  done <<END
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
END
  # File systems and networks that a program serves, where this host has them.
  [ ! -e /dev/fuse ] || mknod -m 666 "$1/dev/fuse" c 10 229
  [ ! -e /dev/net/tun ] || mknod -m 666 "$1/dev/net/tun" c 10 200
  ln -s pts/ptmx "$1/dev/ptmx"
  ln -s /proc/self/fd "$1/dev/fd"
  for stream in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${stream%:*}" "$1/dev/${stream#*:}"; done
}

# Makes this directory, which must be a mount point, the root directory, and takes the old one away: `enter ROOT`.
enter() {
  cd "$1" || exit
  # Not util-linux's: a bare Debian unstable has none.
  busybox pivot_root . mnt
  cd /
  umount --lazy /mnt
}
