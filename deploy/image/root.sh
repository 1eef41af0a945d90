#!/bin/sh
# Lays out the root folder of an image around a built program: the program under its three names, the libraries of
# this Debian that it is linked to, the authorities of TLS, and who it runs as. The Dockerfile calls it, and a test
# that runs the result in a root of its own.
#   root.sh PROGRAM ROOT
set -eu
program=$1 root=$2

mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/var/lib/dpkg/status.d"
mkdir -m 1777 "$root/tmp"
cp "$program" "$root/usr/bin/connector-server"
# The chart of Flyte 2 starts `c0`, that of Flyte 1 `pyflyte serve`.
ln -s connector-server "$root/usr/bin/c0"
ln -s connector-server "$root/usr/bin/pyflyte"

# A name of a host is looked up by the C library itself, since 2.34 without further files; it reads
# /etc/resolv.conf and /etc/hosts, which the container's runtime puts there, in this order.
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
libraries=$(ldd "$program" | awk '$1 ~ /^\// { print $1 } $3 ~ /^\// { print $3 }')
for library in $libraries; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"

# What scanners of images read to know which versions are in it.
for file in $libraries /etc/ssl/certs/ca-certificates.crt; do
  case $file in
    /etc/*) package=ca-certificates ;;
    *)
      # Known to dpkg by its place of before /lib became a part of /usr, or of after.
      place=$(readlink -f "$file")
      package=$( (dpkg -S "$place" || dpkg -S "${place#/usr}") 2>/dev/null | head -n 1 | cut -d: -f1)
      ;;
  esac
  dpkg-query -s "$package" > "$root/var/lib/dpkg/status.d/$package"
done

echo 'nonroot:x:65532:65532::/tmp:/sbin/nologin' > "$root/etc/passwd"
echo 'nonroot:x:65532:' > "$root/etc/group"
