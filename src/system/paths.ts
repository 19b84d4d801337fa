// The paths of an installed afkill. The shell programs and the check use the same names.
import type { Shell } from "./shells.ts";

export const PROGRAM_DIRECTORY = "/usr/lib/afkill";
export const NODE = `${PROGRAM_DIRECTORY}/node`;
/** The Node of a Debian package, while that of an administrator is in its place. */
export const PACKAGED_NODE = `${NODE}.packaged`;
/** The installed build. */
export const DIST = `${PROGRAM_DIRECTORY}/dist`;
export const COMMAND = "/usr/sbin/afkill";
/** The same command for users, whose PATH has no sbin on Debian: they have `afkill stay` and `afkill run`. */
export const USER_COMMAND = "/usr/bin/afkill";
export const POLICY_DIRECTORY = "/etc/afkill";
export const POLICY = `${POLICY_DIRECTORY}/afkill.toml`;
/** The JSON Schema of a policy, for editors; part of the build. */
export const POLICY_SCHEMA = `${DIST}/afkill.schema.json`;
/** The native half of node-pty, in a build for these machines. */
export const ptyModule = (arch: string) => `node_modules/node-pty/prebuilds/linux-${arch}/pty.node`;
/** The same in a build for this machine. */
export const PTY_MODULE = ptyModule(process.arch);
/** Holds what root's watchdogs remember, one directory per login. It is empty after the host starts. */
export const RUN_DIRECTORY = "/run/afkill";
/** Holds what sweeps remember. */
export const SWEEP_DIRECTORY = `${RUN_DIRECTORY}/sweep`;
/** One record for each login that an administrator keeps. */
export const KEEP_DIRECTORY = `${RUN_DIRECTORY}/kept`;
/** Holds a socket for each locked terminal, see `src/lock/door.ts`. Everybody may list it. */
export const UNLOCK_DIRECTORY = `${RUN_DIRECTORY}/unlock`;
export const AUDIT_DIRECTORY = "/var/log/afkill";
export const AUDIT = `${AUDIT_DIRECTORY}/audit.jsonl`;
export const LOGROTATE_DIRECTORY = "/etc/logrotate.d";
export const LOGROTATE = `${LOGROTATE_DIRECTORY}/afkill`;
/** A file that only a package brings: then the programs belong to the package, and afkill changes the hooks alone. */
export const PACKAGED = `${DIST}/packaged`;
export const MANIFEST = `${PROGRAM_DIRECTORY}/manifest.json`;
/** Debian's bash (with bash-completion), zsh and fish look here for the completion of a command. */
export const COMPLETIONS: Readonly<Record<Shell, string>> = {
  bash: "/usr/share/bash-completion/completions/afkill",
  zsh: "/usr/share/zsh/vendor-completions/_afkill",
  fish: "/usr/share/fish/vendor_completions.d/afkill.fish",
};
export const MAN_DIRECTORY = "/usr/share/man";
export const MAN_PAGES = [`${MAN_DIRECTORY}/man8/afkill.8.gz`, `${MAN_DIRECTORY}/man5/afkill.toml.5.gz`];
export const PAM_DIRECTORY = "/etc/pam.d";
/** The PAM service that a locked terminal asks. */
export const LOCK_SERVICE = "afkill";
export const LOCK_SERVICE_FILE = `${PAM_DIRECTORY}/${LOCK_SERVICE}`;
export const SSHD_CONFIG = "/etc/ssh/sshd_config";
export const DROP_IN = "/etc/ssh/sshd_config.d/50-afkill.conf";
/** sshd's PAM service while afkill has one of its own, see setup/own-service.ts. */
export const OWN_SERVICE = "afkill-sshd";
export const OWN_SERVICE_FILE = `${PAM_DIRECTORY}/${OWN_SERVICE}`;
/** Tells sshd to use that service. */
export const PAM_DROP_IN = "/etc/ssh/sshd_config.d/50-afkill-pam.conf";
/** sshd's own timeouts, see `afkill sshd`. In sshd the first value counts, so this name sorts before names that others use. */
export const TIMEOUTS = "/etc/ssh/sshd_config.d/00-afkill-timeouts.conf";
export const PROFILE = "/etc/profile.d/afkill.sh";

/** The ways to start a watchdog when somebody logs in. */
export const HOOKS = ["pam", "force-command", "profile"] as const;
export type Hook = (typeof HOOKS)[number];
