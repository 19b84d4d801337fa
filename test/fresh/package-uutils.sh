#!/bin/bash -eux
# The package on a bare Debian whose coreutils are those of uutils: one program under many names, as Ubuntu has them. Root only.
#   package-uutils.sh OLD.deb NEW.deb
# shellcheck source=test/fresh/host.sh
. test/fresh/host.sh
old=$1 new=$2

become_host rust-coreutils
apt_get satisfy "$(dpkg-deb --field "$old" Depends)"
# Not install(1): only this test needs it, and that of Debian 12's uutils gives no file an owner.
set +x
for tool in $(dpkg --listfiles coreutils | grep -E '^(/usr)?/bin/.' | grep -v '/install$'); do
  uutils=/usr/lib/cargo/bin/coreutils/${tool##*/}
  [ ! -e "$uutils" ] || ln -sf "$uutils" "$tool"
done
set -x
[ "$(readlink -e /usr/bin/env)" = /usr/bin/coreutils ]

# The copy of env(1) changes the group, so that the loader drops a user's libraries, and empties the environment.
env_is_good() {
  local library
  library=$(echo /lib/*-linux-gnu/libpam.so.0)
  cmp /usr/bin/coreutils /usr/lib/afkill/env
  [ "$(stat -c '%a %U %G' /usr/lib/afkill/env)" = '2710 root afkill' ]
  [ "$(/usr/lib/afkill/env id -gn)" = afkill ]
  [ "$(LD_PRELOAD=$library /usr/bin/env printenv LD_PRELOAD)" = "$library" ]
  [ -z "$(LD_PRELOAD=$library /usr/lib/afkill/env printenv LD_PRELOAD)" ]
  [ -z "$(NODE_OPTIONS=bad /usr/lib/afkill/env -i /usr/bin/env)" ]
}

apt-get -qq install "$old"
env_is_good
afkill install --hook pam
test/fresh/idle-login.sh

# A new version of uutils, and of the package.
env=$(stat -c '%i %z' /usr/lib/afkill/env)
apt-get -qq install --reinstall rust-coreutils
[ "$(stat -c '%i %z' /usr/lib/afkill/env)" != "$env" ]
apt-get -qq install "$new"
env_is_good
afkill doctor | grep -E '^ok +(hook|launcher|programs|node|tools) '
[ "$(afkill doctor | grep -cE '^ok +(hook|launcher|programs|node|tools) ')" = 5 ]
echo 'uutils have been the tools of this host'
