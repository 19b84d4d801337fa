// Whom a rule is for. Pure: the facts of a login are given.
import type { LoginKind } from "../audit/words.ts";
import { fitsNetworks } from "./network.ts";
import { fitsList } from "./pattern.ts";
import { isAmongUids } from "./uids.ts";

/** The `match` of a rule. A list that is empty fits everybody; of each other one an entry must fit. */
export interface Match {
  /** Patterns, as in `groups` and `hosts`. */
  readonly users: readonly string[];
  readonly groups: readonly string[];
  /** Addresses and networks, with `!` for exceptions. */
  readonly from: readonly string[];
  readonly hosts: readonly string[];
  readonly kinds: readonly LoginKind[];
  readonly ports: readonly number[];
  /** Numbers and ranges; see uids.ts. */
  readonly uids: readonly string[];
}

/** A login, as rules ask for it. A rule that asks for a fact that is not known does not fit. */
export interface PolicySubject {
  readonly user: string;
  readonly uid?: number | undefined;
  readonly groups: readonly string[];
  /** The client's address. None if the login did not come over TCP, or if the address cannot be seen. */
  readonly address?: string | undefined;
  /** The port of sshd that the client connected to. */
  readonly port?: number | undefined;
  /** The names of this host; see `hostNames`. */
  readonly hosts?: readonly string[] | undefined;
  /** What the login is for now. */
  readonly kind?: LoginKind | undefined;
}

/** A key of `match`. */
export type MatchKey = keyof Match;

const FITS: { readonly [K in MatchKey]: (wanted: Match[K], subject: PolicySubject) => boolean } = {
  users: (wanted, { user }) => fitsList(wanted, [user]),
  groups: (wanted, { groups }) => fitsList(wanted, groups),
  from: (wanted, { address }) => address !== undefined && fitsNetworks(address, wanted),
  // Names of hosts have no case (RFC 4343).
  hosts: (wanted, { hosts = [] }) => fitsList(wanted.map(lowerCase), hosts.map(lowerCase)),
  kinds: (wanted, { kind }) => kind !== undefined && wanted.includes(kind),
  ports: (wanted, { port }) => port !== undefined && wanted.includes(port),
  uids: (wanted, { uid }) => uid !== undefined && isAmongUids(uid, wanted),
};

export const MATCH_KEYS = Object.keys(FITS) as readonly MatchKey[];

/** The `match` of a rule with these keys. */
export function matchWith(keys: { readonly [K in MatchKey]?: Match[K] | undefined }): Match {
  return Object.fromEntries(MATCH_KEYS.map((key) => [key, keys[key] ?? []])) as unknown as Match;
}

/** The first key that does not fit a login; `undefined` if the rule fits. */
export function misfit(match: Match, subject: PolicySubject): MatchKey | undefined {
  return MATCH_KEYS.find((key) => !fitsKey(key, match, subject));
}

/** Whether one key of a rule fits a login. */
export function fitsKey<K extends MatchKey>(key: K, match: Match, subject: PolicySubject): boolean {
  return match[key].length === 0 || FITS[key](match[key], subject);
}

/** Whether a rule with these patterns of host names can fit on a host of these names. */
export function isForHost(patterns: readonly string[] = [], hosts: readonly string[]): boolean {
  return fitsKey("hosts", matchWith({ hosts: patterns }), { user: "", groups: [], hosts });
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}
