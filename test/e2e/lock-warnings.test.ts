// What an administrator is told whose policy locks, on a host whose hook cannot lock.
import { expect, test } from "vitest";
import { startLab } from "../lab/lab.ts";
import { afkill } from "../support/install.ts";

const PLACE = "/etc/afkill/afkill.toml:1:1: at_limit: ";
const CLOSES = "the limit closes the terminal there: hook profile cannot lock, only hook pam can\n";

test("check warns, root and others, explain tells the closing, install notes it, until the pam hook is there", async () => {
  await using lab = await startLab({ hook: "profile", policy: 'at_limit = "lock"\n' });
  await lab.addUser("alice");
  for (const user of ["root", "alice"]) {
    const checked = await afkill(lab, "config check", { user });
    expect(checked).toMatchObject({ status: 0, stderr: "" });
    expect(checked.stdout).toContain(`${PLACE}warning: ${CLOSES}`);
  }
  expect(await lab.must("afkill explain alice")).toContain("No hook of this host can lock");

  expect((await afkill(lab, "install --hook profile")).stdout).toContain(`note: ${PLACE}${CLOSES}`);
  const placed = await afkill(lab, "install --hook pam");
  expect(placed).toMatchObject({ status: 0, stderr: "" });
  expect(placed.stdout).not.toContain("cannot lock");
  expect(await lab.must("afkill config check")).toContain("good: 1 file, 0 rules\n");
  expect(await lab.must("afkill explain alice")).toContain("the terminal is locked");
});
