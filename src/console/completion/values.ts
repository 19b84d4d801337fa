// What to offer for a value. Its name in the help decides.
import type { Value } from "../outline.ts";

/** `login`: a terminal or a user with an SSH login now. `command`: any command with its own arguments. */
export type Kind = "choices" | "file" | "directory" | "user" | "group" | "login" | "command" | "nothing";

const KINDS: Readonly<Record<string, Kind>> = {
  file: "file",
  directory: "directory",
  dir: "directory",
  user: "user",
  group: "group",
  login: "login",
  command: "command",
};

/** The kind of a value. Names such as `<file>` and `<users...>` decide it; a value with choices offers these. */
export function kindOf({ name, choices }: Value): Kind {
  if (choices.length > 0) return "choices";
  return KINDS[name.toLowerCase().replace(/s$/, "")] ?? "nothing";
}

/**
 * A shell command that prints `TERMINAL TAB USER` and `USER TAB` for each SSH login, from the titles of their sshds (`sshd: USER@pts/0`,
 * since OpenSSH 9.8 `sshd-session: …`). It is fast, and works for users too, who complete after `sudo`. Anybody can give a process such
 * a title, so it only lets through what is harmless in every shell; `afkill` itself never trusts titles.
 */
export const PRINT_LOGINS = `\
command ps -ww -C sshd,sshd-session -o args= 2>/dev/null | command awk -F '[: @]+' '
    /^sshd(-session)?: [A-Za-z0-9_][A-Za-z0-9_.-]*(@(notty|pts\\/[0-9]+(,pts\\/[0-9]+)*))?$/ {
      if (!seen[$2]++) print $2 "\\t"
      for (i = split($3, terminals, ","); i > 0; i--) if (terminals[i] != "notty") print terminals[i] "\\t" $2
    }'`;
