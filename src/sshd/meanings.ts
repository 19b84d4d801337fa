// What each of sshd's timeouts does and does not do, in words. Pure.
import { spoken } from "../text/spoken.ts";
import { idlePatterns } from "./channels.ts";
import type { Keyword } from "./timeouts.ts";

/** When the kernel probes a silent connection, and how often (tcp(7), tcp_keepalive_*). */
export interface KernelProbes {
  readonly afterS: number;
  readonly everyS: number;
  readonly count: number;
}

export interface Meaning {
  readonly does: string;
  readonly doesNot: string;
}

type Values = Readonly<Partial<Record<Keyword, string>>>;

/** The meaning of one setting. `values`: what `sshd -T` shows; this sshd does not know a missing one. */
export function meaningOf(keyword: Keyword, values: Values, probes: KernelProbes): Meaning {
  const value = values[keyword];
  if (value === undefined)
    return {
      does: "This sshd does not know this setting (OpenSSH 9.2 and later do).",
      doesNot: NOT[keyword],
    };
  return { does: WORDS[keyword](value, values, probes), doesNot: NOT[keyword] };
}

const WORDS: Record<Keyword, (value: string, values: Values, probes: KernelProbes) => string> = {
  ClientAliveInterval: (value, { ClientAliveCountMax: count = "3" }) => {
    const intervalMs = Number(value) * 1000;
    if (intervalMs === 0)
      return "sshd never asks a silent client whether it is still there: the login of a client that is gone stays.";
    const asks = `After ${spoken(intervalMs)} of silence sshd asks the client whether it is still there`;
    if (Number(count) === 0) return `${asks}, but ends nothing, because ClientAliveCountMax is 0.`;
    const endMs = intervalMs * Number(count);
    return `${asks}. A client that does not answer ${count === "1" ? "once" : `${count} times`} loses its login, ${spoken(endMs)} after it sent something last.`;
  },
  ClientAliveCountMax: (value) =>
    Number(value) === 0
      ? "sshd ends nothing, even if the client answers no question."
      : `Questions in a row that may stay without an answer: ${value}.`,
  TCPKeepAlive: (value, _, { afterS, everyS, count }) =>
    value === "no"
      ? "The kernel does not probe connections: a connection whose other end is gone may stay for ever."
      : `The kernel probes a connection that is silent for ${spoken(afterS * 1000)}, and closes it ${spoken(everyS * count * 1000)} later if the other machine is gone.`,
  ChannelTimeout: (value) => {
    if (value === "none") return "sshd closes no channel because it is silent.";
    const idle = idlePatterns(value).map((pattern) => ` No channel in use has the type "${pattern}".`);
    return `sshd closes a channel on which no byte has moved, either way, for the time that is set for its type.${idle.join("")}`;
  },
  UnusedConnectionTimeout: (value) =>
    value === "none"
      ? "sshd keeps a connection that has no channel open."
      : `sshd closes a connection that has had no channel open for ${spoken(Number(value) * 1000)}, such as ssh -N, or a shared connection whose sessions are over.`,
};

const NOT: Record<Keyword, string> = {
  ClientAliveInterval:
    "It never ends an idle user: a client that is alive answers by itself, whether or not anybody types.",
  ClientAliveCountMax:
    "It knows nothing of the user: it counts the questions that the client program does not answer.",
  TCPKeepAlive: "It never ends an idle user, and others on the network can forge the answers.",
  ChannelTimeout:
    "It does not know users. Output counts, so a forgotten top stays for ever. It gives no warning, and it ends copies and commands that are silent for a while.",
  UnusedConnectionTimeout:
    "It leaves every connection with a shell, command, copy or used tunnel alone; a port forward (-R) that only waits does not keep one.",
};
