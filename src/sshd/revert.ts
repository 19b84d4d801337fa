// Removes sshd's timeouts again.
import { readFileSync } from "node:fs";
import { ABSENT, type Change, look } from "../change/change.ts";
import { digestOf } from "../change/content.ts";
import { TIMEOUTS } from "../system/paths.ts";
import { complaint, mustBeGood } from "./sshd.ts";
import { foreignText } from "./timeouts.ts";

/** Plans a revert. `verify` throws if sshd does not accept its files, unless it refused them before the revert too. */
export function planRevert(): { readonly changes: readonly Change[]; readonly verify: () => void } {
  const changes = planTimeoutsBack();
  const wasGood = changes.length > 0 && complaint() === undefined;
  return { changes, verify: () => (wasGood ? mustBeGood() : undefined) };
}

/** Removes the drop-in, or only our lines if somebody has added others. Empty if there is no drop-in. */
export function planTimeoutsBack(): Change[] {
  const now = look(TIMEOUTS);
  if (now === undefined || !now.isFile()) return [];
  const text = readFileSync(TIMEOUTS, "latin1");
  const rest = foreignText(text);
  if (rest === "") return [{ path: TIMEOUTS, wanted: ABSENT }];
  const { mode, uid, gid } = now;
  if (rest === text) return [];
  const content = Buffer.from(rest, "latin1");
  const madeFrom = digestOf(Buffer.from(text, "latin1"));
  return [
    {
      path: TIMEOUTS,
      wanted: { kind: "file", mode: mode & 0o7777, uid, gid, content, madeFrom },
      note: "removes only afkill's lines",
    },
  ];
}
