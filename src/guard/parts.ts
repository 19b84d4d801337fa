/** Loads what most checks do not need. Throws if something of it cannot be loaded. */
export async function loadParts(): Promise<void> {
  await Promise.all([
    import("../activity/ask-sockets.ts"),
    import("../audit/record.ts"),
    import("../ending/from-afar.ts"),
    import("../ending/terminal-actions.ts"),
    import("../policy/groups.ts"),
    import("../policy/load.ts"),
    import("./act.ts"),
    import("./fault.ts"),
    import("./memory-form.ts"),
  ]);
}
