# shellcheck shell=sh
# Login shells read it from /etc/profile.d. Starts the watchdog of a login that sshd began. It does nothing for `su -`, `sudo -i` or a
# shell in tmux: their parent is no sshd. It runs in a subshell that cannot fail, and leaves no variable, output or status behind.
# If a login shell reads it twice, the second watchdog finds that the login is claimed, and exits.
[ -z "${SSH_CONNECTION-}" ] || (
	# sshd is recognised by its name; if the host calls it otherwise, by its title. Under hidepid a user may signal their own sshd, but
	# not see it: the watchdog says so in the log.
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
