import { describe, expect, it } from "vitest";
import { showNotice, showStays } from "../../../src/notice/show.ts";
import { stays, warning } from "../../../src/notice/text.ts";
import { type Screen, startScreen } from "../../support/notice-screen.ts";

const say = (columns: number) =>
  warning({
    user: "alice",
    kind: "idle",
    idleMs: 840_000,
    lastedMs: 0,
    maxLoginMs: 0,
    closesInMs: 60_000,
    closesAt: new Date(2026, 0, 2, 14, 5),
    message: "Questions: phone 4711",
    columns,
  });

/** A prompt, the first half of a line typed at it, and the second half with what the whole line prints. */
interface Prompt {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly ready: string;
  readonly half: string;
  readonly rest: string;
  readonly key: "Enter" | "a key";
  readonly fill: string;
}

const ECHO = { half: "echo ha", rest: "lf-$((40+2))\r", key: "a key", fill: "seq 100\r" } as const;
const PROMPTS: readonly Prompt[] = [
  { ...ECHO, name: "bash", command: ["/bin/bash", "--norc", "--noprofile", "-i"], ready: "$|#" },
  { ...ECHO, name: "dash", command: ["/bin/dash", "-i"], ready: "$|#", key: "Enter" },
  { ...ECHO, name: "zsh", command: ["/bin/zsh", "-f", "-i"], ready: "%|#" },
  {
    ...ECHO,
    name: "fish",
    command: ["/usr/bin/fish", "--no-config"],
    ready: ">|#",
    rest: "lf-(math 40+2)\r",
  },
  {
    name: "python",
    command: ["/usr/bin/python3", "-q"],
    ready: ">>>",
    half: "print('ha'",
    rest: "+'lf-'+str(40+2))\r",
    key: "a key",
    fill: "print('\\n'.join(map(str,range(101))))\r",
  },
];

async function promptIsThere(screen: Screen, ready: string): Promise<void> {
  await screen.waitFor("a prompt", () => ready.split("|").some((mark) => lastRow(screen).endsWith(mark)));
  await screen.settle();
}

function lastRow(screen: Screen): string {
  return screen.rows()[screen.cursor().y] ?? "";
}

describe.concurrent("a notice at a prompt", { timeout: 60_000 }, () => {
  for (const { name, command, ready, half, rest, key, fill } of PROMPTS) {
    for (const place of ["top", "bottom"] as const) {
      it(`stands above the line being typed in ${name}, at the ${place} of the screen`, async () => {
        using screen = startScreen(command);
        await promptIsThere(screen, ready);
        if (place === "bottom") {
          screen.type(fill);
          await screen.waitFor("a full screen", () => screen.rows().includes("100"));
          await promptIsThere(screen, ready);
        }
        screen.type(half);
        await screen.waitFor("the typed text", () => lastRow(screen).endsWith(half));
        await screen.settle();
        const before = {
          row: lastRow(screen),
          above: screen.rows()[screen.cursor().y - 1],
          ...screen.cursor(),
        };
        expect(before.y).toSatisfy((y: number) => (place === "top" ? y < 8 : y === 23));

        const shown = await showNotice(screen.terminal(), say);
        expect(shown?.form).toBe("prompt");
        await screen.settle();
        const y = screen.cursor().y;
        expect(screen.rows().slice(y - 3, y + 1)).toEqual([
          `afkill: closes in 60 s, press ${key} to stay`,
          "alice: idle for 14 min, this login ends at 14:05",
          "Questions: phone 4711",
          before.row,
        ]);
        expect(screen.rows()[y - 4]).toBe(before.above);
        expect(screen.cursor().x).toBe(before.x);
        expect(screen.bells()).toBe(1);

        await showStays(screen.terminal(), shown, (columns) => stays({ why: "key", columns }));
        await screen.settle();
        expect(screen.rows()[screen.cursor().y - 1]).toBe("afkill: your login stays (you pressed a key)");
        expect(lastRow(screen)).toBe(before.row);
        screen.type(rest);
        await screen.waitFor("the answer of the whole line", () => screen.rows().includes("half-42"));
      });
    }
  }
});
