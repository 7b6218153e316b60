#!/bin/sh
# systemd-boot.sh DIRECTORY
#
# Boots the machine's systemd as pid 1 of namespaces of its own: pids, mounts, cgroups, host name. It
# knows the units of DIRECTORY/units and no other, writes what it has to say to DIRECTORY/log, and
# changes nothing outside but DIRECTORY. Needs root. Ends when it is killed, and all in it with it.
set -eu

directory=$1

case ${2:-host} in
host)
  # Mounts are ours alone from here on.
  exec unshare --mount --propagation private sh "$0" "$directory" mounts
  ;;

mounts)
  mkdir -p "$directory/cgroup" "$directory/etc"
  touch "$directory/log"
  mount -t cgroup2 none "$directory/cgroup"
  group=$directory/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/tsdaemon-test-$(basename "$directory")
  mkdir "$group"
  sh -c 'echo 0 >"$1/cgroup.procs" && shift && exec "$@"' sh "$group" \
    unshare --pid --fork --kill-child --cgroup --uts --mount --mount-proc \
    sh "$0" "$directory" namespaces || true
  find "$group" -depth -type d -exec rmdir {} +
  ;;

namespaces)
  umount "$directory/cgroup"
  mount -t cgroup2 none /sys/fs/cgroup
  mount -t tmpfs -o mode=755 none /run
  # What a booting system sets belongs to the whole machine.
  mount --bind /proc/sys /proc/sys
  mount -o remount,bind,ro /proc/sys
  mount --bind "$directory/etc" /etc/systemd
  mount --bind "$directory/log" /dev/kmsg
  systemd=/usr/lib/systemd/systemd
  [ -x $systemd ] || systemd=/lib/systemd/systemd
  export container=tsdaemon-test SYSTEMD_UNIT_PATH="$directory/units" SYSTEMD_GENERATOR_PATH=/none
  exec $systemd --system --unit=tsdaemon.target --log-target=kmsg --log-level=info
  ;;
esac
