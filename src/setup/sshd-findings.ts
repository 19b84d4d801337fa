// What our ForceCommand would cancel or break in a configuration of sshd. Pure.
import type { KeyFinding } from "../sshd/forced-keys.ts";
import type { Directive } from "../sshd/sshd-config.ts";
import { DROP_IN } from "../system/paths.ts";

/**
 * Sources of keys and certificates whose restrictions cannot be read here. AuthorizedPrincipalsFile can restrict too, but it only works
 * with TrustedUserCAKeys.
 */
export function findUnknownKeys(config: readonly Directive[]): KeyFinding[] {
  const unknown: Record<string, string> = {
    authorizedkeyscommand: "AuthorizedKeysCommand, which may bring keys restricted by command=",
    trustedusercakeys: "TrustedUserCAKeys, whose certificates may be restricted to a command",
  };
  return config.flatMap(({ file, line, keyword, args: [value = "none"] }) => {
    const what = unknown[keyword];
    return what === undefined || value.toLowerCase() === "none" ? [] : [{ where: `${file}:${line}`, what }];
  });
}

/**
 * ForceCommands of others that ours would override. Without a scope these are the ones set for everybody: one in a Match block wins over
 * ours. With a scope it is every other one: sshd takes the first block that matches, and ours is read early.
 */
export function findOtherCommands(config: readonly Directive[], scoped: boolean): KeyFinding[] {
  return config
    .filter(
      ({ keyword, file, block }) => keyword === "forcecommand" && file !== DROP_IN && (scoped || block === 0),
    )
    .filter(({ args: [value = "none"] }) => value.toLowerCase() !== "none")
    .map(({ file, line }) => ({ where: `${file}:${line}`, what: "another ForceCommand" }));
}

/** Settings that lock logins into a directory of their own (chroot). In it afkill's program does not exist. */
export function findChroots(config: readonly Directive[]): KeyFinding[] {
  const forced = new Set(
    config.filter(({ keyword }) => keyword === "forcecommand").map(({ block }) => block),
  );
  return config
    .filter(
      ({ keyword, args: [value = "none"] }) =>
        keyword === "chrootdirectory" && value.toLowerCase() !== "none",
    )
    .filter(({ block }) => block === 0 || !forced.has(block))
    .map(({ file, line }) => ({
      where: `${file}:${line}`,
      what: "a ChrootDirectory without a ForceCommand",
    }));
}

/** The text of the drop-in; `match` holds the criteria of a Match block. */
export function dropIn(command: string, match: string | undefined): string {
  const lines = [
    "# Written by `afkill install --hook force-command`, removed by `afkill uninstall`.",
    ...(match === undefined
      ? [`ForceCommand ${command}`]
      : [`Match ${match}`, `    ForceCommand ${command}`]),
  ];
  return `${lines.join("\n")}\n`;
}
