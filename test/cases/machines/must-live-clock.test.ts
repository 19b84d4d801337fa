// Must live, and end when its time has come: every login of a machine whose wall clock steps, that stands still, or is suspended. No
// namespace has a clock of its own: it takes a machine.
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { bootMachine, type Machine } from "../../lab/machine/machine.ts";
import { type Release, stable } from "../../lab/release.ts";
import type { Ssh } from "../../lab/ssh.ts";
import { expectIdleEnd, type Idle, keepTyping, lastKeys, logIn } from "../../support/idle.ts";
import { aliveAfter } from "../../support/logins.ts";

const limitS = 20;
/** Of those who are idle while the machine stands still, and the first notice of the one who is warned by then. */
const frozenLimitS = 30;
const frozenNoticeS = 15;
/** Those who shall not be warned yet get their notice late, for a slow machine. */
const policy = `
idle_timeout = "${limitS}s"
warn_before = ["10s", "5s"]
[[rule]]
match = { users = ["carol-ahead", "carol-back", "carol-hour", "carol-1970", "carol-asleep"] }
warn_before = ["5s"]
[[rule]]
match = { users = ["bob-frozen"] }
idle_timeout = "${frozenLimitS}s"
warn_before = ["${frozenNoticeS}s", "5s"]
[[rule]]
match = { users = ["carol-frozen"] }
idle_timeout = "${frozenLimitS}s"
warn_before = ["10s", "5s"]
`;
const STILL_S = 10;
/** Past the end of all notices; more than a busy machine may need between two looks (see UNSEEN_MS in src/guard/judge.ts). */
const FROZEN_S = 25;
/** As far back as the kernel lets a clock go that shows at least the time since boot (settimeofday(2)). */
const IN_1970 = "@3600";

