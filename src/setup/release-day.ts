// When a Node was released. Neither the program nor its headers tell it, and npm packs every file with the same time. The changelog that
// Node's archives and npm packages have beside `bin` does.

/** The day on which a Node was released, from such a changelog; `undefined` if that has no such release. */
export function releaseDay(changelog: string, version: string): string | undefined {
  return new RegExp(`^## (\\d{4}-\\d\\d-\\d\\d), Version ${RegExp.escape(version)} `, "m").exec(
    changelog,
  )?.[1];
}
