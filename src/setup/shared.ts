// What afkill gives to other programs of this host: completions to the shells, manual pages to man(1).
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Change, directory, file } from "../change/change.ts";
import type { Content } from "../change/content.ts";
import { COMPLETIONS, MAN_DIRECTORY, MAN_PAGES } from "../system/paths.ts";
import { SHELLS } from "../system/shells.ts";

/** The directories of these files in a build. */
export const SHARED_SOURCES = [
  ...SHELLS.map((shell) => `completion/${shell}`),
  ...MAN_PAGES.map((path) => `man/${basename(path, ".gz")}`),
];

/** The files for those of these programs that this host has. */
export function planShared(dist: string): Change[] {
  const scripts = SHELLS.filter((shell) => existsSync(dirname(COMPLETIONS[shell]))).map((shell) =>
    file(COMPLETIONS[shell], 0o644, { copyOf: join(dist, "completion", shell) }),
  );
  return [
    ...scripts,
    ...(existsSync(MAN_DIRECTORY) ? MAN_PAGES.flatMap((path) => planPage(path, dist)) : []),
  ];
}

function planPage(path: string, dist: string): Change[] {
  const page = compressed(join(dist, "man", basename(path, ".gz")));
  return [...(existsSync(dirname(path)) ? [] : [directory(dirname(path))]), file(path, 0o644, page)];
}

/** Like `gzip -9n`: without name and time, so the same page always gives the same bytes. */
function compressed(path: string): Content {
  return gzipSync(readFileSync(path), { level: 9 });
}
