// Parsers of what the host tells, and users can have a hand in, under hostile text: each answers, soon, with what it says it does.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesIn, errorIn, messagesIn, socketIn } from "../../src/activity/sock-diag.ts";
import { HOLD, stayOf } from "../../src/activity/stay.ts";
import { hidepidOf } from "../../src/commands/doctor/user-hooks.ts";
import { parseEndpoint, parseSshConnection } from "../../src/login/client.ts";
import { parseStat } from "../../src/login/process.ts";
import { idlePatterns } from "../../src/sshd/channels.ts";
import { exceptions } from "../../src/sshd/configured.ts";
import { expandPattern, findForcedKeys, parseUsers, unlistedSource } from "../../src/sshd/forced-keys.ts";
import {
  type Directive,
  finds,
  includesDropIn,
  keyFilePatterns,
  readConfig,
} from "../../src/sshd/sshd-config.ts";
import { dropInText, foreignText } from "../../src/sshd/timeouts.ts";
import { mapClocks, parseHistory, withEvents } from "../../src/system/clock.ts";
import { SSHD_CONFIG } from "../../src/system/paths.ts";
import { hostileText, SEED } from "../support/mutations.ts";

const RUNS = { numRuns: 400, ...SEED };
const numbers = (value: object): number[] => Object.values(value).filter((it) => typeof it === "number");
const areFinite = (value: object) => numbers(value).every(Number.isFinite);

describe("/proc/PID/stat", () => {
  const fields = "S 77 4242 4242 34816 4300 4194560 905 8210 0 3 11 7 20 5 20 0 1 0 123456 8437760 1301 1844";
  const samples = [`4242 (bash) ${fields}\n`, `1 (a) S 1 (b\n) ) ${fields}\n`, `7 () R 0 ${fields}`];

  test("is a process or nothing", () => {
    fc.assert(
      fc.property(hostileText(...samples), (text) => {
        const stat = parseStat(text);
        if (stat) expect([areFinite(stat), /^[A-Za-z]$/.test(stat.state)]).toEqual([true, true]);
      }),
      RUNS,
    );
  });

  test("tells the truth of a process that may call itself anything", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), hostileText(...samples)), (name) => {
        expect(parseStat(`4242 (${name}) ${fields}\n`)).toMatchObject({
          pid: 4242,
          name,
          state: "S",
          parent: 77,
          session: 4242,
          ttyNr: 34816,
          foregroundGroup: 4300,
          threads: 1,
          cpuMs: 180,
          childrenCpuMs: 250,
          startTicks: 123456,
        });
      }),
      RUNS,
    );
  });
});

test("messages of sock_diag are sockets, or an error", () => {
  const bytes = fc.uint8Array({ maxLength: 400 });
  fc.assert(
    fc.property(bytes, (body) => {
      const whole = Buffer.concat([Buffer.alloc(16), body]);
      whole.writeUInt32LE(whole.length, 0);
      for (const message of messagesIn(whole)) {
        expect(Number.isFinite(errorIn(message))).toBe(true);
        if (message.body.length < 72) expect(() => socketIn(message)).toThrow("expected a socket");
        else
          expect([areFinite(socketIn(message).peer), areFinite(bytesIn(message) ?? {})]).toEqual([
            true,
            true,
          ]);
      }
    }),
    RUNS,
  );
  const orThrow = (text: Uint8Array) => {
    try {
      return [...messagesIn(text)].length <= text.length / 16;
    } catch (error) {
      return /^expected a message of sock_diag/.test(String((error as Error).message));
    }
  };
  fc.assert(
    fc.property(bytes, (text) => {
      expect(orThrow(text)).toBe(true);
    }),
    RUNS,
  );
});

test("SSH_CONNECTION and a line of /proc/net/tcp name two ends or nothing", () => {
  const connection = hostileText(
    "10.0.0.2 50000 10.0.0.1 22",
    "::1 99999 ::1 22",
    "fe80::1%eth0 4 ::ffff:1.2.3.4 65535",
  );
  fc.assert(
    fc.property(connection, hostileText("0100007F:1F90", `${"0".repeat(24)}0100007F:0016`), (text, end) => {
      const client = parseSshConnection(text);
      for (const port of client ? [client.port, client.serverPort] : [])
        expect(Number.isInteger(port) && port >= 0 && port <= 65_535).toBe(true);
      const endpoint = parseEndpoint(end);
      if (endpoint) expect(endpoint.address).toMatch(/^[0-9a-f.:]+$/);
    }),
    RUNS,
  );
});

test("a process that looks like pam/hold asks for whole seconds, or for nothing", () => {
  const words = hostileText(
    ...["3600", "x", "9999999999999999"].map((seconds) =>
      ["/bin/sh", "-p", HOLD, seconds, "make"].join("\0"),
    ),
  );
  fc.assert(
    fc.property(words, (text) => {
      for (const { untilMs, command } of stayOf({ pid: 1, startTicks: 5, session: 9 }, text.split("\0"))) {
        expect(untilMs).toBeLessThan(1e12 + 50);
        expect(command?.length ?? 1).toBeLessThanOrEqual(60);
        expect(command).not.toBe("");
      }
    }),
    RUNS,
  );
});

