// What a look shows for the first time, and is to be recorded. Pure.
import type { Memory } from "./memory.ts";
import type { Observation } from "./observe.ts";

/** The ids of subjects whose users have asked for a stay since the last look. */
export function newStaysIn({ subjects }: Pick<Observation, "subjects">, before: Memory): string[] {
  return Object.entries(subjects).flatMap(([id, { lastActivity }]) =>
    lastActivity.source === "stay" && before.subjects[id]?.lastActivity.source !== "stay" ? id : [],
  );
}

/** The ids of what could not be read, once for as long as it lasts. */
export function newFaultsIn({ faults }: Pick<Observation, "faults">, before: Memory): string[] {
  return Object.keys(faults).filter((id) => before.faults?.[id] === undefined);
}
