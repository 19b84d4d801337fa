// The cases of connections, at limits of any length.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { releases } from "../lab/release.ts";
import {
  heartbeats,
  idleWays,
  STRICT,
  startWorld,
  type Times,
  type Used,
  usedWays,
  type Way,
  type World,
} from "./connections.ts";
import { auditOf, auditWithEnd } from "./logins.ts";

/** People's pauses, of which the longest is shorter than the limit: shares of it. */
const PAUSES = [0.17, 0.38, 0.08, 0.54, 0.25, 0.71, 0.13, 0.46];
/** The kernel tells a key to 8 s, a login without a terminal is looked at within 8 s, and a busy machine takes its time. */
const LATE_S = 8 + 1 + 12;

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Uses a login like a person, for longer than an idle one would live. */
async function useFor(used: Used, times: Times): Promise<void> {
  const { limitS } = times;
  const untilMs = performance.now() + (1.3 * limitS + 30) * 1000;
  for (let n = 0; performance.now() < untilMs && used.client.isAlive(); n++) {
    used.use();
    const leftS = (untilMs - performance.now()) / 1000;
    await pause(Math.min(leftS, limitS * (PAUSES[n % PAUSES.length] ?? 0)));
  }
}

/** Declares the cases. */
export function connectionCases(times: Times): void {
  const { limitS } = times;
  describe.concurrent.each(releases)("$name", (release) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld(release, times);
    });
    afterAll(() => world?.lab.stop());

    /** Makes a user and starts the way. */
    const begin = async ({ start }: Way, user: string, groups: readonly string[]) => {
      await world.lab.addUser(user, { groups });
      return start(world, user);
    };

    describe.concurrent("must live", () => {
      const lives = (title: string, way: Way, user: string, groups: readonly string[]) =>
        test(title, async ({ onTestFailed }) => {
          onTestFailed(async () => console.log(await auditOf(world.lab, user)));
          const used = await begin(way, user, groups);
          await useFor(used, times);
          expect(used.client.isAlive()).toBe(true);
        });
      for (const [n, way] of usedWays.entries()) lives(way.name, way, `used${n}`, [STRICT]);
      for (const [n, way] of heartbeats.entries()) lives(`${way.name}, by default`, way, `beats${n}`, []);
    });

    describe.concurrent("must end, on time", () => {
      for (const [n, way] of [...idleWays, ...heartbeats].entries())
        test(way.name, async ({ onTestFailed }) => {
          const user = `${way.user ?? "idle"}${n}`;
          onTestFailed(async () => console.log(await auditOf(world.lab, user)));
          const { client } = await begin(way, user, [STRICT]);
          const lastUseMs = performance.now();
          const tooLate = pause(limitS + LATE_S).then(() => Number.POSITIVE_INFINITY);
          const endedS = ((await Promise.race([client.ended, tooLate])) - lastUseMs) / 1000;
          expect(endedS).toBeGreaterThanOrEqual(limitS - 1);
          expect(endedS).toBeLessThan(Number.POSITIVE_INFINITY);
          await auditWithEnd(world.lab, user);
        });
    });
  });
}
