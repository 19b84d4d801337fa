// The purpose of a login, as its channels show it.
import type { LoginKind } from "../audit/words.ts";
import type { Login } from "./login.ts";
import { hasEnded, type ProcessStat } from "./process.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The kind of a login. `tree`: everything below its sshd. A user chooses what to open, and processes choose their own names: a policy that
 * asks for the kind says what is usual for it, and holds back nobody who wants to be another kind.
 */
export function kindOf(
  { server }: Login,
  terminals: readonly Terminal[],
  tree: readonly ProcessStat[],
): LoginKind {
  if (terminals.length > 0) return "shell";
  const commands = tree.filter((it) => it.parent === server.pid && !hasEnded(it));
  if (commands.length === 0) return "tunnel";
  const isFiles = (it: ProcessStat): boolean =>
    it.name === "sftp-server" ||
    // internal-sftp is sshd itself. If a shell was told to run sftp-server, that is a child of the shell.
    /^sshd/.test(it.name) ||
    tree.some((child) => child.parent === it.pid && child.name === "sftp-server");
  return commands.every(isFiles) ? "sftp" : "command";
}
