/** A release's version, `26.10.0`, from a text such as `v26.10.0`; `undefined` for anything else, such as a nightly build. */
export function releaseOf(text: string): string | undefined {
  return /^v?(\d{1,6}\.\d{1,6}\.\d{1,6})$/.exec(text.trim())?.[1];
}

/** The line of a release: 26 of `26.10.0`. */
export function majorOf(release: string): number {
  return Number.parseInt(release, 10);
}

/** Sorts releases, the older one first. */
export function compareReleases(left: string, right: string): number {
  const [a, b] = [left, right].map((release) => release.split(".").map(Number));
  const differs = a?.findIndex((part, at) => part !== b?.[at]) ?? -1;
  return differs < 0 ? 0 : (a?.[differs] ?? 0) - (b?.[differs] ?? 0);
}
