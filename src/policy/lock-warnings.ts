// Where a policy asks for a lock that no hook of this host can give: the limit closes the terminal there.
import { hostNames } from "../system/host-names.ts";
import type { Hook } from "../system/paths.ts";
import { isForHost } from "./match.ts";
import type { GoodFile } from "./merge.ts";
import { locateIn } from "./origins.ts";
import { formatKey, type KeyPath, type Problem } from "./problems.ts";

/** The hooks whose watchdogs can lock a terminal: those that run as root. */
const CAN_LOCK: readonly Hook[] = ["pam"];

/** Whether a host with these hooks can lock. Without any, nobody knows yet which one will be installed: then it can. */
export function canLock(hooks: readonly Hook[]): boolean {
  return hooks.length === 0 || hooks.some((hook) => CAN_LOCK.includes(hook));
}

/** A warning for each place in a policy that asks for a lock, if none of the hooks can lock. */
export async function lockWarnings(files: readonly GoodFile[], hooks: readonly Hook[]): Promise<Problem[]> {
  if (canLock(hooks)) return [];
  const message = `the limit closes the terminal there: hook ${hooks.join(" and hook ")} cannot lock, only hook pam can`;
  return Promise.all(
    placesIn(files).map(async ({ file, path }) => {
      const { file: name, line, column } = (await locateIn(file))(path);
      return { file: name, line, column, key: formatKey(path), message };
    }),
  );
}

/** Each `at_limit = "lock"` that is in force: at the top level that of the last file which sets the key, and those of all rules for this host. */
function placesIn(files: readonly GoodFile[]): { readonly file: GoodFile; readonly path: KeyPath }[] {
  const hosts = hostNames();
  const top = files.findLast(({ content }) => content.at_limit !== undefined);
  const rules = files.flatMap((file) =>
    (file.content.rule ?? []).flatMap(({ match, at_limit }, index) =>
      at_limit === "lock" && isForHost(match.hosts, hosts)
        ? [{ file, path: ["rule", index, "at_limit"] }]
        : [],
    ),
  );
  return top?.content.at_limit === "lock" ? [{ file: top, path: ["at_limit"] }, ...rules] : rules;
}
