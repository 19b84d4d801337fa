// Must lock, and give back: whatever program has the terminal, and whatever is typed at the lock.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { stable } from "../lab/release.ts";
import {
  addUserWithPassword,
  answer,
  auditWith,
  LOCKED,
  seenOn,
  stoppedOf,
  unlock,
  waitForLock,
} from "../support/lock.ts";
import { type LockedProgram, PROGRAMS, type Step } from "../support/lock-programs.ts";
import { PROMPT, SOON } from "../support/logins.ts";

const POLICY = 'idle_timeout = "2h"\nlock_max = "off"\nlock_tries = 20\n';
/** So many are locked at a time: each needs some seconds of a core. */
const AT_ONCE = 6;
/** Two on each core, and the cases of a release wait for each other. */
const QUIET_MS = 400;
const PIECE = 4_096;

const MOUSE = "\x1b[<0;5;5M\x1b[<0;5;5m\x1b[M !!";
const PASTES = "\x1b[200~one secret\rpasted\r\x1b[201~plain secret";
const KEYS = `\x03\x1a\x1c\x13\x04${MOUSE}${PASTES}\x15`;
const MEGABYTE = `${"pasted secret ".repeat(6)}\r`.repeat(12_500);

describe("must lock, and give back", () => {
  describe.concurrent.each(stable)("$name", (release) => {
    let lab: Lab;
    const inTurn = turns(AT_ONCE);
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: POLICY });
      await lab.must("echo root:secret | chpasswd");
      await lab.write(
        "/tmp/tmux.conf",
        "set -g status-right ''\nset -g escape-time 0\nset -g mouse on\nset -g automatic-rename off\n",
      );
      await lab.addUser("inner");
    });
    afterAll(() => lab?.stop());

    /** A login of a user of its own. */
    const login = async (
      name: string,
      how: Pick<LockedProgram, "shell" | "sudo"> = {},
      options: readonly string[] = [],
      size?: Terminal["size"],
    ) => {
      await addUserWithPassword(lab, name, how);
      await lab.must(
        `seq 100 >n; mkdir empty; (echo .TH page 1; for n in $(seq 90); do echo .br; echo line $n; done) >page.1
        ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519`,
        { user: name },
      );
      await lab.must(`cat /home/${name}/.ssh/id_ed25519.pub >>/home/inner/.ssh/authorized_keys`);
      const ssh = lab.ssh(name, options, undefined, size);
      await ssh.waitFor(PROMPT);
      return ssh;
    };
    const lock = async (name: string, ssh: Ssh) => {
      await lab.must(`afkill lock ${name}`);
      await waitForLock(ssh);
    };
    /** All that must not change a locked terminal. */
    const vex = async (name: string, ssh: Ssh, keys = KEYS) => {
      ssh.write(keys);
      await answer(ssh, "\x15wrong");
      await auditWith(lab, name, "wrong-answer");
      await waitForLock(ssh);
      expect(ssh.screen()).not.toMatch(/secret|half-|wrong$/m);
    };
    const lockAndUnlock = async (name: string, ssh: Ssh, keys = KEYS) => {
      await lock(name, ssh);
      await vex(name, ssh, keys);
      await unlock(ssh);
    };

    test.each(PROGRAMS)("$name", (program) =>
      inTurn(async () => {
        const name = `u${PROGRAMS.indexOf(program)}`;
        const ssh = await login(name, program);
        await play(ssh, program.start);
        if (program.drawsTwice) await drawAgain(ssh);
        await quiet(ssh);
        const before = picture(ssh, program);
        await lockAndUnlock(name, ssh);
        await comesBack(ssh, before, program);
        expect(stoppedOf(lab, name)).toEqual([]);
        await play(ssh, program.use);
        const audit = await auditWith(lab, name, "unlock");
        expect(audit.map(({ action }) => action)).toEqual(["lock", "wrong-answer", "unlock"]);
        expect(JSON.stringify(audit)).not.toMatch(/secret|correct horse/);
      }),
    );

    test("a paste of 1 MB, which is one wrong answer", () =>
      inTurn(async () => {
        const ssh = await login("paster");
        await play(ssh, HALF);
        const before = picture(ssh);
        await lock("paster", ssh);
        await paste(ssh, MEGABYTE);
        await auditWith(lab, "paster", "wrong-answer");
        await waitForLock(ssh);
        expect(ssh.screen()).not.toMatch(/secret|half-/);
        await unlock(ssh);
        await comesBack(ssh, before);
        const audit = await auditWith(lab, "paster", "unlock");
        expect(audit.map(({ action }) => action)).toEqual(["lock", "wrong-answer", "unlock"]);
        await play(ssh, WHOLE);
      }));

    test("a running build, which goes on with the next line", () =>
      inTurn(async () => {
        const ssh = await login("builder");
        await play(ssh, [["n=0; while :; do n=$((n+1)); echo line-$n; sleep 0.1; done\r", /^line-5$/m]]);
        await lockAndUnlock("builder", ssh);
        const printed = () => linesOf(ssh).flatMap((line) => /^line-(\d+)/.exec(line)?.[1] ?? []);
        const stood = printed().length;
        await ssh.waitFor(() => printed().length > stood + 5);
        expect(printed()).toEqual(printed().map((_, index) => String(index + 1)));
        await play(ssh, [["\x03", PROMPT]]);
        expect(stoppedOf(lab, "builder")).toEqual([]);
      }));

    test("a job in the background goes on, a stopped one stays stopped", () =>
      inTurn(async () => {
        const ssh = await login("jobber");
        ssh.write("sleep 7777\r");
        await ssh.waitFor(() => lab.processes().some(({ cmdline }) => cmdline.join(" ") === "sleep 7777"));
        await play(ssh, [
          ["\x1a", /Stopped +sleep 7777/],
          ["while :; do date +%N >now; sleep 0.1; done &\r", /^\[2\] \d+/m],
          ...HALF,
        ]);
        const before = picture(ssh);
        await lock("jobber", ssh);
        const now = await lab.read("/home/jobber/now");
        await vi.waitFor(async () => expect(await lab.read("/home/jobber/now")).not.toBe(now), SOON);
        await vex("jobber", ssh);
        await unlock(ssh);
        await comesBack(ssh, before);
        expect(stoppedOf(lab, "jobber").map(({ cmdline }) => cmdline.join(" "))).toEqual(["sleep 7777"]);
        await play(ssh, [...WHOLE, ["fg %1\r", /^sleep 7777\s*$/m]]);
        await vi.waitFor(() => expect(stoppedOf(lab, "jobber")).toEqual([]), SOON);
        await play(ssh, [["\x03", PROMPT]]);
      }));

    test("a second terminal of the same connection, which is not locked", () =>
      inTurn(async () => {
        const master = ["-o", "ControlPath=/tmp/of-%r"];
        const first = await login("twice", {}, ["-o", "ControlMaster=yes", ...master]);
        const second = lab.ssh("twice", master);
        await second.waitFor(PROMPT);
        await play(first, [["tty\r", /^\/dev\/pts\/\d+/m], ...HALF]);
        const before = picture(first);
        await lab.must(`afkill lock ${/pts\/\d+/.exec(first.screen())?.[0]}`);
        await waitForLock(first);
        await play(second, [...HALF, ...WHOLE]);
        await vex("twice", first);
        await unlock(first);
        await comesBack(first, before);
        await play(first, WHOLE);
        expect(second.screen()).not.toMatch(LOCKED);
      }));

    test.each(Object.entries(TERMINALS))("a terminal that %s, at a prompt and in vim", (_, { make, size }) =>
      inTurn(async () => {
        const name = `t${Object.values(TERMINALS).findIndex((it) => it.make === make)}`;
        const ssh = await login(name, {}, [], size);
        make(ssh);
        await play(ssh, HALF);
        const atPrompt = picture(ssh);
        await lockAndUnlock(name, ssh);
        await comesBack(ssh, atPrompt);
        await play(ssh, [
          ...WHOLE,
          ["vim -N -u NONE -i NONE -c 'set mouse=a' n\r", /^20$/m],
          ["5jv2l\x0c", /VISUAL/],
        ]);
        await quiet(ssh);
        const inVim = picture(ssh);
        await lock(name, ssh);
        await unlock(ssh);
        await comesBack(ssh, inVim);
        await play(ssh, [["\x1b:q!\r", PROMPT]]);
        expect(stoppedOf(lab, name)).toEqual([]);
      }),
    );

    test("sudo -i on a terminal that answers no questions", () =>
      inTurn(async () => {
        const ssh = await login("silent", { sudo: true });
        answerNothing(ssh);
        await play(ssh, [["sudo -i\r", /root@lab/], ...HALF]);
        const before = picture(ssh);
        await lockAndUnlock("silent", ssh);
        await comesBack(ssh, before);
        await play(ssh, WHOLE);
      }));

    test("a terminal that is resized while it is locked, at a prompt and in vim", () =>
      inTurn(async () => {
        const ssh = await login("resizer");
        await play(ssh, HALF);
        await lock("resizer", ssh);
        ssh.resize(60, 15);
        // Drawn for the new size.
        await ssh.waitFor(() => LOCKED.test(ssh.screen()) && ssh.terminal.buffer.active.cursorY < 15);
        await vex("resizer", ssh);
        await unlock(ssh);
        // What is typed before all is given back is thrown away.
        await auditWith(lab, "resizer", "unlock");
        await ssh.waitFor(/echo half-$/m);
        await play(ssh, [...WHOLE, ["vim -N -u NONE -i NONE n\r", /^14$/m]]);
        await lock("resizer", ssh);
        ssh.resize(90, 30);
        await unlock(ssh);
        await ssh.waitFor(/^29$/m);
        await quiet(ssh);
        await play(ssh, [
          [":q!\r", PROMPT],
          ["tput cols\r", /^90$/m],
        ]);
        expect(stoppedOf(lab, "resizer")).toEqual([]);
      }));
  });
});

