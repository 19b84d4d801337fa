// The live view inside a wrapped login draws, follows the window and quits as in a plain one.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab, Ssh } from "../lab/lab.ts";
import { pictureOf } from "../support/emulated.ts";
import { inBoth, startWrapLab } from "../support/wrap.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startWrapLab('idle_timeout = "1h"\n');
  // Only root sees whose sshd is one.
  await lab.must(`
    install -D -m 600 /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
    echo "PS1='$ '; bind 'set enable-bracketed-paste off'" >/root/.bash_profile`);
});
afterAll(() => lab?.stop());

const SIZES: readonly (readonly [columns: number, rows: number, header: RegExp])[] = [
  [120, 30, /^ USER CLIENT TERMINAL SINCE/m],
  [50, 12, /^ USER IDLE/m],
  [80, 24, /^ USER TERMINAL IDLE/m],
];
const ROW = /^>? root/;
const OWN_ROW = /^[> ] root\*/m;
const AT_END = /-extproc\n\$/;

/** What of the screen is the same whichever login it is, with blanks as one: columns are as wide as what is in them. */
function frame(ssh: Ssh): string {
  const lines = ssh.screen().split("\n", ssh.terminal.rows);
  const seen = lines.map((line) => line.slice(0, ssh.terminal.cols).trimEnd().replace(/ +/g, " "));
  return seen.map((line) => (ROW.test(line) ? "root" : line.replace(/, by time.*/, ""))).join("\n");
}

const isDrawn = (text: string, header: RegExp) =>
  header.test(text) && text.split("\nroot").length === 3 && /quit$/m.test(text);

test("afkill top shows the same in a wrapped login as in a plain one, and leaves it as it was", async () => {
  const seen = { wrapped: Promise.withResolvers<void>(), plain: Promise.withResolvers<void>() };
  const [wrapped, plain] = await inBoth(lab, "root", async (ssh, way) => {
    ssh.write("clear; stty -a\r");
    await ssh.waitFor(AT_END);
    const before = pictureOf(ssh.terminal);
    ssh.write("clear; afkill top; clear; stty -a\r");
    const frames: string[] = [];
    for (const [columns, rows, header] of SIZES) {
      ssh.resize(columns, rows);
      await ssh.waitFor(() => isDrawn(frame(ssh), header));
      frames.push(frame(ssh));
    }
    expect(ssh.screen()).toMatch(OWN_ROW);
    expect(ssh.terminal.buffer.active.type).toBe("alternate");
    seen[way].resolve();
    await Promise.all([seen.wrapped.promise, seen.plain.promise]);
    ssh.write("q");
    await ssh.waitFor(AT_END);
    return { frames, before, after: pictureOf(ssh.terminal) };
  });
  expect(wrapped).toEqual(plain);
  expect(wrapped.after).toEqual(wrapped.before);
});
