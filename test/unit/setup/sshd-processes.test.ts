// Which connections have yet to ask for their PAM service.
import { expect, test } from "vitest";
import { isUnnamed } from "../../../src/setup/sshd-processes.ts";

test.each([
  "sshd-session: [accepted]",
  "sshd-session: [rexeced]",
  "sshd: [accepted]",
  "sshd: /usr/sbin/sshd -D [listener] 1 of 10-100 startups",
  "/usr/sbin/sshd",
  "/usr/lib/openssh/sshd-session",
  "",
])("%j has not named its user", (title) => expect(isUnnamed(title)).toBe(true));

test.each([
  "sshd-session: anna [priv]",
  "sshd-session: unknown [priv]",
  "sshd-session: anna [postauth]",
  "sshd-session: root@pts/0",
  "sshd: anna [priv]",
  "sshd-session: anna@notty",
])("%j has", (title) => expect(isUnnamed(title)).toBe(false));
