// What a login's user can do to a terminal, in perl, which every Debian has. Each is the last command line of a login shell, and keeps
// the terminal of its sshd by its standard input.

const TIOCNOTTY = "0x5422";
const TIOCSCTTY = "0x540e";
const SHELL_INSIDE = 'exec "script", "-qc", "bash", "/dev/null"';

/** Gives the terminal up: no process has it as its controlling terminal any more. A shell runs on a pty inside. */
export const GIVES_UP = `exec perl -e '$SIG{HUP} = "IGNORE"; ioctl(STDIN, ${TIOCNOTTY}, 0); ${SHELL_INSIDE}'\r`;

/** Takes a pty of its own as controlling terminal, and locks it, so that nobody can open it (TIOCSPTLCK). */
export const LOCKS = [
  `exec perl -e '$SIG{HUP} = "IGNORE"; ioctl(STDIN, ${TIOCNOTTY}, 0); open $m, "+<", "/dev/ptmx"; $n = pack "i", 0;`,
  `ioctl($m, 0x40045431, $n); ioctl($m, 0x80045430, $n); $n = unpack "i", $n; open $s, "+<", "/dev/pts/$n";`,
  `ioctl($s, ${TIOCSCTTY}, 0) or die; $one = pack "i", 1; ioctl($m, 0x40045431, $one); print "locked $n\\n";`,
  `fork or do { setpgrp; ${SHELL_INSIDE} }; sleep 1000'\r`,
].join(" ");

/** Takes /dev/pts/N of a devpts of its own as controlling terminal: by its number it is somebody else's. Prints \`taken N\`. */
export const takesForeign = (number: number, arch: string): string => {
  const [unshare, mount] = arch === "arm64" ? [97, 40] : [272, 165];
  return [
    `exec perl -e '$SIG{HUP} = "IGNORE"; ioctl(STDIN, ${TIOCNOTTY}, 0); ($u, $g) = ($<, $( + 0);`,
    `syscall(${unshare}, 0x10020000) and die "unshare"; sub put { open F, ">", $_[0]; print F $_[1]; close F }`,
    `put("/proc/self/setgroups", "deny"); put("/proc/self/uid_map", "0 $u 1"); put("/proc/self/gid_map", "0 $g 1");`,
    `($none, $root, $type) = ("none", "/", ""); syscall(${mount}, $none, $root, $type, 0x44000, 0);`,
    `$d = "/tmp/pts.$$"; mkdir $d; ($n, $t, $o) = ("devpts", "devpts", "ptmxmode=0666");`,
    `syscall(${mount}, $n, $d, $t, 0, $o) and die "mount"; $k = -1; while ($k < ${number}) { open my $m, "+<", "$d/ptmx" or die;`,
    `push @m, $m; $b = pack "i", 0; ioctl($m, 0x80045430, $b); $k = unpack "i", $b }`,
    `$z = pack "i", 0; ioctl($m[-1], 0x40045431, $z); open $s, "+<", "$d/$k" or die; ioctl($s, ${TIOCSCTTY}, 0) or die;`,
    `print "taken $k\\n"; sleep 1000'\r`,
  ].join(" ");
};
