// What else on this host ends idle users, by its own rules and mostly without a warning.
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { codeOf, SetupError } from "../../change/setup-error.ts";
import { allProcesses } from "../../login/process.ts";
import { uidOf } from "../../login/user.ts";
import { type SettingStatus, sshdStatus } from "../../sshd/status.ts";
import { PROFILE } from "../../system/paths.ts";
import { type Check, type Problem, warning } from "./finding.ts";

export const rivals: Check = {
  id: "rivals",
  fine: "no other program on this host ends idle sessions",
  find: () => [...logind(), ...shells(), ...sshd(), ...autolog()],
};

/** A line of a file. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly value: string;
}

const at = ({ file, line }: Place) => `${file}:${line}`;

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (thrown) {
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes(codeOf(thrown) ?? "")) return "";
    throw thrown;
  }
}

/** Where systemd looks for logind.conf(5), the strongest place first. The drop-ins of each place are in a directory beside it. */
const LOGIND = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"].map(
  (root) => `${root}/systemd/logind.conf`,
);

function logind(): Problem[] {
  const main = LOGIND.find((file) => existsSync(file));
  const dropIns = new Map<string, string>();
  // A drop-in hides those of the same name in weaker places. All are read in the order of their names, after the main file.
  for (const file of LOGIND.flatMap((place) => globSync(`${place}.d/*.conf`)))
    if (!dropIns.has(basename(file))) dropIns.set(basename(file), file);
  const ordered = [...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
  const files = [...(main === undefined ? [] : [main]), ...ordered];
  const set = idleSessionIn(files.map((file) => ({ file, text: textOf(file) })));
  if (set === undefined) return [];
  return [
    warning(
      `${at(set)}: StopIdleSessionSec=${set.value}: logind stops sessions that it considers idle for that long, with all their commands and without a warning`,
      `set StopIdleSessionSec=infinity at ${at(set)}, then: systemctl restart systemd-logind`,
    ),
  ];
}

/** The last place that makes logind stop an idle session; `undefined` if logind never does (logind.conf(5)). */
export function idleSessionIn(
  files: readonly { readonly file: string; readonly text: string }[],
): Place | undefined {
  const found = files.flatMap(({ file, text }) => {
    let section = "";
    return text.split("\n").flatMap((words, index): Place[] => {
      section = /^\s*\[([^\]]*)\]/.exec(words)?.[1] ?? section;
      const value = /^\s*StopIdleSessionSec\s*=\s*(.*?)\s*$/.exec(words)?.[1];
      return section === "Login" && value !== undefined ? [{ file, line: index + 1, value }] : [];
    });
  });
  const last = found.at(-1);
  return last === undefined || /^(|infinity)$/.test(last.value) ? undefined : last;
}

/** The files that shells and PAM read at a login, on all distributions. */
const START_UP_FILES = [
  ...["/etc/environment", "/etc/environment.d/*.conf", "/etc/security/pam_env.conf"],
  ...["/etc/profile", "/etc/profile.d/*.sh", "/etc/bash.bashrc", "/etc/bashrc", "/etc/bash.bashrc.d/*"],
  ...[
    "/etc/zsh/z*",
    "/etc/zshenv",
    "/etc/zprofile",
    "/etc/zshrc",
    "/etc/zlogin",
    "/etc/ksh.kshrc",
    "/etc/kshrc",
  ],
  ...["/etc/csh.cshrc", "/etc/csh.login", "/etc/profile.d/*.csh"],
];

function shells(): Problem[] {
  const files = START_UP_FILES.flatMap((pattern) => globSync(pattern).sort()).filter(
    (file) => file !== PROFILE,
  );
  return files
    .flatMap((file) => timeoutsIn(file, textOf(file)))
    .map((it) =>
      warning(
        `${at(it)}: ${it.value}: a shell that waits at its prompt for that long ends without a warning, also in the middle of a line, and in tmux; a program that is left open is not ended`,
        `remove it from ${at(it)} ; if a scanner requires it, make idle_timeout shorter, so that the notice of afkill comes first`,
      ),
    );
}

