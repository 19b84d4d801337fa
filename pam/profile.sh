# shellcheck shell=sh
# Read by login shells from /etc/profile.d: starts the watchdog of a login that sshd began. Not for `su -`, `sudo -i` or a shell in
# tmux: their parent is no sshd. All of it in a subshell that cannot fail: it leaves no variable, no output and no status behind.
# A login shell that reads it twice starts a second watchdog, which finds the login claimed and goes.
[ -z "${SSH_CONNECTION-}" ] || (
	# By its name, and where the host calls its sshd otherwise by its title. Under hidepid a user may signal their own sshd, but not see
	# it: the watchdog says so in the log.
	{ read -r name <"/proc/$PPID/comm"; } || { kill -0 "$PPID" && name=sshd; } || exit 0
	case $name in
	sshd | sshd-session) ;;
	*)
		read -r title <"/proc/$PPID/cmdline"
		case $title in
		*': '*@pts/* | *': '*@notty*) ;;
		*) exit 0 ;;
		esac
		;;
	esac
	cd / || exit 0
	PATH=/usr/sbin:/usr/bin:/sbin:/bin setsid /usr/lib/afkill/watchdog "$PPID" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
) </dev/null >/dev/null 2>&1 || :
