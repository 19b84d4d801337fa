// `afkill sshd status` for people.

import { printable, styled } from "../../console/output.ts";
import type { DirectivePlace } from "../../sshd/configured.ts";
import type { SettingStatus, SshdStatus } from "../../sshd/status.ts";

/** The lines of `afkill sshd status`. */
export function statusLines({ settings, dropIn, unread }: SshdStatus): string[] {
  return [
    ...settings.flatMap((setting) => [...linesOf(setting, dropIn), ""]),
    ...unread.map(
      (file) =>
        `${printable(file)} changed after sshd read it: sshd may have other values than these until you reload it`,
    ),
    "None of these settings knows whether a user is idle: that is the job of afkill.",
  ];
}

function linesOf(
  { keyword, value = "-", setBy, exceptions, does, doesNot }: SettingStatus,
  dropIn: string,
): string[] {
  const by =
    setBy === undefined ? "sshd's default" : `${placeOf(setBy)}${setBy.file === dropIn ? ", by afkill" : ""}`;
  return [
    `${styled("bold", `${keyword} ${printable(value)}`)}  (${by})`,
    `    ${does}`,
    `    ${doesNot}`,
    ...exceptions.map((place) => `    For some logins it is ${printable(place.value)}: ${placeOf(place)}`),
  ];
}

function placeOf({ file, line }: DirectivePlace): string {
  return printable(`${file}:${line}`);
}
