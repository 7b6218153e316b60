#!/bin/busybox sh
# The first process of the emulated machine, see arm64.mjs: runs /run.sh, and turns the machine off.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root TMPDIR=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
ifconfig lo 127.0.0.1 up
echo "arm64: Linux $(uname -r), $(nproc) processors,$(sed -n 's/^Features.*://p' /proc/cpuinfo | head -n 1)"
sh /run.sh </dev/null
poweroff -f
