// What a process holds open, as far as it shows work. Names, positions and kinds come from the kernel: no look ever waits for a user's
// file.
import { closeSync, openSync, readFileSync } from "node:fs";
import { type IsOver, UNLIMITED } from "../login/budget.ts";
import { type Descriptor, descriptorsIn } from "../login/descriptors.ts";
import { fileFacts, socketProtocol } from "../system/libc.ts";

/** Where a process is in a file, a directory or a block device that it has open. */
export interface FilePlace {
  /** In bytes; for a directory in units of its file system. */
  readonly position: number;
  /** Open for reading only. */
  readonly readsOnly: boolean;
  readonly isDirectory: boolean;
  /** A reader finds nothing more here: the process follows the file, or has read it. */
  readonly isAtEnd: boolean;
}

/** What a process holds open. */
export interface HeldFiles {
  readonly sockets: readonly string[];
  /** A regular file or a block device is open for writing. */
  readonly writesFile: boolean;
  /** A unix or UDP socket is open, and its standard output is no pipe. */
  readonly writesSocket: boolean;
  /** Its standard output is a terminal. */
  readonly onTerminal: boolean;
  /** Its standard input and output are pipes or sockets: it passes on what another process sends, such as the ssh of a ProxyJump. */
  readonly relays: boolean;
  /** It watches files (inotify(7)), as `tail -f` does. */
  readonly follows: boolean;
  /** Keyed `descriptor:device:inode`. */
  readonly places: Readonly<Record<string, FilePlace>>;
}

/**
 * A process can hold a million descriptors, and a job can have a thousand processes, but a look must end. Anything above these numbers is
 * not counted.
 */
const MOST_DESCRIPTORS = 128;
const MOST_DESCRIPTORS_IN_ALL = 8192;
/** The position is read for so many files, and the protocol for so many sockets. */
const MOST_PLACES = 32;
const MOST_PLACES_IN_ALL = 2048;
const MOST_KINDS = 32;
/** A reader this close to the end follows the file: it may be a moment behind a writer. */
const NEAR_END_BYTES = 128 << 10;

// sys/stat.h
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const S_IFBLK = 0o060000;
const S_IFSOCK = 0o140000;
// asm-generic/fcntl.h
const O_ACCMODE = 0o3;

/**
 * Reads the open descriptors of processes; the result is keyed by pid. Processes that we may not read, and those left when the time is up,
 * are not in it.
 */
export function holdingsOf(pids: readonly number[], isOver: IsOver = UNLIMITED): Map<number, HeldFiles> {
  const held = new Map<number, HeldFiles>();
  let left = MOST_DESCRIPTORS_IN_ALL;
  let placesLeft = MOST_PLACES_IN_ALL;
  for (const pid of pids) {
    if (left <= 0 || isOver()) break;
    // The lowest descriptors, in the kernel's order: a process with a million must not cost more.
    const descriptors = [...descriptorsIn(pid, Math.min(left, MOST_DESCRIPTORS), isOver)];
    if (descriptors.length === 0) continue;
    left -= descriptors.length;
    const holding = holdingOf(pid, descriptors, Math.min(placesLeft, MOST_PLACES));
    placesLeft -= Object.keys(holding.places).length;
    held.set(pid, holding);
  }
  return held;
}

function holdingOf(pid: number, targets: readonly Descriptor[], mostPlaces: number): HeldFiles {
  const standard = (number: number) => targets.find(({ fd }) => fd === number)?.target ?? "";
  const isPassed = (target: string) => target.startsWith("pipe:") || target.startsWith("socket:");
  const places = placesOf(pid, targets, mostPlaces);
  const all = Object.values(places);
  const sockets = targets
    .filter(({ target }) => target.startsWith("socket:["))
    .slice(0, MOST_KINDS)
    .map((it) => ({ ...it, protocol: protocolOf(`/proc/${pid}/fd/${it.fd}`) }));
  return {
    sockets: sockets.flatMap(({ target, protocol }) =>
      protocol.startsWith("TCP") ? [target.slice("socket:[".length, -1)] : [],
    ),
    writesFile: all.some(({ readsOnly, isDirectory }) => !readsOnly && !isDirectory),
    writesSocket:
      !standard(1).startsWith("pipe:") && sockets.some(({ protocol }) => /^U(?:NIX|DP)/.test(protocol)),
    onTerminal: /^\/dev\/(?:pts\/|tty|console)/.test(standard(1)),
    relays: isPassed(standard(0)) && isPassed(standard(1)),
    follows: targets.some(({ target }) => target === "anon_inode:inotify"),
    places,
  };
}

// linux/fcntl.h; the same on x86-64 and arm64.
const O_PATH = 0o10000000;

/**
 * The protocol of a socket; empty for anything else. O_PATH opens and closes it without asking any file system. This matters because the
 * program can at any moment replace it by a file of its own file system. Once we hold it, it cannot change.
 */
function protocolOf(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, O_PATH);
  } catch {
    return "";
  }
  try {
    const held = `/proc/self/fd/${fd}`;
    const facts = fileFacts(held);
    return facts && (facts.mode & S_IFMT) === S_IFSOCK ? socketProtocol(held) : "";
  } finally {
    closeSync(fd);
  }
}

function placesOf(pid: number, targets: readonly Descriptor[], most: number): HeldFiles["places"] {
  const places: Record<string, FilePlace> = {};
  let asked = 0;
  for (const { fd, target } of targets) {
    if (!canBeFile(target)) continue;
    if (++asked > most) break;
    const found = placeOf(pid, fd);
    if (found) places[`${fd}:${found.file}`] = found.place;
  }
  return places;
}

/** Goes by the name: a descriptor that is certainly no file of a real file system is not asked. */
function canBeFile(target: string): boolean {
  return (
    target.startsWith("/") &&
    !/^\/(?:proc|sys)\/|^\/memfd:|^\/dev\/(?:null|zero|full|u?random|tty|ptmx|console|pts\/)/.test(target)
  );
}

/** Where a process is in one of its files; `undefined` if it is no file, directory or block device. */
function placeOf(pid: number, descriptor: number): { file: string; place: FilePlace } | undefined {
  const info = textOf(`/proc/${pid}/fdinfo/${descriptor}`);
  const position = Number(/^pos:\s+(\d+)/.exec(info)?.[1]);
  const flags = Number.parseInt(/^flags:\s+(\d+)/m.exec(info)?.[1] ?? "", 8);
  if (!Number.isFinite(position + flags)) return undefined;
  const facts = fileFacts(`/proc/${pid}/fd/${descriptor}`);
  const kind = facts === undefined ? S_IFREG : facts.mode & S_IFMT;
  if (kind !== S_IFREG && kind !== S_IFDIR && kind !== S_IFBLK) return undefined;
  // A user's own file system may tell root nothing. Then it counts as a file of unknown size, with the inode from fdinfo.
  const file = facts ? facts.file : `?:${/^ino:\s+(\d+)/m.exec(info)?.[1] ?? ""}`;
  const readsOnly = (flags & O_ACCMODE) === 0;
  return {
    file,
    place: {
      position,
      readsOnly,
      isDirectory: kind === S_IFDIR,
      isAtEnd:
        readsOnly && kind === S_IFREG && facts !== undefined && facts.size - position <= NEAR_END_BYTES,
    },
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
