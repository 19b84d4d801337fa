// What the policy allows the user of this login to ask for.
import { readFileSync } from "node:fs";
import { parseSshConnection } from "../../login/client.ts";
import { ownSession } from "../../login/own-session.ts";
import { readStat } from "../../login/process.ts";
import { minorOf } from "../../login/terminal.ts";
import { nameOfUid } from "../../login/user.ts";
import { apply, asksForGroups } from "../../policy/apply.ts";
import { groupsOf } from "../../policy/groups.ts";
import { loadPolicy } from "../../policy/load.ts";
import type { Applied } from "../../policy/policy.ts";
import { formatDuration } from "../../text/duration.ts";

/** What applies to the user who runs this. Only to inform the user: the checks decide for themselves. Throws a PolicyError. */
export async function policyOfUser(configPath: string): Promise<Applied> {
  const user = nameOfUid(process.getuid?.() ?? -1, []);
  const client = parseSshConnection(process.env.SSH_CONNECTION ?? "");
  const policy = await loadPolicy(configPath);
  const who = { user, address: client?.address };
  return apply(policy, { ...who, groups: asksForGroups(policy, who) ? await groupsOf(user) : [] });
}

/** How long the login may stay, in ms: `wantedMs`, or the allowed maximum if it is absent. Throws if that is not allowed. */
export function allowedMs({ limits: { maxStayMs } }: Applied, wantedMs: number | undefined): number {
  if (!Number.isFinite(maxStayMs))
    throw new Error("the policy does not let users keep a login (max_stay is off); ask your administrator");
  if (wantedMs !== undefined && wantedMs > maxStayMs)
    throw new Error(
      `the policy allows at most ${formatDuration(maxStayMs)} (max_stay), not ${formatDuration(wantedMs)}`,
    );
  return wantedMs ?? maxStayMs;
}

/** Throws unless an sshd is above this process. A stay from elsewhere, such as tmux, is in no login's session, so no check finds it. */
export function mustBeInLogin(): void {
  ownSession();
}

/** The terminal of this process for people; empty if there is none. */
export function ownTerminal(): string {
  const ttyNr = readStat(process.pid)?.ttyNr ?? 0;
  return ttyNr === 0 ? "" : ` on pts/${minorOf(ttyNr)}`;
}

/** Throws unless the installed afkill has the program that keeps a login. */
export function mustHaveHold(path: string): void {
  try {
    readFileSync(path);
  } catch {
    throw new Error(
      `${path} is missing; the installation of afkill is not complete: ask your administrator to run afkill install`,
    );
  }
}