const HALF: readonly Step[] = [["echo half-", /echo half-$/m]];
const WHOLE: readonly Step[] = [["whole\r", /^half-whole/m]];

interface Terminal {
  readonly make: (ssh: Ssh) => void;
  readonly size?: { cols: number; rows: number };
}

const TERMINALS: Readonly<Record<string, Terminal>> = {
  "answers no questions": {
    make: answerNothing,
  },
  "answers as PuTTY does": {
    make: ({ terminal: { parser }, write }) => {
      parser.registerCsiHandler({ final: "c" }, () => {
        write("\x1b[?6c");
        return true;
      });
      parser.registerCsiHandler({ prefix: "?", intermediates: "$", final: "p" }, () => true);
    },
  },
  "answers a second late": { make: (ssh) => answerLate(ssh, 1_000) },
  "answers too late": { make: (ssh) => answerLate(ssh, 6_000) },
  "has 20 columns": { make: () => undefined, size: { cols: 20, rows: 24 } },
};

function answerNothing({ terminal: { parser } }: Ssh): void {
  for (const question of [
    { final: "c" },
    { prefix: ">", final: "c" },
    { final: "n" },
    { prefix: "?", intermediates: "$", final: "p" },
  ])
    parser.registerCsiHandler(question, () => true);
}

