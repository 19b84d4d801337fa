// What in a policy can fit nobody on this host, whoever logs in. A mistake, or meant for another host: a warning, no error.
import { hostNames } from "../system/host-names.ts";
import { isForHost, type Match, type MatchKey } from "./match.ts";
import { type GoodFile, mergePolicy } from "./merge.ts";
import { locateIn } from "./origins.ts";
import { canFit } from "./pattern.ts";
import { ascii, formatKey, type KeyPath, type Problem } from "./problems.ts";
import { uidRange } from "./uids.ts";

/** Something that fits nobody, and why. */
interface Unfit {
  readonly path: KeyPath;
  readonly message: string;
}

/** A warning for each list that has only exceptions, and for each empty range of user numbers. */
export async function unfitEntries(files: readonly GoodFile[]): Promise<Problem[]> {
  const exempt = mergePolicy(files).exempt;
  // They can be exceptions to names in another file, and those of users to groups.
  const hasGroups = canFit(exempt.groups);
  const hasUsers = hasGroups || canFit(exempt.users);
  return problemsOf(files, ({ content }) => [
    ...(hasUsers ? [] : exceptionsOnly({ users: content.exempt?.users }, ["exempt"])),
    ...(hasGroups ? [] : exceptionsOnly({ groups: content.exempt?.groups }, ["exempt"])),
    ...(content.rule ?? []).flatMap(({ match }, index) => [
      ...exceptionsOnly(match, ["rule", index, "match"]),
      ...emptyRanges(match.uids, ["rule", index, "match", "uids"]),
    ]),
  ]);
}

/** A warning for each rule that is for other hosts than this one. */
export async function rulesForOthers(
  files: readonly GoodFile[],
  hosts: readonly string[] = hostNames(),
): Promise<Problem[]> {
  return problemsOf(files, ({ content }) =>
    (content.rule ?? []).flatMap(({ match }, index) =>
      isForHost(match.hosts, hosts)
        ? []
        : [
            {
              path: ["rule", index, "match", "hosts"],
              message: `this host is ${ascii(hosts.join(", "))}, so the rule matches nobody here`,
            },
          ],
    ),
  );
}

/** The keys whose lists can have exceptions. */
const WITH_EXCEPTIONS = ["users", "groups", "from", "hosts"] as const satisfies readonly MatchKey[];

type Lists = { readonly [K in (typeof WITH_EXCEPTIONS)[number]]?: Match[K] | undefined };

function exceptionsOnly(lists: Lists, path: KeyPath): Unfit[] {
  return WITH_EXCEPTIONS.flatMap((key) => {
    const entries = lists[key] ?? [];
    if (entries.length === 0 || canFit(entries)) return [];
    const all = key === "from" ? '"0.0.0.0/0" and "::/0"' : '"*"';
    return [{ path: [...path, key], message: `it has only exceptions, so it matches nobody; add ${all}` }];
  });
}

function emptyRanges(ranges: readonly string[] = [], path: KeyPath): Unfit[] {
  return ranges.flatMap((text) => {
    const [first, last] = uidRange(text);
    return first <= last
      ? []
      : [{ path, message: `the range "${ascii(text)}" is empty, so it matches nobody` }];
  });
}

async function problemsOf(
  files: readonly GoodFile[],
  unfitIn: (file: GoodFile) => readonly Unfit[],
): Promise<Problem[]> {
  const found = await Promise.all(
    files.map(async (file) => {
      const unfit = unfitIn(file);
      if (unfit.length === 0) return [];
      const locate = await locateIn(file);
      return unfit.map(({ path, message }) => ({ ...locate(path), key: formatKey(path), message }));
    }),
  );
  return found.flat();
}
