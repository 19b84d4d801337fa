#!/bin/bash -eux
# The package on a bare Debian where dpkg is killed between unpacking and configuring, and where the hook is asked for beforehand. Root only.
#   package-killed.sh OLD.deb NEW.deb
# shellcheck source=test/fresh/host.sh
. test/fresh/host.sh
old=$1 new=$2

become_host
apt_get satisfy "$(dpkg-deb --field "$old" Depends)"

# Where the hook's line belongs: from OpenSSH 9.8 on in a PAM service of afkill's own.
if grep -q bookworm /etc/os-release; then line=/etc/pam.d/sshd; else line=/etc/pam.d/afkill-sshd; fi

echo 'afkill afkill/hook select pam' | debconf-set-selections
dpkg --unpack "$old"
# No hook is there before all is there.
fails grep -rl --exclude=afkill --exclude='afkill.dpkg-*' afkill /etc/pam.d
fails afkill install --hook pam
fails grep -rl --exclude=afkill --exclude='afkill.dpkg-*' afkill /etc/pam.d
dpkg --configure -a
grep -c /usr/lib/afkill/session "$line"

dpkg --unpack "$new"
test/fresh/idle-login.sh
dpkg --configure -a
[ "$(dpkg-query --show --showformat '${Status} ${Version}' afkill)" = "install ok installed $(dpkg-deb --field "$new" Version)" ]
grep -c /usr/lib/afkill/session "$line"

# What an administrator takes away stays away over an upgrade, and comes back with the next installation.
afkill uninstall
dpkg --install "$new"
fails grep -rl --exclude=afkill --exclude='afkill.dpkg-*' afkill /etc/pam.d /etc/ssh
apt-get -qq remove afkill
dpkg --install "$new"
grep -c /usr/lib/afkill/session "$line"

# A hook that cannot be placed does not keep the package from being installed; it is said.
apt-get -qq purge afkill
echo 'afkill afkill/hook select pam' | debconf-set-selections
echo 'UsePAM no' >/etc/ssh/sshd_config.d/00-own.conf
dpkg --install "$new"
dpkg-query --show --showformat '${Status}\n' afkill
fails grep -rl --exclude=afkill --exclude='afkill.dpkg-*' afkill /etc/pam.d /etc/ssh
echo 'the package has been killed, and lives'
