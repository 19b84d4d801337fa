// Pure: a snapshot of the host in the text format of Prometheus.
import { Counter, Gauge, Registry } from "prom-client";
import type { State } from "../../survey/state.ts";
import type { Tally } from "./tally.ts";

/** What there is to tell at one moment. */
export interface Snapshot {
  readonly version: string;
  readonly logins: readonly { readonly state: State; readonly idleSeconds: number | null }[];
  readonly policyValid: boolean;
  readonly tally: Tally;
  readonly checksFailed: number;
  readonly unreadable: { readonly lines: number; readonly files: number };
}

const STATES: readonly State[] = ["active", "idle", "warned", "exempt", "no watchdog", "fault"];
/** The counters begin where those of the kernel do, so a restart of the host is the reset that Prometheus takes it for. */
const SINCE = "since the host was started, as far as the audit reaches (afkill's logrotate keeps a year)";

/**
 * The metrics with their HELP and TYPE lines, ending with a newline. The counters fall when the host is started anew; on one that runs
 * for longer than logrotate keeps the audit, also when its oldest file goes.
 */
export async function metricsText(snapshot: Snapshot): Promise<string> {
  const { version, logins, policyValid, tally, checksFailed, unreadable } = snapshot;
  const registry = new Registry();
  const registers = [registry];
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers });
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers });

  const byState = gauge("afkill_logins", "SSH logins by state, as afkill list tells them.", "state");
  const idle = gauge(
    "afkill_login_idle_max_seconds",
    "How long the longest idle of these logins has been idle; 0 where there is none.",
    "state",
  );
  for (const state of STATES) {
    const own = logins.filter((login) => login.state === state);
    byState.set({ state }, own.length);
    idle.set({ state }, Math.max(0, ...own.map(({ idleSeconds }) => idleSeconds ?? 0)));
  }
  gauge(
    "afkill_watchdogs_missing",
    "SSH logins that the policy would end some day, and that no watchdog guards.",
  ).set(logins.filter(({ state }) => state === "no watchdog").length);
  gauge(
    "afkill_policy_valid",
    "1 if the policy can be used, 0 if not: then new logins are ended by nobody.",
  ).set(policyValid ? 1 : 0);

  const endings = counter(
    "afkill_endings_total",
    `Logins and terminals ended, and tries to that failed, by reason, ${SINCE}.`,
    "reason",
    "outcome",
  );
  for (const { reason, outcome, count } of tally.endings) endings.inc({ reason, outcome }, count);
  counter("afkill_notices_total", `Notices that reached a terminal, ${SINCE}.`).inc(tally.notices);
  counter(
    "afkill_stays_total",
    `Logins and terminals that were kept after a notice or by request, ${SINCE}.`,
  ).inc(tally.stays);
  counter(
    "afkill_checks_failed_total",
    "Checks of root's watchdogs that failed, since the host was started; the log says why.",
  ).inc(checksFailed);
  const unread = gauge(
    "afkill_audit_unreadable",
    "Lines of the audit that are no records, and files of it that could not be read to their end.",
    "what",
  );
  unread.set({ what: "line" }, unreadable.lines);
  unread.set({ what: "file" }, unreadable.files);
  gauge("afkill_build_info", "1, with the version of afkill.", "version").set({ version }, 1);
  return registry.metrics();
}
