// Completion in real shells on real terminals: keys go in, the Tab key among them, and the screen is read.
import { Command, Option } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { completionScript } from "../../src/console/completion/script.ts";
import { outlineOf } from "../../src/console/outline.ts";
import { COMPLETIONS } from "../../src/system/paths.ts";
import { SHELLS, type Shell } from "../../src/system/shells.ts";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";

const PROMPT = "ready>";
/** What an administrator has in their rc file. fish completes no command that it does not find in PATH. */
const RC: Readonly<Record<Shell, readonly [string, string]>> = {
  bash: [".bashrc", `. /usr/share/bash-completion/bash_completion\nPS1='${PROMPT} '\n`],
  zsh: [".zshrc", `autoload -Uz compinit && compinit -u\nPS1='${PROMPT} '\n`],
  fish: [
    ".config/fish/config.fish",
    `set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\nset -gx PATH $PATH /usr/sbin\n` +
      `function fish_prompt; echo '${PROMPT} '; end\n`,
  ],
};

const LIES = ["evil; touch /tmp/evil@pts/9", "$(touch /tmp/evil)@pts/98", "-evil@pts/97", "e vil"];

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "pam" });
  for (const shell of SHELLS) {
    const home = `/home/${shell}-user`;
    await lab.addUser(`${shell}-user`, { shell: `/usr/bin/${shell}`, sudo: true });
    await lab.write(`${home}/${RC[shell][0]}`, RC[shell][1]);
    await lab.write(`${home}/sub/some policy.toml`, "");
    await lab.must(`chown -R ${shell}-user: ${home}`);
  }
  // Processes of this name with these titles and no arguments, as an sshd shows itself. They wait for input that never comes.
  await lab.must("cp /usr/bin/cat /usr/local/bin/sshd");
  for (const lie of LIES) lab.spawn(`exec bash -c 'exec -a "$0" /usr/local/bin/sshd' 'sshd: ${lie}'`);
  await lab.must(`until [ $(ps -C sshd -o args= | grep -c vil) = ${LIES.length} ]; do sleep 0.1; done`);
});
afterAll(() => lab.stop());

/** A shell at its prompt. */
async function shellOf(shell: Shell): Promise<Ssh> {
  const ssh = lab.ssh(`${shell}-user`, [], undefined, { cols: 100, rows: 30 });
  await atEmptyPrompt(ssh);
  return ssh;
}

async function atEmptyPrompt(ssh: Ssh): Promise<void> {
  await ssh.waitFor(() => ssh.screen().trimEnd().split("\n").at(-1)?.trim() === PROMPT);
}

/** Types at an empty prompt on an empty screen, waits for what shall come. */
async function typed(ssh: Ssh, keys: string, ...wanted: readonly RegExp[]): Promise<void> {
  ssh.write("\x15\x0c");
  await ssh.waitFor(() => ssh.screen().trim() === PROMPT);
  ssh.write(keys);
  for (const each of wanted) await ssh.waitFor(each);
  ssh.write("\x15");
}

/** A line that Tab goes on with: the mark that is typed after it stands where the completed word has ended. */
function goesOn(ssh: Ssh, line: string, completed: string): Promise<void> {
  const pattern = completed.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return typed(ssh, `${line}\tX`, new RegExp(`^${PROMPT} ${pattern}X *$`, "m"));
}

/** A line at whose end there are several ways to go on: bash shows them at the second Tab. */
function lists(ssh: Ssh, shell: Shell, line: string, ...wanted: readonly RegExp[]): Promise<void> {
  return typed(ssh, shell === "bash" ? `${line}\t\t` : `${line}\t`, ...wanted);
}

/** Commands with all that a command can have. */
function madeUp(): Command {
  const program = new Command("afkill").version("1").enablePositionalOptions();
  program
    .command("end")
    .alias("kill")
    .summary("end it's [all]: $(touch /tmp/evil) `touch /tmp/evil` \"\\n\\'\"")
    .argument("<login...>")
    .option("-m, --message <text>", "say 'so': [it]");
  program.command("explain").argument("<user>").option("--group <group>", "one");
  const config = program.command("config");
  config.command("check").argument("[file]").option("--below <directory>", "where");
  config.command("show");
  program.command("run").argument("<command...>").option("--why <text>", "why").passThroughOptions();
  program
    .command("place")
    .addOption(new Option("-k, --hook <name>", "how").choices(["pam", "force-command", "profile"]))
    .option("--dry-run", "do nothing")
    .addOption(new Option("--hidden-one", "not for people").hideHelp());
  return program;
}

describe.each(SHELLS)("%s", (shell) => {
  test("finds the installed script by itself", async () => {
    const installed = await lab.must(`cat ${COMPLETIONS[shell]}`);
    expect(await lab.must(`/usr/sbin/afkill completion ${shell}`)).toBe(installed);
    expect(await lab.must(`${shell} -n ${COMPLETIONS[shell]} 2>&1`)).toBe("");
    const ssh = await shellOf(shell);
    await goesOn(ssh, "afkill inst", "afkill install ");
    await goesOn(ssh, "sudo afkill inst", "sudo afkill install ");
    await goesOn(ssh, "afkill sshd ap", "afkill sshd apply ");
    await goesOn(ssh, "afkill install --hook fo", "afkill install --hook force-command ");
    await lists(ssh, shell, "afkill install --hook ", /\bpam\b/, /\bforce-command\b/, /\bprofile\b/);
    await goesOn(
      ssh,
      "afkill sshd apply --tcp-k",
      `afkill sshd apply --tcp-keepalive${shell === "zsh" ? "=" : " "}`,
    );
    await goesOn(ssh, "afkill help unin", "afkill help uninstall ");
    ssh.kill();
  });

  test("takes a script that is read by hand", async () => {
    await lab.must(`mv ${COMPLETIONS[shell]} /root/script`);
    try {
      const ssh = await shellOf(shell);
      ssh.write(
        shell === "fish"
          ? "afkill completion fish | source\r"
          : `source <(/usr/sbin/afkill completion ${shell})\r`,
      );
      await ssh.waitFor(() => ssh.screen().trimEnd().split("\n").length > 1);
      await atEmptyPrompt(ssh);
      await goesOn(ssh, "afkill uninst", "afkill uninstall ");
      ssh.kill();
    } finally {
      await lab.must(`mv /root/script ${COMPLETIONS[shell]}`);
    }
  });
});