/** The lines of a start-up file that end an idle shell: TMOUT of bash(1), zsh(1) and ksh, autologout of tcsh(1). 0 turns each off. */
export function timeoutsIn(file: string, text: string): Place[] {
  const csh = /\.(csh|login|cshrc)$/.test(file);
  const pamEnv = basename(file) === "pam_env.conf";
  const form = csh
    ? /^[^#]*?\bset\s+(?<name>autologout)\s*=\s*(?<value>[^\s;#]+)/
    : pamEnv
      ? /^\s*(?<name>TMOUT)\s+(?:DEFAULT|OVERRIDE)=(?<value>\S+)/
      : /^(?:[^#]*?[\s;&|({])?(?<name>TMOUT)=(?<value>[^\s;#&|)}]+)/;
  return text.split("\n").flatMap((words, index) => {
    const { name, value = "" } = form.exec(words)?.groups ?? {};
    const plain = value.replace(/^["'(]+|["')]+$/g, "");
    if (name === undefined || /^0*$/.test(plain)) return [];
    return [{ file, line: index + 1, value: `${name}=${plain}` }];
  });
}

function sshd(): Problem[] {
  try {
    return sshdStatus().settings.flatMap(timeoutsOf);
  } catch (thrown) {
    // There is no sshd, or it refuses its configuration. Other checks report that.
    if (thrown instanceof SetupError) return [];
    throw thrown;
  }
}

const CHANNELS: Readonly<Record<string, string>> = {
  ChannelTimeout:
    "sshd closes a channel that is silent for that long without a warning, also if a command or copy is still running",
  UnusedConnectionTimeout:
    "sshd closes a connection that has no open channel for that long without a warning, also if a forwarding is waiting",
};

/** One warning for each place that sets a timeout of sshd: outside Match, and in Match blocks that set it for some logins. */
function timeoutsOf({ keyword, value, setBy, exceptions }: SettingStatus): Problem[] {
  const does = CHANNELS[keyword];
  if (does === undefined) return [];
  const ends = (text: string | undefined) =>
    text !== undefined && !/^(none|0|(\S+=0[smhdw]?\s*)+)?$/i.test(text);
  const always = ends(value) ? [{ ...setBy, value: value ?? "", whom: "" }] : [];
  const some = exceptions
    .filter((it) => ends(it.value))
    .map((it) => ({ ...it, whom: " (in a Match block, for the logins that it matches)" }));
  return [...always, ...some].map(({ file, line, value: words, whom }) => {
    const place = file === undefined ? "sshd's configuration" : `${file}:${line}`;
    return warning(
      `${place}: ${keyword} ${words}${whom}: ${does}`,
      `set ${keyword} none at ${place}, or remove it, then reload sshd; "afkill sshd status" says what it does`,
    );
  });
}

const AUTOLOG = "/usr/sbin/autolog";
const AUTOLOG_CONFIG = "/etc/autolog.conf";

function autolog(): Problem[] {
  const running = [...allProcesses().values()].find(
    ({ name, pid }) => name === "autolog" && uidOf(pid) === 0,
  );
  const isThere = existsSync(AUTOLOG);
  if (running === undefined && !isThere) return [];
  const rule =
    textOf(AUTOLOG_CONFIG)
      .split("\n")
      .findIndex((words) => /^\s*[^\s#]/.test(words)) + 1;
  const place = rule > 0 ? `${AUTOLOG_CONFIG}:${rule}` : join(isThere ? AUTOLOG : "autolog");
  const state = running === undefined ? "is installed" : `runs (process ${running.pid})`;
  return [
    warning(
      `${place}: autolog ${state}: it ends sessions that utmp shows as idle for longer than its rules allow, also if a build or a copy is running`,
      "apt purge autolog, or: systemctl disable --now autolog",
    ),
  ];
}
