// What a check decides where groups can, and cannot, be told.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decidePolicy, isInDoubt } from "../../../src/guard/decide.ts";
import { BLANK, type KnownGroups, type Memory, serialise } from "../../../src/guard/memory.ts";
import { parseMemory } from "../../../src/guard/memory-form.ts";
import type { Login } from "../../../src/login/login.ts";
import { asksForGroups } from "../../../src/policy/apply.ts";
import { loadPolicy } from "../../../src/policy/load.ts";
import { policyForMany } from "../../../src/survey/policy-for-many.ts";
import { readClocks } from "../../../src/system/clock.ts";
import { policyFiles } from "../../support/policy-files.ts";

const ref = { pid: 1, startTicks: 1 };
const ALICE: Login = {
  privileged: ref,
  child: undefined,
  server: ref,
  user: "alice-of-no-host",
  uid: 4711,
  client: { address: "192.0.2.7", port: 1, serverPort: 2222 } as Login["client"],
  startedBootMs: 0,
};

const EXEMPT = '[exempt]\ngroups = ["staff"]\n';
const NONE = 'idle_timeout = "9m"\n[exempt]\ngroups = []\n';

/** Decides about alice, again and again, with one memory. */
function decider(toml: string) {
  const directory = policyFiles({ "afkill.toml": toml });
  const configPath = join(directory, "afkill.toml");
  let memory: Memory = BLANK;
  let asked = 0;
  return {
    configPath,
    memory: () => memory,
    asked: () => asked,
    /** As if the time to ask again had come. */
    forget: () => {
      memory = { ...memory, groups: memory.groups && { ...memory.groups, askAtMs: 0 } };
    },
    decide: async (answer: string[] | Error) => {
      const ask = async () => {
        asked += 1;
        if (answer instanceof Error) throw answer;
        return answer;
      };
      const it = await decidePolicy({ configPath, stateDirectory: `${directory}/state` }, ALICE, memory, ask);
      const { lastGood, groups, complaint } = it;
      memory = parseMemory(serialise({ ...memory, lastGood, groups, complaint }));
      return it;
    },
  };
}

const HANGS = new Error("the groups of alice-of-no-host are not known: id gave no answer in 10 s");

test("nobody asks for groups where no group concerns the user", async () => {
  for (const toml of [
    NONE,
    `${NONE}users = ["alice-of-no-host"]\n`,
    '[exempt]\ngroups = ["staff"]\nusers = ["alice-of-no-host"]\n',
    `${NONE}[[rule]]\nmatch = { users = ["bob"], groups = ["staff"] }\nidle_timeout = "1m"\n`,
    `${NONE}[[rule]]\nmatch = { groups = ["staff"], from = ["10.0.0.0/8"] }\nidle_timeout = "1m"\n`,
    `${NONE}[[rule]]\nmatch = {}\n[[rule]]\nmatch = { groups = ["staff"] }\nidle_timeout = "1m"\n`,
  ]) {
    const it = decider(toml);
    const { complaint, applied } = await it.decide(HANGS);
    expect([it.asked(), complaint, isInDoubt(applied)]).toEqual([0, undefined, false]);
  }
});

test("a check knows all that a rule can ask for", async () => {
  const { hostname } = await import("node:os");
  const match = `ports = [2222], uids = "4711", from = ["192.0.2.0/24"], hosts = ["${hostname()}"]`;
  const it = decider(`${NONE}[[rule]]\nmatch = { users = ["alice*"], ${match} }\nidle_timeout = "1m"\n`);
  const { applied } = await it.decide(HANGS);
  expect(applied.limits.idleTimeoutMs).toBe(60_000);
});

test("groups matter where an exemption or a rule for them can fit", async () => {
  const asks = async (toml: string) =>
    asksForGroups(await loadPolicy(decider(toml).configPath), { user: "alice", address: "192.0.2.7" });
  expect(await asks(EXEMPT)).toBe(true);
  expect(await asks(`${NONE}[[rule]]\nmatch = { groups = ["staff"] }\n`)).toBe(true);
  expect(await asks(`${NONE}[[rule]]\nmatch = { users = ["alice"], groups = ["staff"] }\n`)).toBe(true);
});

describe("a directory that does not answer", () => {
  test("leaves the last answer, and the rest of the policy as it is by now", async () => {
    const it = decider(
      `idle_timeout = "5m"\n${EXEMPT}[[rule]]\nmatch = { groups = ["slow"] }\nidle_timeout = "1h"\n`,
    );
    expect((await it.decide(["slow"])).applied.limits.idleTimeoutMs).toBe(3_600_000);
    const { applied, complaint } = await it.decide(HANGS);
    expect(applied).toMatchObject({ exempt: false, limits: { idleTimeoutMs: 3_600_000 } });
    expect(complaint).toBe(`${HANGS.message}; the groups known last still count`);
    const survey = await policyForMany(it.configPath, [ALICE]);
    expect(survey(ALICE, it.memory()).applied).toEqual(applied);
    it.forget();
    expect((await it.decide(["staff"])).applied.rule).toBe("exempt: group staff");
    it.forget();
    for (const _ of ["once", "twice"]) {
      const { applied: still } = await it.decide(HANGS);
      expect([still.rule, isInDoubt(still)]).toEqual(["exempt: group staff", false]);
      // They are what a later policy is applied to.
      expect(it.memory().groups?.names).toEqual(["staff"]);
      it.forget();
    }
  });

  test("leaves a login of which nothing is known in doubt, not exempt, until it answers", async () => {
    const it = decider(EXEMPT);
    const { applied, complaint } = await it.decide(HANGS);
    expect(applied).toMatchObject({ rule: "groups not known: nobody is ended", exempt: true });
    expect(isInDoubt(applied)).toBe(true);
    expect(complaint).toBe(`${HANGS.message}; the login is not ended`);
    // It is no answer that could be kept.
    expect(it.memory().lastGood).toBeUndefined();
    it.forget();
    expect((await it.decide(["users"])).applied).toMatchObject({ rule: "top level", exempt: false });
  });

  test("is not asked at each check, and ever more rarely", async () => {
    const it = decider(EXEMPT);
    const rests: number[] = [];
    for (let failure = 1; failure <= 6; failure++) {
      await it.decide(HANGS);
      const { askAtMs, failures } = it.memory().groups as KnownGroups;
      rests.push(Math.round((askAtMs - readClocks().bootMs) / 60_000));
      expect(failures).toBe(failure);
      const again = await it.decide(["users"]);
      expect([it.asked(), again.complaint]).toEqual([failure, expect.stringContaining(HANGS.message)]);
      it.forget();
    }
    expect(rests).toEqual([1, 2, 4, 8, 10, 10]);
    await it.decide(["users"]);
    expect(it.memory().groups).toEqual({ names: ["users"], failures: 0, askAtMs: 0 });
  });
});
