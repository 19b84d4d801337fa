// How a lock ends.

import type { Unlocker } from "./door.ts";

/** How a lock ends: a right answer, somebody else who may, the end of the terminal, or something that broke. */
export type Ending =
  | { readonly kind: "answered" }
  | { readonly kind: "asked"; readonly by: Unlocker }
  | { readonly kind: "gone" }
  | { readonly kind: "fault"; readonly reason: string };

/** What the audit says of an ending; `undefined` if there is nothing to say: who ended the terminal has said it. */
export function unlockRecord(ending: Ending) {
  switch (ending.kind) {
    case "answered":
      return { cause: "password", reason: "the right answer was given" } as const;
    case "asked":
      return ending.by.isAdministrator
        ? ({ cause: "administrator", reason: `unlocked by ${ending.by.name}` } as const)
        : ({ cause: "login", reason: "unlocked from another login of its user" } as const);
    case "fault":
      return { cause: "fault", reason: ending.reason } as const;
    case "gone":
      return undefined;
  }
}
