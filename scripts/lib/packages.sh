# shellcheck shell=bash
# shellcheck disable=SC2154 # what comes from scripts/package
# How scripts/package makes each kind of package. Sourced, in the checkout, after setup.sh. From scripts/package come:
#   architecture, machine   what it is for, as Debian and as Node call it
#   version                 of the package
#   results                 the folder for packages

# Goes into a copy of the checkout whose modules have the native halves for other machines as well.
enter_copy() {
  local source=$results/$architecture
  install_packages "binutils-$(gnu_type)"
  say "npm ci --cpu=$machine"
  rm -rf "$source"
  mkdir -p "$source/native"
  git -c safe.directory="$PWD" ls-files -z | xargs -0 cp -a --parents -t "$source"
  cp package.json package-lock.json "$source/native/"
  (cd "$source/native" && npm ci --cpu="$machine" --os=linux --libc=glibc --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp -al node_modules "$source/"
  mv "$source/native/node_modules/node-linux-$machine" "$source/node_modules/"
  mv "$source/native/node_modules/@koromix/koffi-linux-$machine" "$source/node_modules/@koromix/"
  chown -hR --reference=. "$source"
  cd "$source" || exit
}

# Runs a command, and shows what it said only if it has failed.
quietly() {
  "$@" </dev/null >"$results/log" 2>&1 || {
    cat "$results/log" >&2
    return 1
  }
}

build_deb() {
  say "debian/rules binary"
  # What dpkg-buildpackage takes from debian/control: nothing here needs root.
  export DEB_RULES_REQUIRES_ROOT=no
  quietly as_owner dpkg-architecture --host-arch "$architecture" --force --command \
    env PACKAGE_FOLDER="$results" PACKAGE_VERSION="$version" debian/rules clean binary
  quietly as_owner debian/rules clean
  ls -l "$results/afkill_${version}_$architecture.deb"
}

build_rpm() {
  local tree=$PWD/build/tree programs=/usr/libexec/afkill target
  install_packages rpm
  say "rpmbuild"
  target=$(dpkg-architecture -a "$architecture" -q DEB_HOST_GNU_CPU 2>/dev/null)
  rm -rf "$tree" build/rpm
  mkdir -p "$tree"
  as_owner npm run --silent build -- --arch "$machine"
  scripts/lib/pinned-node scripts/build/package-tree.ts "$tree" "$machine" "$programs"
  "$(gnu_type)-strip" "$tree$programs/node"
  add_to_tree "$tree" "$programs"
  quietly rpmbuild -bb --target "$target" --define "_topdir $PWD/build/rpm" --define "version $version" --define "tree $tree" \
    --define '_buildhost reproducible' --define 'use_source_date_epoch_as_buildtime 1' \
    --define 'clamp_mtime_to_source_date_epoch 1' contrib/rpm/afkill.spec
  mv "build/rpm/RPMS/$target"/*.rpm "$results/"
  rm -rf "$tree" build/rpm
  ls -l "$results/afkill-$version-1.$target.rpm"
}

# Prints a text with the programs and the command where scripts/build/package-tree.ts puts them.
moved() { # PROGRAMS FILE
  sed "s:/usr/lib/afkill:$1:g; s:/usr/sbin/afkill:/usr/bin/afkill:g" "$2"
}

# Prints the machine that is built for, as the GNU tools call it.
gnu_type() {
  dpkg-architecture -a "$architecture" -q DEB_HOST_GNU_TYPE 2>/dev/null
}

# What Debian's own tools place in a .deb.
add_to_tree() { # TREE PROGRAMS
  local page section unit
  for page in afkill.8 afkill.toml.5; do
    section=${page##*.}
    mkdir -p "$1/usr/share/man/man$section"
    moved "$2" "dist/man/$page" | gzip -9n >"$1/usr/share/man/man$section/$page.gz"
  done
  for unit in afkill-sweep.service afkill-sweep.timer; do
    mkdir -p "$1/usr/lib/systemd/system"
    moved "$2" "pam/$unit" >"$1/usr/lib/systemd/system/$unit"
  done
  install -D -m 644 src/audit/afkill.logrotate "$1/etc/logrotate.d/afkill"
  mkdir -p "$1/usr/share/doc/afkill"
  cp -R README.md CHANGELOG.md SECURITY.md CONTRIBUTING.md docs dist/LICENSES dist/sbom.cdx.json "$1/usr/share/doc/afkill/"
}

# A build that needs no npm: its install.sh does what `afkill install` does in a checkout.
build_tarball() {
  local name=afkill-$version-linux-$machine folder
  folder=$results/$name
  say "tar"
  rm -rf "$folder"
  mkdir -p "$folder"
  as_owner npm run --silent build -- --arch "$machine"
  cp -R dist README.md CHANGELOG.md SECURITY.md CONTRIBUTING.md LICENSE docs "$folder/"
  "$(gnu_type)-strip" -o "$folder/node" "node_modules/node-linux-$machine/bin/node"
  install -m 755 contrib/tarball/install.sh "$folder/"
  chmod -R u=rwX,go=rX "$folder"
  tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --directory="$results" "$name" |
    xz -T1 >"$results/$name.tar.xz"
  rm -rf "$folder"
  ls -l "$results/$name.tar.xz"
}

# A repository of apt with the .debs of build/. `KEY`: who signs it, as gpg knows it; empty for gpg's default key.
make_repository() { # FOLDER KEY
  local folder=$1 sign=(gpg --batch --yes) suite architecture
  [ -z "$2" ] || sign+=(--local-user "$2")
  install_packages apt-utils gnupg
  say "apt-ftparchive"
  mkdir -p "$folder/pool"
  cp "$results"/*.deb "$folder/pool/"
  cd "$folder" || exit
  suite=dists/stable
  for architecture in amd64 arm64; do
    mkdir -p "$suite/main/binary-$architecture"
    apt-ftparchive --arch "$architecture" packages pool >"$suite/main/binary-$architecture/Packages"
    gzip -9nk --force "$suite/main/binary-$architecture/Packages"
  done
  apt-ftparchive -o APT::FTPArchive::Release::Origin=afkill -o APT::FTPArchive::Release::Suite=stable \
    -o APT::FTPArchive::Release::Codename=stable -o APT::FTPArchive::Release::Components=main \
    -o APT::FTPArchive::Release::Architectures='amd64 arm64' release "$suite" >Release
  mv Release "$suite/Release"
  "${sign[@]}" --clearsign --output "$suite/InRelease" "$suite/Release"
  "${sign[@]}" --armor --detach-sign --output "$suite/Release.gpg" "$suite/Release"
  # What a host puts into /etc/apt/keyrings.
  "${sign[@]}" --armor --export ${2:+"$2"} >afkill.asc
  ls -lR pool "$suite"
}
