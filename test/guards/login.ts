// What keeps an sshd of this host from being overlooked, and what is none from being taken for one.
import type { Guard } from "./guard.ts";

const e2e = { project: "e2e", test: "test/e2e/what-a-login-is.test.ts" } as const;
const unit = { project: "unit", test: "test/unit/login-program.test.ts" } as const;

export const guards: readonly Guard[] = [
  {
    ...e2e,
    file: "src/login/all.ts",
    find: "isInContainer(pid) || ",
    replace: "",
    why: "a container's logins are not this host's",
    case: "its logins are not the host's",
  },
  {
    ...e2e,
    file: "src/login/watchdogs.ts",
    find: "return uid === undefined || isInContainer(stat.pid) ? [] : [{ sshdPid: Number(sshdPid), uid, stat }];",
    replace: "return uid === undefined ? [] : [{ sshdPid: Number(sshdPid), uid, stat }];",
    why: "a container's watchdog guards none of the host's logins",
    case: "a container's watchdog guards a login there, though the host has one with the same pid",
  },
  {
    ...e2e,
    file: "src/login/program.ts",
    find: "isNamedSshd(program) || holdsTitleFormat(pid)",
    replace: "isNamedSshd(program)",
    why: "an sshd is one under any name",
    case: "its logins are guarded by hook pam, and known to list, doctor and sweep",
  },
  {
    ...e2e,
    file: "src/login/program.ts",
    find: "(above === path || isRootsDirectory(above)) && ",
    replace: "",
    why: "who may write to a directory above may put another one in its place",
    case: "one that a user could have put there",
  },
  {
    ...e2e,
    file: "pam/watchdog",
    find: "grep -qF '%s [priv]' \"/proc/$1/exe\" 2>/dev/null 9>&-",
    replace: "false",
    why: "the hook knows an sshd under any name",
    case: "its logins are guarded by hook pam, and known to list, doctor and sweep",
  },
  {
    ...e2e,
    file: "pam/watchdog",
    find: 'if [ -e "/proc/$1/exe" ]; then',
    replace: "if false; then",
    why: "a program of root's may be called anything by a user",
    case: "a line that every service reads guards logins, and neither su nor sudo, whatever they are called by",
  },
  {
    ...e2e,
    file: "pam/profile.sh",
    find: "*': '*@pts/* | *': '*@notty*) ;;",
    replace: "sshd) ;;",
    why: "a user's own hook knows an sshd by its title",
    case: "with hook profile a user's watchdog knows a login by its title, where the name says nothing",
  },
  {
    ...e2e,
    file: "src/wrap/assignment.ts",
    find: "hasChild(titleOf(parent.pid))",
    replace: "parent.session !== parent.pid",
    why: "each privileged sshd leads a session, the listener too: its title tells them apart",
    case: "a wrap on root's terminal knows both sshds of its login",
  },
  {
    ...unit,
    file: "src/login/program.ts",
    find: "isSame(running, statsOf(program)) || ",
    replace: "true || ",
    why: "what stands at a path elsewhere is not what stands there here",
    case: "a program at a path of the host's, but in another root directory, is not the host's",
  },
  {
    ...unit,
    test: "test/unit/login-all.test.ts",
    file: "src/login/all.ts",
    find: "roots.filter(({ parent }) => !guardians.has(parent))",
    replace: "roots",
    why: "a fork of root's only sshd is no second login",
    case: "what root's only sshd has started is no login while it is called as that is",
  },
  {
    ...unit,
    test: "test/unit/watchdog.test.ts",
    file: "pam/watchdog",
    find: '"$privileged_ticks" && has_privileged_title "$privileged" || return',
    replace: '"$privileged_ticks" || return',
    why: "what root's only sshd has started becomes a shell, and is no sshd of the login",
    case: "does not take what root's only sshd has started for a child of its own",
  },
];
