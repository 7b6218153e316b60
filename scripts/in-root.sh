#!/bin/sh
# Runs a command in a folder as its root, with our kernel's files and with folders and files of ours in it. The mounts
# are in a namespace of their own, and gone with the command.
#
#   in-root.sh ROOT [FROM:TO]... -- COMMAND [ARGUMENT]...
set -eu
if [ "${1-}" != --unshared ]; then
  exec unshare --mount --propagation private sh "$0" --unshared "$@"
fi
shift

root=$1
shift
for directory in /proc /sys /dev; do
  mount --rbind "$directory" "$root$directory"
done
while [ "$1" != -- ]; do
  from=${1%%:*}
  to=$root${1#*:}
  if [ -d "$from" ]; then
    mkdir -p "$to"
  elif [ ! -e "$to" ]; then
    mkdir -p "${to%/*}"
    : >"$to"
  fi
  mount --bind "$from" "$to"
  shift
done
shift
exec chroot "$root" "$@"