describe.each(SHELLS)("%s with commands of every kind", (shell) => {
  let ssh: Ssh;
  const [alice, bob] = ["alice", "bob"].map((name) => `${name}-${shell}`);
  beforeAll(async () => {
    await lab.write(COMPLETIONS[shell], completionScript(shell, outlineOf(madeUp())));
    ssh = await shellOf(shell);
  });
  afterAll(() => ssh?.kill());

  test("completes commands, aliases and what is below them", async () => {
    await goesOn(ssh, "afkill ki", "afkill kill ");
    await goesOn(ssh, "afkill config sh", "afkill config show ");
    await lists(ssh, shell, "afkill config ", /\bcheck\b/, /\bshow\b/);
    await goesOn(ssh, "afkill help ex", "afkill help explain ");
    // A word that is no command leads nowhere.
    await goesOn(ssh, "afkill nothing sh", "afkill nothing sh");
  });

  test("completes options where they may stand, with their values", async () => {
    await goesOn(ssh, "afkill place --dry", "afkill place --dry-run ");
    await lists(ssh, shell, "afkill place -", /--hook\b/, /--dry-run\b/, /--help\b/);
    expect(ssh.output).not.toContain("--hidden-one");
    await goesOn(ssh, "afkill place --hook fo", "afkill place --hook force-command ");
    await goesOn(ssh, "afkill place --hook=fo", "afkill place --hook=force-command ");
    await goesOn(ssh, "afkill place -k fo", "afkill place -k force-command ");
    await lists(ssh, shell, "afkill place --hook=", /\bpam\b/, /\bforce-command\b/, /\bprofile\b/);
    await goesOn(ssh, "afkill explain --group daem", "afkill explain --group daemon ");
  });

  test("completes users, files, directories and commands", async () => {
    await goesOn(ssh, "afkill explain daem", "afkill explain daemon ");
    await goesOn(ssh, "afkill explain --group x daem", "afkill explain --group x daemon ");
    await goesOn(ssh, "afkill config check sub/so", "afkill config check sub/some\\ policy.toml ");
    await goesOn(ssh, "afkill config check --below su", "afkill config check --below sub/");
    await goesOn(ssh, "afkill run setpr", "afkill run setpriv ");
    await goesOn(ssh, "afkill run -- ls --full-t", "afkill run -- ls --full-time ");
    // The value of an option is no argument.
    await goesOn(ssh, "afkill config check --below check su", "afkill config check --below check sub/");
    // No file where none is asked for.
    await goesOn(ssh, "afkill end su", "afkill end su");
  });

  test("offers the logins of now, and nothing that a liar put there", async () => {
    await lab.addUser(`alice-${shell}`);
    await lab.addUser(`bob-${shell}`);
    const withTerminal = lab.ssh(`alice-${shell}`);
    await withTerminal.waitFor(/@lab/);
    withTerminal.write("tty\r");
    await withTerminal.waitFor(/^\/dev\/pts\/\d+/m);
    const terminal = /^\/dev\/(pts\/\d+)/m.exec(withTerminal.screen())?.[1] ?? "";
    const forwarding = lab.ssh(`bob-${shell}`, ["-N"]);
    await lab.must(`until pgrep -u bob-${shell} sshd; do sleep 0.1; done`);

    await goesOn(ssh, "afkill end ali", `afkill end ${alice} `);
    await goesOn(ssh, "sudo afkill kill bo", `sudo afkill kill ${bob} `);
    await lists(ssh, shell, "afkill end ", new RegExp(`${terminal}\\b`), /alice/, /bob/, /-user/);
    expect(ssh.output).not.toMatch(/evil|pts\/9/);
    if (shell !== "bash")
      await lists(ssh, shell, "afkill end pts/", new RegExp(`${terminal} +\\S*.*${alice}`));
    withTerminal.kill();
    forwarding.kill();
  });

  test("says what commands and options are for", { skip: shell === "bash" }, async () => {
    await lists(
      ssh,
      shell,
      "afkill ",
      /end it's \[all\]: \$\(touch \/tmp\/evil\) `touch \/tmp\/evil` "\\n\\'"/,
    );
    await lists(ssh, shell, "afkill end -", /say 'so': \[it\]/);
  });

  test("runs nothing of the line", async () => {
    await typed(ssh, "afkill end $(touch /tmp/evil) `touch /tmp/evil` --message \t\t");
    const line = "afkill explain --group $(touch /tmp/evil) daem";
    await goesOn(ssh, line, `${line}on `);
    expect((await lab.run("ls /tmp/evil")).status).toBe(2);
  });
});
