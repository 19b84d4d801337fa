// Two panes of a private tmux: the user's terminal on the left, the log on the right.
import { execFile, spawn } from "node:child_process";
import { constants, createWriteStream, openSync, type WriteStream } from "node:fs";
import { promisify } from "node:util";
import { inside } from "../../test/lab/inside.ts";
import type { Lab } from "../../test/lab/lab.ts";
import type { Stage } from "./stage.ts";

const SOCKET = "/run/demo.tmux";
const NARROW = 120;

/**
 * Opens the panes on this process's terminal. The tmux server is a process of the lab, so it ends with the lab, even if this process is
 * killed. The tmux client is outside, and restores the terminal when the server ends.
 */
export async function openPanes(lab: Lab): Promise<Stage> {
  const { columns = 80, rows = 24 } = process.stdout;
  const server = async (...command: readonly string[]) => {
    const argv = [...inside(lab.pid), "tmux", "-S", SOCKET, "-f", "/dev/null", ...command];
    const { stdout } = await promisify(execFile)("nsenter", argv, { env: environment });
    return stdout.trim();
  };
  const ask = (pane: string, format: string) => server("display-message", "-p", "-t", pane, format);

  // A pane that shows what is written to it and ignores what is typed.
  const idle = "stty raw -echo; exec sleep infinity";
  const size = ["-x", String(columns), "-y", String(rows)];
  const left = await server("new-session", "-d", "-P", "-F", "#{pane_id}", ...size, idle);
  const direction = columns < NARROW ? "-v" : "-h";
  const right = await server("split-window", direction, "-P", "-F", "#{pane_id}", "-t", left, idle);
  await server("select-pane", "-t", left);
  for (const [pane, label] of [
    [left, "the user's terminal: ssh visitor@lab"],
    [right, "the log: /var/log/messages"],
  ] as const)
    await server("set-option", "-p", "-t", pane, "@label", label);
  for (const [option, value] of [
    ["pane-border-status", "top"],
    ["pane-border-format", " #{@label} "],
    ["status-left", ""],
    ["status-right", " Ctrl-C ends the demo "],
    ["status-right-length", "40"],
    ["status-format[0]", "#[align=left] afkill: #{@said} #[align=right]#{T:status-right}"],
    ["@said", "a user logs in"],
  ] as const)
    await server("set-option", "-g", option, value);
  await server("bind-key", "-n", "C-c", "kill-server");

  const open = async (pane: string): Promise<WriteStream> => {
    const path = lab.root + (await ask(pane, "#{pane_tty}"));
    const stream = createWriteStream("", { fd: openSync(path, constants.O_WRONLY | constants.O_NOCTTY) });
    // Fails once tmux has ended; `closed` reports that.
    stream.on("error", () => undefined);
    return stream;
  };
  const [leftStream, rightStream] = [await open(left), await open(right)];
  const userSize = (await ask(left, "#{pane_width} #{pane_height}")).split(" ").map(Number);

  const client = spawn("tmux", ["-S", `${lab.root}${SOCKET}`, "attach-session"], {
    stdio: "inherit",
    env: { ...environment, TERM: process.env.TERM ?? "xterm" },
  });
  const closed = new Promise<void>((resolve) => {
    client.on("close", () => resolve());
  });
  return {
    columns: userSize[0] ?? 80,
    rows: userSize[1] ?? 24,
    user: (data) => void leftStream.write(data),
    screen: () => undefined,
    log: (line) => void rightStream.write(`${line}\r\n`),
    say: (line) => void server("set-option", "-g", "@said", line).catch(() => undefined),
    closed,
    close: async () => {
      await server("kill-server").catch(() => undefined);
      await closed;
    },
  };
}

const environment = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LANG: "C.UTF-8", HOME: "/" };
