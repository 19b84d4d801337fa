import { expect, test } from "vitest";
import { idlePatterns } from "../../../src/sshd/channels.ts";
import { meaningOf } from "../../../src/sshd/meanings.ts";
import { dropInText, foreignText, settingsOf } from "../../../src/sshd/timeouts.ts";

const probes = { afterS: 7200, everyS: 75, count: 9 };

test("the drop-in says what was chosen and nothing of the rest", () => {
  const chosen = { clientAliveIntervalS: 60, clientAliveCountMax: 3, tcpKeepAlive: false };
  expect(dropInText(settingsOf(chosen)).split("\n").slice(1)).toEqual([
    "ClientAliveInterval 60",
    "ClientAliveCountMax 3",
    "TCPKeepAlive no",
    "",
  ]);
  const more = settingsOf({ ...chosen, channelTimeout: "x=1h", unusedConnectionTimeoutS: 0 });
  expect(more.slice(3).map(({ value }) => value)).toEqual(["x=1h", "none"]);
});

test("what others wrote into the drop-in is told from ours", () => {
  const ours = dropInText(
    settingsOf({
      clientAliveIntervalS: 1,
      clientAliveCountMax: 0,
      tcpKeepAlive: true,
      channelTimeout: "a=1",
    }),
  );
  expect(foreignText(ours)).toBe("");
  expect(foreignText(`${ours}# only a comment\n\n`)).toBe("");
  expect(foreignText(`${ours}  clientaliveinterval=5\nChannelTimeout\n`)).toBe("");
  expect(foreignText(`${ours}# mine\nMaxAuthTries 5\n`)).toBe("# mine\nMaxAuthTries 5\n");
  expect(foreignText("ClientAliveIntervals 5\n")).toBe("ClientAliveIntervals 5\n");
  const block = "Match User backup\n  ClientAliveInterval 0\n";
  expect(foreignText(`${ours}${block}`)).toBe(block);
});

test.each([
  ["session=1h", ["session"]],
  ["session:*=1h", []],
  ["*=1h global=2h none", []],
  ["session:sh?ll=1h agent-connection=5m bogus=0", ["bogus"]],
  ["session:subsystem:mine=1h session:comman=5m", ["session:comman"]],
  ["direct-*=5m forwarded-streamlocal@openssh.com=1", []],
])("%j: patterns that no channel has are %j", (value, patterns) =>
  expect(idlePatterns(value)).toEqual(patterns),
);

test("the words follow the values", () => {
  const interval = (ClientAliveInterval: string, ClientAliveCountMax: string) =>
    meaningOf("ClientAliveInterval", { ClientAliveInterval, ClientAliveCountMax }, probes).does;
  expect(interval("0", "3")).toContain("never asks");
  expect(interval("60", "3")).toContain(
    "does not answer 3 times loses its login, 3 min after it sent something last",
  );
  expect(interval("60", "0")).toContain("ends nothing, because ClientAliveCountMax is 0");
  expect(meaningOf("TCPKeepAlive", { TCPKeepAlive: "yes" }, probes).does).toContain(
    "silent for 2 h, and closes it 11 min 15 s later",
  );
  expect(meaningOf("ChannelTimeout", {}, probes).does).toContain("does not know this setting");
});
