#!/bin/bash -eux
# An administrator's Node in the package's place, on a bare Debian: it stays in upgrades until the package has a newer one. Root only.
#   package-node.sh PACKAGE.deb PROGRAM   PROGRAM: prints the version in /tmp/version if it is asked for it, and is /tmp/own otherwise
package=$1 program=$2
place=/usr/lib/afkill node=/usr/lib/afkill/node

version=$(dpkg-deb --fsys-tarfile "$package" | tar -xO .$place/dist/build.json | sed -n '/"node"/,$ s/.*"version": "\(.*\)".*/\1/p')
newer=${version%.*}.$((${version##*.} + 1)) newest=${version%.*}.$((${version##*.} + 2))

# The package with a higher version, and with a Node of its own that says it is VERSION.
repack() { # SUFFIX VERSION
  local tree=/tmp/tree$1
  dpkg-deb --raw-extract "$package" "$tree"
  sed -i "s/^Version: .*/&$1/" "$tree/DEBIAN/control"
  sed -i "/\"node\"/,\$ s/$version/$2/" "$tree$place/dist/build.json"
  echo "$1" >>"$tree$node"
  (cd "$tree" && find usr -type f -exec md5sum {} + >DEBIAN/md5sums)
  dpkg-deb --build -Znone "$tree" "/tmp/package$1.deb"
  cp "$tree$node" "/tmp/own$1"
  rm -r "$tree"
}

diverted() {
  [ "$(dpkg-divert --list $node)" = "local diversion of $node to $node.packaged" ]
}
not_diverted() {
  [ -z "$(dpkg-divert --list $node)" ] && [ ! -e $node.packaged ]
}
uses() { # FILE
  cmp "$1" $node && [ "$(afkill --version)" = "$(dpkg-query --show --showformat '${Version}' afkill | sed 's/+.*//')" ]
}
fine() { # CHECK
  (afkill doctor || :) | grep -E -A 1 "^[a-z]+ +$1 " | tee /dev/stderr | grep -q '^ok '
}

repack +next "$version"
repack +newest "$newest"
DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$package"
cp $node /tmp/own
cp "$program" /tmp/newer
echo "v$newer" >/tmp/version

# In, and out again.
afkill install --node /tmp/newer --dry-run
not_diverted
afkill install --node /tmp/newer
diverted
uses /tmp/newer
cmp $node.packaged /tmp/own
fine programs
afkill doctor | grep "^ok *age .* Node $newer, put in on "
afkill install --node /tmp/newer | grep 'nothing to change'
afkill install --node $node.packaged
not_diverted
uses /tmp/own
fine programs
afkill install --node /tmp/own | grep 'nothing to change'

# A hook keeps the record of it, and is put back beside it.
afkill install --node /tmp/newer
afkill install --hook pam
afkill doctor | grep "^ok *age .* Node $newer, put in on "
echo >>$node
(afkill doctor || :) | grep -A 1 "$node is not as it was installed" | grep 'install --node'
cp /tmp/newer $node.new && mv $node.new $node
# An upgrade leaves it in use.
DEBIAN_FRONTEND=noninteractive apt-get -qq install /tmp/package+next.deb
diverted
uses /tmp/newer
cmp $node.packaged /tmp/own+next
fine programs
fine age
# The package's newer one is not hidden, not even if its postinst could not settle that.
mv /usr/bin/dpkg-divert /usr/bin/dpkg-divert.off
printf '#!/bin/sh\ncase "$*" in *--remove*) exit 1 ;; esac\nexec /usr/bin/dpkg-divert.off "$@"\n' >/usr/bin/dpkg-divert
chmod 755 /usr/bin/dpkg-divert
dpkg --install /tmp/package+newest.deb 2>&1 | tee /tmp/said
grep "the package's Node was not put back into use" /tmp/said
mv /usr/bin/dpkg-divert.off /usr/bin/dpkg-divert
(afkill doctor || :) | grep -A 1 'and nothing tells its version' | grep "install --node $node.packaged"
afkill install --repeat
not_diverted
uses /tmp/own+newest
fine programs

# An upgrade with a newer one takes over by itself.
DEBIAN_FRONTEND=noninteractive apt-get -qq install --allow-downgrades /tmp/package+next.deb
afkill install --node /tmp/newer
dpkg --install /tmp/package+newest.deb 2>&1 | tee /tmp/said
grep "Node $newer, which an administrator put in, is replaced by $newest of the package: it is not newer" /tmp/said
not_diverted
uses /tmp/own+newest
fine programs

# An uninstall and a removal end it.
echo "v${version%.*}.$((${version##*.} + 3))" >/tmp/version
afkill install --node /tmp/newer
diverted
afkill uninstall
not_diverted
uses /tmp/own+newest
afkill install --node /tmp/newer
diverted
apt-get -qq remove afkill
not_diverted
[ ! -e $place ]
echo 'dpkg keeps both'
