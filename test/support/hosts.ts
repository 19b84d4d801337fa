// A host on which a check finds a login that nothing happens to. A test says in what it differs.
import type { Host } from "../../src/guard/host.ts";
import { BLANK } from "../../src/guard/memory.ts";
import type { Observation } from "../../src/guard/observe.ts";
import type { Login } from "../../src/login/login.ts";
import { DEFAULT_LIMITS } from "../../src/policy/merge.ts";
import type { Applied, Limits } from "../../src/policy/policy.ts";

const ref = { pid: 11, startTicks: 1 };
/** It began with the host. */
export const ALICE: Login = {
  privileged: ref,
  child: undefined,
  server: ref,
  user: "alice",
  uid: 1000,
  client: undefined,
  startedBootMs: 0,
} as unknown as Login;

/** A policy of its own limits, the defaults but for these. */
export function policyOf(limits: Partial<Limits>): Applied {
  return { rule: "top level", exempt: false, limits: { ...DEFAULT_LIMITS, ...limits } };
}

/** A look that found nobody at work. */
export const NOBODY: Observation = {
  terminals: [],
  kind: "command",
  subjects: {},
  commandsRun: false,
  faults: {},
};

/** The host. Its clocks stand still but in sleeps. */
export function hostWith(parts: Partial<Host> & { readonly limits?: Partial<Limits> } = {}): Host {
  const { limits = {}, ...others } = parts;
  let bootMs = 3_600_000;
  return {
    readClocks: () => ({ bootMs, wallMs: 1_700_000_000_000 + bootMs, suspendedMs: 0 }),
    sleep: async (ms) => {
      bootMs += ms;
    },
    recall: () => ({ memory: BLANK }),
    save: () => true,
    findLogin: () => ALICE,
    decidePolicy: async () => ({
      applied: policyOf(limits),
      lastGood: undefined,
      groups: undefined,
      complaint: undefined,
    }),
    isUninstalled: () => false,
    readLocks: async () => ({}),
    observe: async () => NOBODY,
    terminalsOf: () => [],
    act: async ({ decisions }) => decisions.some(({ kind }) => kind === "end"),
    recordComplaint: async () => undefined,
    recordNews: async () => undefined,
    endAfter: () => undefined,
    isOver: () => false,
    ...others,
  };
}
