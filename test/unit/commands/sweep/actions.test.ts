// Why a sweep does what it does to a login.
import { expect, test } from "vitest";
import { sweepActionsOf } from "../../../../src/commands/sweep/actions.ts";
import type { Scene } from "../../../../src/guard/act.ts";
import { NO_POLICY } from "../../../../src/guard/decide.ts";
import { mapClocks } from "../../../../src/system/clock.ts";
import { ALICE, NOBODY, policyOf } from "../../../support/hosts.ts";

const HOUR_MS = 3_600_000;
const map = mapClocks([], { bootMs: HOUR_MS, wallMs: HOUR_MS });
const sceneOf = (applied: Scene["applied"]): Scene => ({ login: ALICE, applied, map, observation: NOBODY });

test("an exempt login is kept because it is, and ends for its age, if for anything", () => {
  const exempt = { ...policyOf({}), exempt: true, exemptMaxLoginMs: HOUR_MS };
  const [kept] = sweepActionsOf([], sceneOf(exempt), {});
  expect(kept).toMatchObject({ action: "keep", why: "exempt" });
  const [ended] = sweepActionsOf([{ kind: "end", reason: "max_login", ids: [] }], sceneOf(exempt), {});
  expect(ended).toMatchObject({ action: "end", why: "it is as old as max_login allows", limitSeconds: 3600 });
});

test("a login whose policy is not known is kept for that", () => {
  expect(sweepActionsOf([], sceneOf(NO_POLICY), {})[0]?.why).toBe("what the policy says is not known");
});
