// One attempt to unlock: PAM asks in a process of its own, and the locker passes its questions on.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { LOCK_SERVICE } from "../system/paths.ts";
import { killTree } from "./kill-tree.ts";
import { ANSWERS, type FromPam, LONGEST_ANSWER, parseLine, QUESTIONS } from "./protocol.ts";

/** Whom PAM is asked about: the terminal as `pts/3`, and the host of the client, empty if it is not known. */
export interface PamSubject {
  readonly user: string;
  readonly tty: string;
  readonly rhost: string;
}

/** How PAM's questions reach the user. */
export interface PamIo {
  /** Resolves with the answer, which is filled with 0 afterwards. */
  readonly ask: (text: string, echo: boolean) => Promise<Buffer>;
  readonly say: (text: string, isError: boolean) => Promise<void>;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** PAM's decision. `code` is PAM's (0: right), or `NO_DECISION`; `text` says what it means. */
export interface Decision {
  readonly code: number;
  readonly text: string;
}

/** The code of an attempt that PAM did not decide: it hung, crashed or was stopped. */
export const NO_DECISION = -1;

/** A module may wait so long for somebody else, such as a telephone, before it asks or says something. */
const SILENCE_MS = 120_000;
const LONGEST_LINE = 64 << 10;
/** After the process has ended, its last line may still be on the way. A child of a module can hold the pipe open. */
const LAST_LINE_MS = 1_000;

/** The program, and how it is started where this process may not compile (a watchdog without executable memory). */
const ASK_PAM = [
  process.execPath,
  ...process.execArgv.filter((option) => option === "--jitless" || option === "--no-warnings"),
  join(import.meta.dirname, "ask-pam.js"),
];

/** What tests change. */
export interface ConversationOptions {
  readonly command?: readonly string[];
  readonly silenceMs?: number;
}

/** Makes one attempt. Never rejects: whatever goes wrong is a decision with `NO_DECISION`. Nothing of it runs on afterwards. */
export async function converse(
  subject: PamSubject,
  io: PamIo,
  { command = ASK_PAM, silenceMs = SILENCE_MS }: ConversationOptions = {},
): Promise<Decision> {
  if (io.signal.aborted) return stopped();
  const [file = "", ...args] = [...command, JSON.stringify({ service: LOCK_SERVICE, ...subject })];
  const child = spawn(file, args, {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C" },
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    // Its own session: no signal to the group of the locker reaches it.
    detached: true,
  });
  const end = Promise.withResolvers<Decision>();
  const silence = watchSilence(silenceMs, () => end.resolve(none("PAM does not answer")));
  const onAbort = () => end.resolve(stopped());
  io.signal.addEventListener("abort", onAbort);
  child.on("error", (error) => end.resolve(none(`PAM was not asked: ${error.message}`)));
  void howEnded(child).then((text) => end.resolve(none(text)));
  void relay(child, io, silence).then(end.resolve, (error) => end.resolve(none(`PAM: ${error.message}`)));
  try {
    return await end.promise;
  } finally {
    io.signal.removeEventListener("abort", onAbort);
    silence.stop();
    stop(child);
  }
}

const none = (text: string): Decision => ({ code: NO_DECISION, text });
const stopped = () => none("stopped");

interface Silence {
  /** From now on PAM has to say something. */
  readonly begin: () => void;
  readonly stop: () => void;
}

function watchSilence(silenceMs: number, onSilence: () => void): Silence {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  const begin = () => {
    stop();
    timer = setTimeout(onSilence, silenceMs);
  };
  begin();
  return { begin, stop };
}

/** Passes questions and texts on, one after the other, until PAM has decided. Never resolves if the process ends before that. */
async function relay(child: ChildProcess, io: PamIo, silence: Silence): Promise<Decision> {
  const answers = child.stdio[ANSWERS] as Writable;
  // Whether the process is there is asked elsewhere.
  answers.on("error", () => undefined);
  for await (const line of linesOf(child.stdio[QUESTIONS] as Readable)) {
    const message = parseLine(line);
    if (message.kind === "result") return { code: message.code, text: message.text };
    silence.stop();
    await pass(message, io, answers);
    silence.begin();
  }
  return new Promise(() => undefined);
}

async function pass(message: Exclude<FromPam, { kind: "result" }>, io: PamIo, to: Writable): Promise<void> {
  if (message.kind === "say") return io.say(message.text, message.error);
  const answer = await io.ask(message.text, message.echo);
  const bytes = Buffer.alloc(Math.min(answer.length, LONGEST_ANSWER) + 1);
  answer.copy(bytes, 0, 0, bytes.length - 1);
  answer.fill(0);
  await new Promise<void>((resolve) => to.write(bytes, () => resolve()));
  bytes.fill(0);
}

/** Throws if a line is too long. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = "";
  stream.setEncoding("utf8");
  for await (const piece of stream) {
    const lines = `${rest}${piece}`.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw new Error("a line without an end");
    yield* lines;
  }
}

/** Resolves some time after the process has ended, with how it did. */
async function howEnded(child: ChildProcess): Promise<string> {
  const [status, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once("exit", (...how) => resolve(how)),
  );
  await new Promise((resolve) => setTimeout(resolve, LAST_LINE_MS));
  return `PAM ended without a decision (${signal ?? `status ${status}`})`;
}

/** Kills the process with what its modules have started, unless it has ended. Its pid is its own until Node has told of its end. */
function stop(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killTree(child.pid);
  } catch {
    // It stays. The attempt is over all the same.
  }
  for (const stream of child.stdio) stream?.destroy();
}
