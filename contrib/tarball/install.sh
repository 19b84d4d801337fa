#!/bin/sh
# Installs afkill from this folder, which may go afterwards: ./install.sh --hook pam; ./install.sh --help says more. Undo: afkill uninstall.
here=$(dirname "$(readlink -f "$0")")
exec "$here/node" "$here/dist/cli.js" install "$@"
