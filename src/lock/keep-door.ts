// Keeps the door of a locked terminal where it is looked for: somebody may empty /run meanwhile.
import { existsSync } from "node:fs";
import { type DoorFacts, doorOf, openDoor, type Unlocker } from "./door.ts";

export interface KeptDoor extends Disposable {
  /** Opens the door again if its socket is gone. Never rejects. */
  readonly renew: () => Promise<void>;
}

/** Opens the door of a locked terminal: see `openDoor`. Never rejects: without its door a terminal is unlocked by its answer alone. */
export async function keepDoor(
  facts: DoorFacts,
  onUnlock: (who: Unlocker) => void,
  directory?: string,
): Promise<KeptDoor> {
  let door: Disposable | undefined;
  const open = async () => {
    door?.[Symbol.dispose]();
    door = await openDoor(facts, onUnlock, directory).catch(() => undefined);
  };
  await open();
  return {
    renew: async () => {
      if (!existsSync(doorOf(facts.number, directory))) await open();
    },
    [Symbol.dispose]: () => door?.[Symbol.dispose](),
  };
}
