// The changes of an install in two lines, for a reader who does not want to see each file. Pure.
import { MANIFEST, PROGRAM_DIRECTORY } from "../system/paths.ts";

const FILES = /^(create|change|remove) (\S+)/;
/**
 * The directories of hooks. What stands there decides who may log in, so each file is named; but for the service that only a locked terminal
 * asks.
 */
const HOOKS = /^\S+ \/etc\/(pam\.d(?!\/afkill$)|ssh|profile\.d)(\/|$)/;

/** One line that counts the files, and one that names what is done for the hook. `lines`: those of the changes. */
export function brief(lines: readonly string[], hook: string): string[] {
  const files = lines.filter((line) => FILES.test(line) && !HOOKS.test(line) && !line.includes(MANIFEST));
  const rest = lines.filter((line) => HOOKS.test(line) || !FILES.test(line));
  return [
    ...(files.length > 0 ? [countOf(files)] : []),
    ...(rest.length > 0 ? [`hook ${hook}: ${rest.join(", ")}`] : []),
  ];
}

/** Such as `create 60 files in /usr/lib/afkill and 8 elsewhere (--verbose names them)`. */
function countOf(lines: readonly string[]): string {
  const verbs = [...new Set(lines.map((line) => FILES.exec(line)?.[1] ?? ""))];
  const counts = verbs.map((verb) => {
    const ours = lines.filter((line) => line.startsWith(`${verb} `));
    return `${verb} ${placesOf(ours)}`;
  });
  return `${counts.join(", ")} (--verbose names them)`;
}

function placesOf(lines: readonly string[]): string {
  const within = lines.filter((line) => (FILES.exec(line)?.[2] ?? "").startsWith(PROGRAM_DIRECTORY)).length;
  const elsewhere = lines.length - within;
  const files = (count: number) => `${count} ${count === 1 ? "file" : "files"}`;
  if (within === 0) return `${files(elsewhere)} outside ${PROGRAM_DIRECTORY}`;
  return `${files(within)} in ${PROGRAM_DIRECTORY}${elsewhere === 0 ? "" : ` and ${elsewhere} elsewhere`}`;
}