test("a watchdog's history makes a map of the clocks, with no time that is none", () => {
  const samples = [
    "start 10 1700000010;step 20 1700000020 40 1700003640;gap 50 90",
    "start 1 2;gap 3 4;gap 5 6",
    "start -1 2;start 1e999 x;step 1 2 0.5 -9",
  ];
  fc.assert(
    fc.property(hostileText(...samples), fc.integer({ min: 0, max: 10_000 }), (text, atS) => {
      const history = withEvents([], parseHistory(text));
      for (const event of history)
        expect(numbers(event).every((it) => Number.isInteger(it) && it >= 0)).toBe(true);
      const map = mapClocks(history, { bootMs: 100_000, wallMs: 1_700_000_100_000 });
      expect(Number.isFinite(map.toIdleMs(atS))).toBe(true);
      expect(Number.isFinite(map.toBootMs(1_700_000_000_000 + atS * 1000) ?? 0)).toBe(true);
    }),
    RUNS,
  );
});

test("how /proc is mounted is a word or nothing", () => {
  const sample =
    "22 28 0:20 / /proc rw,nosuid shared:12 - proc proc rw,hidepid=2,gid=4\n23 28 0:21 / /sys rw - sysfs sysfs rw";
  fc.assert(
    fc.property(hostileText(sample), (text) => {
      expect(hidepidOf(text) ?? "x").toMatch(/^[^ ,]+$/);
    }),
    RUNS,
  );
});

describe("sshd's configuration", () => {
  const samples = [
    'Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile .ssh/authorized_keys "%h/my keys"\n',
    "Port=22\r\nMatch User a,b\r\n\tForceCommand /usr/bin/false # no\r\nInclude [a-z]*.conf\n",
    "ChannelTimeout session:*=1h agent-connection=5m\nClientAliveInterval 15\n",
  ];
  const readText = (text: string): Directive[] =>
    readConfig({ read: (file) => (file === SSHD_CONFIG ? text : "Port 1\n"), glob: () => ["/etc/other"] });

  test("is read line by line, whatever it holds", () => {
    fc.assert(
      fc.property(hostileText(...samples), (text) => {
        const lines = text.split("\n").length;
        const config = readText(text);
        for (const { keyword, line } of config) {
          expect(keyword).toMatch(/^[^\s#="]+$/);
          expect(line).toBeLessThanOrEqual(lines);
        }
        expect(typeof includesDropIn(config)).toBe("boolean");
        expect(keyFilePatterns(config).length).toBeLessThanOrEqual(text.length + 2);
        expect(exceptions(config).length).toBeLessThanOrEqual(config.length);
      }),
      RUNS,
    );
  });

  test("has lines that end as Windows ends them", () => {
    const [port, match, force] = readText("Port=22\r\nMatch all\r\nForceCommand /bin/x  y\r\n");
    expect([port?.args, match?.args, force?.args]).toEqual([["22"], ["all"], ["/bin/x", "y"]]);
  });

  test("may include patterns that are none", () => {
    fc.assert(
      fc.property(hostileText("/etc/ssh/sshd_config.d/*.conf", "[!a-b]?\\*[]]"), (pattern) => {
        expect(typeof finds(pattern, "/etc/ssh/sshd_config.d/00-afkill.conf")).toBe("boolean");
      }),
      RUNS,
    );
  });

  test("may hold any value of ChannelTimeout, and any drop-in of somebody else's", () => {
    fc.assert(
      fc.property(hostileText("session:*=1h agent-connection=5m", ...samples), (text) => {
        expect(idlePatterns(text).length).toBeLessThanOrEqual(text.length);
        expect(text).toContain(foreignText(text).split("\n")[0]);
      }),
      RUNS,
    );
    expect(foreignText(dropInText([{ keyword: "ClientAliveInterval", value: "1" }]))).toBe("");
  });
});

describe("keys and users", () => {
  const samples = [
    'command="/bin/backup \\"x\\"",no-pty ssh-ed25519 AAAA me@here\ncert-authority,principals="a,b" ssh-rsa BBBB\n',
    "# comment\nssh-ed25519 AAAA command=x\n  restrict ssh-rsa CCCC\n",
  ];

  test("authorized_keys is read line by line, whatever it holds", () => {
    fc.assert(
      fc.property(hostileText(...samples), (text) => {
        const lines = text.split("\n").length;
        for (const { where } of findForcedKeys("keys", text)) {
          expect(where).toMatch(/^keys:[1-9]\d*$/);
          expect(Number(where.slice(5))).toBeLessThanOrEqual(lines);
        }
      }),
      RUNS,
    );
  });

  test.each([['"'], ['"\\"'], ["\\"], ['a"b"'], [" "], ["command="], ['"a",']])(
    "a million times %s takes no time",
    (part) => {
      const text = part.repeat(Math.ceil(1e6 / part.length));
      expect(findForcedKeys("keys", text).length).toBeLessThanOrEqual(2);
      expect(readConfig({ read: () => text, glob: () => [] }).length).toBeLessThanOrEqual(1);
      expect(foreignText(text).length).toBeLessThanOrEqual(text.length);
    },
    5000,
  );

  test("the users of a host have a name, a number and a home, and their keys a path", () => {
    const users = hostileText("root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/zsh\n");
    fc.assert(
      fc.property(users, hostileText(".ssh/keys", "/etc/keys/%u", "%h/%U%%"), (text, pattern) => {
        for (const user of parseUsers(text)) {
          expect([Number.isInteger(user.uid), user.name !== "", user.home !== ""]).toEqual([
            true,
            true,
            true,
          ]);
          expect(expandPattern(pattern, user) ?? "/").toContain("/");
        }
        expect(unlistedSource(text) ?? "x").not.toBe("");
      }),
      RUNS,
    );
  });
});
