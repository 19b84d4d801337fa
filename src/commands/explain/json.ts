// How an explanation is shown to programs.
import { limitsJson, placeJson } from "../../console/policy-parts.ts";
import type { Exemption, Explanation, RuleAnswer } from "./explain.ts";
import type { Rehearsal } from "./rehearse.ts";
import type { GroupsFrom } from "./text.ts";

/** The explanation for programs. */
export function explanationJson(explanation: Explanation, groupsFrom: GroupsFrom, now: Date) {
  const { subject, exemption, exception, exemptAge, rule, rules, limits, limitOrigins, forecast } =
    explanation;
  const entryJson = (entry: Exemption | undefined) =>
    entry ? { kind: entry.kind, name: entry.name, ...placeJson(entry.at) } : null;
  const ruleJson = ({ name, at, answer }: RuleAnswer) => ({ name, answer, ...placeJson(at) });
  return {
    user: subject.user,
    groups: subject.groups,
    groupsFrom,
    uid: subject.uid ?? null,
    address: subject.address ?? null,
    port: subject.port ?? null,
    hosts: subject.hosts ?? [],
    kind: subject.kind ?? null,
    exempt: exemption !== undefined,
    exemption: entryJson(exemption),
    exception: entryJson(exception),
    exemptMaxLogin: exemptAge
      ? { valueSeconds: exemptAge.maxLoginMs / 1000, setBy: placeJson(exemptAge.at) }
      : null,
    rule: rule ? ruleJson(rule) : null,
    rules: rules.map(ruleJson),
    otherKinds: explanation.otherKinds.map((other) => ({
      kind: other.kind,
      rule: other.rule ? { name: other.rule.name, ...placeJson(other.rule.at) } : null,
    })),
    limits: limitsJson(limits, limitOrigins),
    time: now.toISOString(),
    forecast: {
      idleTerminal: rehearsalJson(forecast.idleTerminal, now),
      idleWithoutTerminal: rehearsalJson(forecast.idleWithoutTerminal, now),
      working: forecast.working ? rehearsalJson(forecast.working, now) : null,
      active: rehearsalJson(forecast.active, now),
    },
  };
}

function rehearsalJson({ warnings, lock, end }: Rehearsal, now: Date) {
  const moment = (afterMs: number) => ({
    time: new Date(now.getTime() + afterMs).toISOString(),
    afterSeconds: afterMs / 1000,
  });
  return {
    warnings: warnings.map(({ afterMs, beforeEndMs, reason }) => ({
      ...moment(afterMs),
      beforeEndSeconds: beforeEndMs / 1000,
      reason,
    })),
    lock: lock ? { ...moment(lock.afterMs), reason: lock.reason } : null,
    end: end ? { ...moment(end.afterMs), reason: end.reason } : null,
  };
}
