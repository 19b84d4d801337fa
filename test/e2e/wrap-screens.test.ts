// What programs draw looks the same on a wrapped terminal as on a plain one, and after a notice as before it.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lab, Ssh } from "../lab/lab.ts";
import { pictureOf, write } from "../support/emulated.ts";
import { addPlainUser, inBoth, startWrapLab } from "../support/wrap.ts";

const ESC = "\x1b";
/** In the spirit of vttest: what a VT220 and an xterm can do, one screen each. */
const SCREENS: Readonly<Record<string, string>> = {
  "line drawing": `${ESC}[2J${ESC}[H${ESC}(0lqqqk\r\nx   x\r\nmqqqj${ESC}(B plain ${ESC})0\x0eqx\x0f back ${ESC}*0${ESC}nq${ESC}(B\x0f`,
  "a scroll region": `${ESC}[2J${ESC}[5;10r${ESC}[10;1H${"line\r\n".repeat(9)}last${ESC}[5;1H${ESC}M${ESC}Mup${ESC}[7;3H`,
  "origin mode": `${ESC}[2J${ESC}[3;8r${ESC}[?6h${ESC}[1;1Htop${ESC}[99;1Hbottom${ESC}[2;5H`,
  "insert mode": `${ESC}[2J${ESC}[4;1Habcdef${ESC}[4;3H${ESC}[4hXYZ${ESC}[5;1Hmore`,
  "tab stops": `${ESC}[2J${ESC}[H${ESC}[3g${ESC}[5G${ESC}H${ESC}[11G${ESC}H\r\ta\tb${ESC}[Zc`,
  "wide characters": `${ESC}[2J${ESC}[H${"中文".repeat(21)}e\u0301 😀${ESC}[2;40H한`,
  colours: `${ESC}[2J${ESC}[H${Array.from({ length: 256 }, (_, n) => `${ESC}[38;5;${n};48;5;${255 - n}m*`).join("")}${ESC}[38;2;1;2;3;48;2;250;9;0;4:3;58;5;9mtrue`,
  styles: `${ESC}[2J${ESC}[H${[1, 2, 3, 4, 5, 7, 8, 9, 21, 53].map((n) => `${ESC}[${n}mstyle ${n}${ESC}[m `).join("")}${ESC}[1;7m`,
  "double lines": `${ESC}[2J${ESC}[H${ESC}#3double${ESC}[2;1H${ESC}#4double${ESC}[3;1H${ESC}#6wide${ESC}[5;1H`,
  alignment: `${ESC}#8${ESC}[12;30H${ESC}[1K${ESC}[13;30H${ESC}[K${ESC}[2;2H${ESC}[5X${ESC}[3P${ESC}[4@`,
  "no wrapping": `${ESC}[2J${ESC}[H${ESC}[?7l${"0123456789".repeat(9)}${ESC}[2;1H${ESC}[?7h${"0123456789".repeat(8)}`,
  "a hidden cursor and keypad modes": `${ESC}[2J${ESC}[?25l${ESC}[?1h${ESC}=${ESC}[?1006h${ESC}[?1002h${ESC}[?1004h${ESC}[9;9H`,
  "lines inserted and deleted": `${ESC}[2J${ESC}[H${Array.from({ length: 24 }, (_, n) => `${n}`).join("\r\n")}${ESC}[5;1H${ESC}[3L${ESC}[15;1H${ESC}[2M${ESC}[2S${ESC}[T`,
  "a saved cursor": `${ESC}[2J${ESC}[3;3H${ESC}[31m${ESC}7${ESC}[m${ESC}[20;20Hthere${ESC}8here`,
  "the other screen": `${ESC}[2J${ESC}[Hfirst${ESC}[?1049h${ESC}[5;5Hsecond`,
  "a link": `${ESC}[2J${ESC}[H${ESC}]8;id=x;http://a.example${ESC}\\here${ESC}]8;;${ESC}\\ there`,
  "protected text": `${ESC}[2J${ESC}[H${ESC}[1"qkept${ESC}[0"q gone${ESC}[?2J`,
};

/** Ends whatever a screen has put the terminal into. */
const RESET = `${ESC}[!p${ESC}[?1049l${ESC}[?7h${ESC}[?25h${ESC}[?1l${ESC}>${ESC}[?1002l${ESC}[?1004l${ESC}[r${ESC}[m`;

interface Shown {
  /** What to type, with the pauses that a person makes. */
  readonly keys: readonly string[];
  /** What is on the screen once each of them has been drawn. */
  readonly seen: readonly RegExp[];
}

const PROGRAMS: Readonly<Record<string, Shown>> = {
  vim: {
    keys: ["vim -n -u NONE -c 'set nocp laststatus=2 ruler' text\r", "20Gdd3jp", ":split\r", "/line 30\r"],
    seen: [/1,1 +Top/, /24,1/, /^text .*(\n.*)*^text /m, /(30|29),1/],
  },
  less: {
    keys: ["less text\r", " ", "/line 70\r"],
    seen: [/^line 23$/m, /^line 46$/m, /^line 92$/m],
  },
  tmux: {
    keys: [
      "tmux -L $WAY -f /tmp/tmux.conf new -s s bash --norc\r",
      "PS1='> '; clear\r",
      "\x02%",
      "PS1='# '; clear; seq 5\r",
      '\x02"',
      "PS1='= '; clear\r",
    ],
    seen: [/bash/, /^>/m, /│/, /│5/, /├─/, /│=/],
  },
  mc: {
    keys: ["mc -u -x /home/user/empty /home/user/empty\r", "\x1b[B", "\x1b[20~"],
    seen: [/UP--DIR(.|\n)*Quit/, /UP--DIR/, /really want to quit|Quit/],
  },
  htop: {
    keys: ["htop --readonly -p 1\r", "\x1bOP"],
    seen: [/F10Quit/, /htop \d/],
  },
};

let lab: Lab;
beforeAll(async () => {
  // On a crowded host a loop that starts a program twice a second is work: not what is looked at here.
  lab = await startWrapLab(`
activity = ["input"]
idle_timeout = "1h"
[[rule]]
match = { users = ["warned"] }
idle_timeout = "40s"
warn_before = ["25s"]
[[rule]]
match = { users = ["flowing"] }
idle_timeout = "30s"
warn_before = ["20s"]
`);
  for (const user of ["user", "warned", "flowing"]) {
    await addPlainUser(lab, user);
    await lab.must(`seq -f 'line %g' 100 >text; mkdir empty; touch -d '2024-01-02 03:04' . empty`, { user });
  }
  await lab.write(
    "/tmp/tmux.conf",
    "set -g status-right ''\nset -g status-left ''\nset -g automatic-rename off\nset -g escape-time 0\n",
  );
  await Promise.all(Object.values(SCREENS).map((bytes, n) => lab.write(`/tmp/screen${n}`, bytes)));
});
afterAll(() => lab?.stop());

/** Everything on the screen and about it, once nothing has come for a while. */
async function settled(ssh: Ssh): Promise<ReturnType<typeof pictureOf>> {
  await ssh.waitFor(async () => {
    const before = ssh.output.length;
    await sleep(700);
    return before === ssh.output.length;
  });
  await write(ssh.terminal, "");
  return pictureOf(ssh.terminal);
}

/** Without what changes by itself on the screen of htop, and without what depends on how a program cut its output. */
function still(name: string, shown: ReturnType<typeof pictureOf>) {
  const picture = { ...shown, cursor: shown.cursor.slice(0, 3) };
  return name === "htop" ? { ...picture, rows: picture.rows.slice(-1), kept: undefined } : picture;
}

/** Starts a program and brings it to its last screen. */
async function play(ssh: Ssh, way: string, { keys, seen }: Shown): Promise<void> {
  for (const [step, key] of keys.entries()) {
    ssh.write(key.replace("$WAY", way));
    const what = seen[step] as RegExp;
    await ssh.waitFor(what);
  }
}

describe.concurrent("a wrapped terminal", () => {
  test("shows what a plain one shows: every screen in the spirit of vttest", async () => {
    const names = Object.keys(SCREENS);
    const [wrapped, plain] = await inBoth(lab, "user", async (ssh) => {
      const pictures: unknown[] = [];
      for (const n of names.keys()) {
        ssh.write(`clear; cat /tmp/screen${n}; read -rsn1\r`);
        const mark = ssh.output.length;
        await ssh.waitFor(() => ssh.output.length > mark + 8);
        pictures.push(await settled(ssh));
        ssh.write(" ");
        ssh.write(`printf '${RESET.replaceAll(ESC, "\\033")}'\r`);
        await settled(ssh);
      }
      return pictures;
    });
    for (const [n, name] of names.entries()) expect(wrapped[n], name).toEqual(plain[n]);
    // None of them is the screen of another.
    expect(new Set(wrapped.map((picture) => JSON.stringify(picture))).size).toBe(names.length);
  });

  test.each(Object.entries(PROGRAMS))("shows %s as a plain one does", async (name, program) => {
    const [wrapped, plain] = await inBoth(lab, "user", async (ssh, way) => {
      await play(ssh, way, program);
      return still(name, await settled(ssh));
    });
    expect(wrapped).toEqual(plain);
  });

  test("takes a paste of 1 MB whole: raw, in lines, and in vim", async () => {
    const line = `${"pasted text ".repeat(16)}\r`;
    const paste = line.repeat(Math.ceil(1_000_000 / line.length));
    const hash = createHash("sha256").update(paste.replaceAll("\r", "\n")).digest("hex");
    const ssh = lab.ssh("user");
    await ssh.waitFor(/^\$ $|^\$$/m);
    ssh.write("stty -echo; cat >lines; stty echo; sha256sum lines; echo do''ne\r");
    await settled(ssh);
    ssh.write(`${paste}\x04`);
    await ssh.waitFor(/^done/m);
    expect(ssh.screen()).toContain(hash);

    ssh.write(
      `clear; stty raw -echo; head -c ${paste.length} | tr '\\r' '\\n' >raw; stty sane; sha256sum raw; echo fi''ne\r`,
    );
    await settled(ssh);
    ssh.write(paste);
    await ssh.waitFor(/^fine/m);
    expect(ssh.screen()).toContain(hash);

    ssh.write(
      "clear; vim -n -u NONE -c 'set nocp paste' -c startinsert pasted; sha256sum pasted; echo en''d\r",
    );
    await ssh.waitFor(/INSERT/);
    ssh.write(`\x1b[200~${paste.slice(0, -1)}\x1b[201~`);
    ssh.write("\x1b:wq\r");
    await ssh.waitFor(/^end/m, 120_000);
    expect(ssh.screen()).toContain(hash);
  });
});

describe.concurrent("a notice leaves no trace", () => {
  const BAR = /^afkill: closes in \d+ s, press a key/m;
  const HALF_TYPED: Shown = { keys: ["clear; seq 30\r", "echo half-ty"], seen: [/^30$/m, /half-ty/] };
  const REGION: Shown = {
    keys: ["clear; printf 'first\\033[5;10r\\033[10;1Htext\\n\\n\\033[31m'; read -rsn1\r"],
    seen: [/^text/m],
  };
  const INSIDE = { ...PROGRAMS, "a half-typed line": HALF_TYPED, "a scroll region": REGION };

  test.each(Object.entries(INSIDE))("in %s", async (name, program) => {
    const ssh = lab.ssh("warned");
    await ssh.waitFor(/^\$ $|^\$$/m);
    await play(ssh, name.replaceAll(" ", ""), program);
    // The help of htop stands still.
    const before = still("", await settled(ssh));
    await ssh.waitFor(BAR);
    ssh.write("q");
    await ssh.waitFor(/^afkill: your login stays/m);
    await ssh.waitFor(() => !ssh.screen().includes("afkill:"));
    expect(still("", await settled(ssh))).toEqual(before);
    ssh.kill();
  });

  test("while a program prints a line a second", async () => {
    const ssh = lab.ssh("flowing");
    await ssh.waitFor(/^\$ $|^\$$/m);
    ssh.write("clear; n=0; until [ -e /tmp/enough ]; do echo line $((n += 1)); sleep 0.5; done\r");
    await ssh.waitFor(BAR);
    // With lines that come, and scroll out, below the notice.
    const enough = Math.max(lastLine(ssh), ssh.terminal.rows) + 3;
    await ssh.waitFor(() => lastLine(ssh) >= enough && BAR.test(ssh.screen()));
    expect(ssh.screen().split("\n")[0]).toMatch(BAR);
    ssh.write("q");
    await lab.must("touch /tmp/enough");
    await ssh.waitFor(() => /^line \d+\n\$/m.test(ssh.screen()) && !ssh.screen().includes("afkill:"));
    const last = lastLine(ssh);
    const rows = Array.from({ length: 23 }, (_, n) => `line ${last - 22 + n}`);
    expect(ssh.screen().trimEnd()).toBe([...rows, "$"].join("\n"));
    ssh.kill();
  });
});

function lastLine(ssh: Ssh): number {
  return Math.max(0, ...[...ssh.screen().matchAll(/^line (\d+)/gm)].map(([, n]) => Number(n)));
}