/** It draws what follows a question, and sends its answer, so much later. */
function answerLate({ terminal: { parser } }: Ssh, ms: number): void {
  const wait = () => sleep(ms).then(() => false);
  // The parser waits for a promise; its types do not say so.
  parser.registerCsiHandler({ final: "c" }, wait as unknown as () => boolean);
}

function picture(ssh: Ssh, { lively, forgetsModes }: Partial<LockedProgram> = {}) {
  const { rows, cursor, ...others } = seenOn(ssh);
  // Without what only a program can tell that prints the last character once more (REP).
  const seen = { ...others, cursor: cursor.slice(0, 3) };
  const history = ssh.terminal.buffer.normal.length;
  if (lively)
    return { modes: seen.modes, type: seen.type, history, rows: rows.slice(lively.from, lively.to) };
  return { ...seen, modes: forgetsModes ? undefined : seen.modes, rows, history };
}

/** All that was printed, scrolled away too. */
function linesOf({ terminal: { buffer } }: Ssh): string[] {
  return Array.from(
    { length: buffer.normal.length },
    (_, row) => buffer.normal.getLine(row)?.translateToString(true) ?? "",
  );
}

async function comesBack(ssh: Ssh, before: unknown, program: Partial<LockedProgram> = {}): Promise<void> {
  await vi.waitFor(() => expect(picture(ssh, program)).toEqual(before), { timeout: 10_000, interval: 100 });
}

async function drawAgain(ssh: Ssh): Promise<void> {
  const { cols, rows } = ssh.terminal;
  ssh.resize(cols - 1, rows);
  await quiet(ssh);
  ssh.resize(cols, rows);
}

/** Types, and sees what comes of it. */
async function play(ssh: Ssh, steps: readonly Step[]): Promise<void> {
  for (const [keys, seen] of steps) {
    ssh.write(keys);
    await ssh.waitFor(seen, 30_000);
  }
}

/** Types a lot, as fast as a terminal takes it: what does not fit would be tried again and again, and keep this process busy. */
async function paste(ssh: Ssh, text: string): Promise<void> {
  for (let at = 0; at < text.length; at += PIECE) {
    ssh.write(text.slice(at, at + PIECE));
    await sleep(5);
  }
}

/** Waits until nothing was drawn for a while. */
async function quiet(ssh: Ssh): Promise<void> {
  for (let length = -1; length !== ssh.output.length; await sleep(QUIET_MS)) length = ssh.output.length;
}

/** Lets so many run at a time, in the order in which they came. */
function turns(most: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (act: () => Promise<void>) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      await act();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
