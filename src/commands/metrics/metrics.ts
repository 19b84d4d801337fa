// Pure: a snapshot of the host in the text format of Prometheus.
import type { State } from "../../survey/state.ts";
import { exposition, type Family } from "./exposition.ts";
import type { Tally } from "./tally.ts";

/** The state of the host at one moment. */
export interface Snapshot {
  readonly version: string;
  readonly logins: readonly { readonly state: State; readonly idleSeconds: number | null }[];
  readonly policyValid: boolean;
  /** Each hook that was installed, and whether new logins get a watchdog by it. */
  readonly hooks: readonly { readonly hook: string; readonly isInEffect: boolean }[];
  readonly tally: Tally;
  readonly checksFailed: number;
  readonly unreadable: { readonly lines: number; readonly files: number };
}

const STATES: readonly State[] = ["active", "idle", "warned", "locked", "exempt", "no watchdog", "fault"];
/** The counters begin at the boot, as the kernel's do. So Prometheus sees a reboot as the reset that it is. */
const SINCE = "since the host was started, as far as the audit reaches (afkill's logrotate keeps a year)";

/**
 * The metrics with their HELP and TYPE lines, ending with a newline. The counters fall at a boot. If the host runs longer than logrotate
 * keeps the audit, they also fall when its oldest file is deleted.
 */
export function metricsText(snapshot: Snapshot): string {
  return exposition([...now(snapshot), ...sinceStart(snapshot), ...about(snapshot)]);
}

function now({ logins, policyValid, hooks }: Snapshot): Family[] {
  const byState = STATES.map((state) => ({ state, own: logins.filter((login) => login.state === state) }));
  return [
    {
      name: "afkill_logins",
      type: "gauge",
      help: "SSH logins by state, as afkill list shows them.",
      samples: byState.map(({ state, own }) => ({ labels: { state }, value: own.length })),
    },
    {
      name: "afkill_login_idle_max_seconds",
      type: "gauge",
      help: "Idle time of the login in this state that has been idle longest; 0 if there is none.",
      samples: byState.map(({ state, own }) => ({
        labels: { state },
        value: Math.max(0, ...own.map(({ idleSeconds }) => idleSeconds ?? 0)),
      })),
    },
    {
      name: "afkill_watchdogs_missing",
      type: "gauge",
      help: "SSH logins that the policy would end, but that no watchdog guards.",
      samples: [{ value: logins.filter(({ state }) => state === "no watchdog").length }],
    },
    ...hooksInEffect(hooks),
    {
      name: "afkill_policy_valid",
      type: "gauge",
      help: "1 if the policy can be used, 0 if not: then new logins are not ended.",
      samples: [{ value: policyValid ? 1 : 0 }],
    },
  ];
}

/** Without an installed hook there is nothing to say. */
function hooksInEffect(hooks: Snapshot["hooks"]): Family[] {
  if (hooks.length === 0) return [];
  return [
    {
      name: "afkill_hook_in_effect",
      type: "gauge",
      help: "1 if new logins get a watchdog from this hook, 0 if it was installed and is gone: new logins are not guarded.",
      samples: hooks.map(({ hook, isInEffect }) => ({ labels: { hook }, value: isInEffect ? 1 : 0 })),
    },
  ];
}

function sinceStart({ tally, checksFailed }: Snapshot): Family[] {
  return [
    {
      name: "afkill_endings_total",
      type: "counter",
      help: `Endings of logins and terminals, and tries that failed, by reason, ${SINCE}.`,
      samples: tally.endings.map(({ reason, outcome, count }) => ({
        labels: { reason, outcome },
        value: count,
      })),
    },
    {
      name: "afkill_notices_total",
      type: "counter",
      help: `Notices that reached a terminal, ${SINCE}.`,
      samples: [{ value: tally.notices }],
    },
    {
      name: "afkill_stays_total",
      type: "counter",
      help: `Logins and terminals that were kept after a notice or by request, ${SINCE}.`,
      samples: [{ value: tally.stays }],
    },
    {
      name: "afkill_locks_total",
      type: "counter",
      help: `Terminals that were locked, and tries that failed, by reason, ${SINCE}.`,
      samples: tally.locks.map(({ reason, outcome, count }) => ({
        labels: { reason, outcome },
        value: count,
      })),
    },
    {
      name: "afkill_unlocks_total",
      type: "counter",
      help: `Terminals that were unlocked, by what unlocked them, ${SINCE}.`,
      samples: tally.unlocks.map(({ by, count }) => ({ labels: { by }, value: count })),
    },
    {
      name: "afkill_wrong_answers_total",
      type: "counter",
      help: `Wrong answers at locked terminals, ${SINCE}.`,
      samples: [{ value: tally.wrongAnswers }],
    },
    {
      name: "afkill_checks_failed_total",
      type: "counter",
      help: "Checks of root's watchdogs that failed, since the host was started; the log says why.",
      samples: [{ value: checksFailed }],
    },
  ];
}

function about({ unreadable, version }: Snapshot): Family[] {
  return [
    {
      name: "afkill_audit_unreadable",
      type: "gauge",
      help: "Lines of the audit that are not records, and files of the audit that could not be read to their end.",
      samples: [
        { labels: { what: "line" }, value: unreadable.lines },
        { labels: { what: "file" }, value: unreadable.files },
      ],
    },
    {
      name: "afkill_build_info",
      type: "gauge",
      help: "1, with the version of afkill.",
      samples: [{ labels: { version }, value: 1 }],
    },
  ];
}