/** A machine, and somebody on it who types all the time. */
interface Host {
  readonly machine: Machine;
  readonly typist: Ssh;
  /** Runs what it is given, one after the other. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly stop: () => Promise<void>;
}

async function startHost(release: Release): Promise<Host> {
  const machine = await bootMachine({ release, policy, hook: "pam" });
  await machine.addUsers("alice");
  const typist = await logIn(machine, "alice");
  const rest = keepTyping(typist, 3000);
  let last: Promise<unknown> = Promise.resolve();
  return {
    machine,
    typist,
    inTurn: (work) => {
      const result = last.then(work);
      last = result.catch(() => undefined);
      return result;
    },
    stop: () => {
      rest();
      return machine.stop();
    },
  };
}

/**
 * Something happens while one login stands under a notice, and 5 to 12 s after the last key of another that nobody has warned: that
 * key lies in a later one of the kernel's 8-second buckets than the last key of the first.
 */
async function twoIdleAcross(
  { machine, inTurn }: Host,
  name: string,
  happening: () => Promise<unknown>,
  apartS = 8,
): Promise<[warned: Idle, dormant: Idle]> {
  return inTurn(async () => {
    const [bob, carol] = [`bob-${name}`, `carol-${name}`];
    await machine.addUsers(bob, carol);
    const [bobs, carols] = await Promise.all([logIn(machine, bob), logIn(machine, carol)]);
    const carolRests = keepTyping(carols, 1000);
    const warned = await lastKeys(machine, bob, bobs);
    await machine.must(`sleep ${apartS}`);
    carolRests();
    const dormant = await lastKeys(machine, carol, carols);
    await machine.must("sleep 5");
    await bobs.waitFor(() => /closes in \d+ s/.test(bobs.output));
    // By now the check has done with the notice, and only looks.
    await machine.must("sleep 2");
    expect(carols.output).not.toMatch(/closes in/);
    await happening();
    return [warned, dormant];
  });
}

async function expectTypistAtPeace({ machine, typist }: Host): Promise<void> {
  expect(await aliveAfter(typist, 0)).toBe(true);
  expect((await machine.audit()).filter(({ user }) => user === "alice")).toEqual([]);
}

describe("must live", () => {
  describe.each(stable)("$name", { timeout: 900_000 }, (release) => {
    let host: Host;
    beforeAll(async () => {
      host = await startHost(release);
    }, 400_000);
    afterAll(() => host?.stop());

    /** Steps the clock, a second after each other, and sees that neither of two idle logins, nor one that is typed in, notices. */
    async function expectUnnoticed(
      { onTestFailed }: TestContext,
      name: string,
      ...steps: readonly (string | (() => Promise<unknown>))[]
    ): Promise<void> {
      onTestFailed(async () => console.log(await host.machine.report()));
      const idle = await twoIdleAcross(host, name, async () => {
        for (const step of steps) {
          await (typeof step === "string" ? host.machine.stepClock(step) : step());
          await host.machine.must("sleep 1");
        }
      });
      // The host may stand still before they end: see below.
      for (const login of idle) await expectIdleEnd(host.machine, login, { limitS, laterS: STILL_S });
      await expectTypistAtPeace(host);
    }

    // All run side by side: each has its turn, in this order, and then waits for its logins to end while the next has its own.
    test.concurrent("every login when the clock steps a day ahead", (test) =>
      expectUnnoticed(test, "ahead", "+1 day"));
    test.concurrent("every login when the clock steps a day back", (test) =>
      expectUnnoticed(test, "back", "-1 day"));
    test.concurrent("every login when the clock steps an hour back, and two ahead", (test) =>
      expectUnnoticed(test, "hour", "-1 hour", "+2 hours"));
    test.concurrent("every login when the clock steps to 1970, and ten seconds later back", (test) => {
      const { machine } = host;
      let bootedAtS = 0;
      return expectUnnoticed(
        test,
        "1970",
        async () => {
          bootedAtS = Number(await machine.must("date +%s")) - (await machine.uptime());
          await machine.stepClock(IN_1970);
          expect(await machine.must("date +%Y; sleep 10")).toBe("1970\n");
        },
        async () => machine.stepClock(`@${Math.round(bootedAtS + (await machine.uptime()))}`),
      );
    });

    // All clocks of a frozen machine run on, so that nothing can tell that it did not run: the time counts as idle. But nobody saw the
    // notice go by, and who was not warned yet is warned late: both have the time that the whole notice gives.
    test.concurrent("a user of a host that stood still has time left to answer", async ({ onTestFailed }) => {
      const { machine } = host;
      onTestFailed(async () => console.log(await machine.report()));
      let awakeS = 0;
      const [warned, dormant] = await twoIdleAcross(
        host,
        "frozen",
        async () => {
          await machine.freeze(FROZEN_S);
          awakeS = await machine.uptime();
        },
        12,
      );
      // A machine wakes slowly.
      for (const login of [warned, dormant])
        await expectIdleEnd(machine, login, { limitS: frozenLimitS, laterS: FROZEN_S + STILL_S });
      // Its clock was read once the machine could answer again, a little after it woke.
      const givenS = async (login: Idle) => (await login.ended).goneS - awakeS;
      expect(await givenS(warned)).toBeGreaterThan(frozenNoticeS - 3);
      expect(await givenS(dormant)).toBeGreaterThan(10 - 3);
      const notices = (await warned.ended).output.match(/closes in \d+ s/g) ?? [];
      // The long notice came twice. A slow machine draws it seconds after it was due.
      expect(notices.filter((text) => /1\d s/.test(text)).length).toBeGreaterThanOrEqual(2);
      await expectTypistAtPeace(host);
    });

    // The last one: from here on the stamps of the log and the boot clock differ.
    test.concurrent("every login when the host was suspended", async ({ onTestFailed }) => {
      const { machine } = host;
      onTestFailed(async () => console.log(await machine.report()));
      let sleptS = 0;
      const idle = await twoIdleAcross(host, "asleep", async () => {
        sleptS = await machine.suspend(STILL_S);
      });
      expect(sleptS).toBeGreaterThan(STILL_S - 2);
      for (const login of idle) await expectIdleEnd(machine, login, { limitS, sleptS });
      await expectTypistAtPeace(host);
    });
  });
});
