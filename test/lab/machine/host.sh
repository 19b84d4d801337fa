#!/bin/sh -eu
# Process 1 of the namespaces around a machine: makes the network that joins the machine and its clients, and becomes the machine.
# Prints `pid N`, its own as the outside sees it, and then the machine's console.
# Arguments: the directory of this machine, the image, the checkout.
directory=$1 image=$2 checkout=$3

# /proc is still the outside's here, so this is the pid out there.
read -r pid _ </proc/self/stat
echo "pid $pid"

ip link set lo up
ip tuntap add dev tap0 mode tap
ip address add 10.0.0.1/24 dev tap0
ip link set tap0 up

# The machine sees this directory as /lab, and in it the checkout, which it cannot write to.
mount --bind "$checkout" "$directory/lab/checkout"
mount -o remount,bind,ro "$directory/lab/checkout"

# Newer kernels of this kind lose what Node maps of an io_uring; older ones do not know the setting, and go on.
AFKILL_LEAP=$directory/leap LD_PRELOAD=$image.kernel.so exec linux.uml mem=448M root=/dev/ubda rw ubd0="$directory/cow,$image" hostfs="$directory/lab" \
  vec0:transport=tap,ifname=tap0 uml_dir="$directory/" con=null con0=null,fd:1 quiet systemd.show_status=1 \
  sysctl.kernel.io_uring_disabled=2
