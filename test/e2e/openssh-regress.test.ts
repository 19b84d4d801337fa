// OpenSSH's own regression tests (Debian's package openssh-tests), with our forced command in the sshd that they start.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";

const REGRESS = "/usr/lib/openssh/regress";
/** Those about exit status, transfers, standard error, sftp, scp and multiplexing; in groups that take about as long as each other. */
const GROUPS = [
  ["multiplex"],
  ["exit-status", "stderr-data", "stderr-after-eof", "sftp", "sftp-cmds", "yes-head"],
  ["exit-status-signal", "transfer", "broken-pipe", "scp", "scp-uri"],
];
const MODES = ["", " wrap"];
const runs = MODES.flatMap((mode) =>
  GROUPS.map((names, group) => ({
    names: names.join(" "),
    command: `/usr/lib/afkill/forced-command${mode}`,
    group,
    mode,
  })),
);

/** A host for each mode: the tests use some ports that are always the same. */
let labs: ReadonlyMap<string, Lab>;
beforeAll(async () => {
  const start = async (mode: string) => {
    const lab = await startLab({ hook: "force-command", policy: 'idle_timeout = "1h"\n' });
    await lab.addUser("tester");
    return [mode, lab] as const;
  };
  labs = new Map(await Promise.all(MODES.map(start)));
});
afterAll(async () => {
  for (const lab of labs?.values() ?? []) await lab.stop();
});

test.concurrent.each(runs)(
  "$names pass with `$command` as the ForceCommand",
  async ({ names, command, group, mode }) => {
    // As the package's own `run-tests` does, in a copy, without sudo. Run by a user, PAM's session modules fail, and say so where the
    // tests expect nothing: without PAM.
    const copy = `/tmp/regress-${group}`;
    const settings = [
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
      "TEST_SHELL=sh",
      "TEST_SSH_SSH=ssh",
      // From OpenSSH 9.8 on, and 10.0 on: the sshd that the tests start is told where its other programs are.
      "TEST_SSH_SSHD_SESSION=/usr/lib/openssh/sshd-session",
      "TEST_SSH_SSHD_AUTH=/usr/lib/openssh/sshd-auth",
      "TEST_SSH_SFTPSERVER=/usr/lib/openssh/sftp-server",
      "TEST_SSH_UNSAFE_PERMISSIONS=1",
      `BUILDDIR=${copy}`,
      `OBJ=${copy}`,
      // Some tests use the ports above it.
      `TEST_SSH_PORT=${4242 + 20 * group}`,
      `TEST_SSH_SSHD_CONFOPTS='ForceCommand exec ${command}'`,
    ];
    const ran = await labs.get(mode)?.run(
      `cp -a ${REGRESS} ${copy} && cd ${copy} && sed -i '/UsePAM/d' test-exec.sh && export ${settings.join(" ")} && for name in ${names}; do
       if said=$(sh test-exec.sh ${copy} ${copy}/$name.sh </dev/zero 2>&1); then echo "ok $name"; else
         echo "$said"; tail -n 60 failed-regress.log failed-sshd.log; fi; done`,
      { user: "tester", timeoutMs: 400_000 },
    );
    expect(ran?.stdout.split("\n")).toEqual([...names.split(" ").map((name) => `ok ${name}`), ""]);
  },
  420_000,
);
