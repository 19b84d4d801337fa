// What a locker looks at every second while its terminal is locked.
import { existsSync } from "node:fs";
import { sessionNow } from "../login/terminal.ts";
import { isUninstalled } from "../system/installed.ts";
import { hold } from "./attributes.ts";
import type { Desk } from "./desk.ts";
import type { Face } from "./face.ts";
import type { KeptDoor } from "./keep-door.ts";
import type { LockOrder } from "./order.ts";
import { recordFile } from "./record.ts";
import type { Seized } from "./seize.ts";
import { TerminalGone } from "./terminal-io.ts";

/** A locked terminal. */
export interface Watched {
  readonly order: LockOrder;
  readonly seized: Seized;
  readonly face: Face;
  readonly desk: Desk;
  readonly door: KeptDoor;
}

/** The lock ends, and this is no doing of who sits at it. */
export class MustGiveBack extends Error {}

/**
 * Keeps the terminal locked, whatever others did to it in the last second. `isAsking`: somebody types. `hidden`: who reads it, but is not
 * found by looking. Throws `TerminalGone`, `MustGiveBack`, or another error if something did not work.
 */
export async function watchOnce(
  { order, seized, face, desk, door }: Watched,
  isAsking: boolean,
  hidden: string | undefined,
): Promise<void> {
  const { fd, kept, terminal } = seized;
  if (!sessionNow(terminal)) throw new TerminalGone();
  if (isUninstalled()) throw new MustGiveBack("afkill was uninstalled");
  const { number, wrongAnswers } = seized.record();
  // Somebody has emptied /run.
  if (!existsSync(recordFile(order.stateDirectory, number))) seized.note(wrongAnswers);
  await door.renew();
  hold(fd, kept);
  await desk.setReader((await seized.hold.renew(isAsking)) ?? hidden);
  await face.refresh();
}
