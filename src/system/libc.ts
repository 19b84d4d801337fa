// The few libc calls that Node does not offer, each as a plain function.
import { closeSync, constants } from "node:fs";
import koffi from "koffi/indirect";

/** For files beside this one that declare calls which few programs need. */
export const libc: ReturnType<typeof koffi.load> = koffi.load("libc.so.6");
const ioctlBytes = libc.func("int ioctl(int fd, unsigned long request, _Inout_ uint8_t *value)");
const ioctlNone = libc.func("int ioctl(int fd, unsigned long request, long value)");
const getsockopt = libc.func(
  "int getsockopt(int fd, int level, int option, _Out_ uint8_t *value, _Inout_ uint32_t *size)",
);
const getpeername = libc.func("int getpeername(int fd, _Out_ uint8_t *address, _Inout_ uint32_t *size)");
const getsockname = libc.func("int getsockname(int fd, _Out_ uint8_t *address, _Inout_ uint32_t *size)");
const exitNow = libc.func("void _exit(int status)");
const alarm = libc.func("unsigned int alarm(unsigned int seconds)");
const syscallDescriptor = libc.func("long syscall(long number, long pidfd, long fd, long flags)");
const poll = libc.func("int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)");
const open = libc.func("int open(const char *path, int flags)");
const read = libc.func("long read(int fd, void *buffer, unsigned long count)");
const close = libc.func("int close(int fd)");
const flock = libc.func("int flock(int fd, int operation)");
const clockGettime = libc.func("int clock_gettime(int clock, _Out_ int64_t *timespec)");
const futimens = libc.func("int futimens(int fd, const uint8_t *times)");
const schedSetscheduler = libc.func("int sched_setscheduler(int pid, int policy, const int *param)");
const syscallPid = libc.func("long syscall(long number, long pid, long flags)");
const syscallSignal = libc.func("long syscall(long number, long pidfd, long signal, long info, long flags)");

// asm-generic/ioctls.h; the same on x86-64 and arm64.
const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TIOCGPGRP = 0x540f;
const FIONREAD = 0x541b;
const TIOCGSID = 0x5429;
const TIOCGPTPEER = 0x5441;
const TIOCGPTN = 0x80045430;
const TIOCGWINSZ = 0x5413;
const TIOCSWINSZ = 0x5414;
const TIOCVHANGUP = 0x5437;
/** Goes on while the machine is suspended (clock_gettime(2), linux/time.h). */
export const CLOCK_BOOTTIME = 7;
/** Stands still while the machine is suspended. */
export const CLOCK_MONOTONIC = 1;
// linux/stat.h: as the nanoseconds of a time, it means that this time does not change.
const UTIME_OMIT = 0x3ffffffen;
// asm-generic/fcntl.h; the same on x86-64 and arm64.
const O_CLOEXEC = 0o2000000;
// asm-generic/poll.h; the same on x86-64 and arm64.
const POLLOUT = 0x4;
// asm-generic/unistd.h; the same on x86-64 and arm64.
const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;

/** A libc call that failed. `code` is the name of the error (errno(3)). */
export class SystemCallError extends Error {
  readonly code: string;
  constructor(call: string, number: number = koffi.errno()) {
    const code =
      Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
    super(`${call}: ${code}`);
    this.code = code;
  }
}

/** The result of a libc call. Throws `SystemCallError` if that is negative. */
export function mustSucceed(result: number, call: string): number {
  if (result < 0) throw new SystemCallError(call);
  return result;
}

// A `struct timespec`, the same on x86-64 and arm64.
const timespec = new BigInt64Array(2);

/** The time of a kernel clock, in ms. Throws `SystemCallError`. */
export function clockMs(clock: number): number {
  mustSucceed(clockGettime(clock, timespec), "clock_gettime");
  return Number(timespec[0]) * 1000 + Number(timespec[1]) / 1e6;
}

const start = Buffer.allocUnsafeSlow(64 << 10);

/**
 * The first 64 KB of a file of /proc. Throws `SystemCallError`. Node would read until nothing more comes. For this the kernel looks up the
 * process once more, which takes a third of the time if there are thousands.
 */
export function readStart(path: string): string {
  const fd = mustSucceed(open(path, constants.O_RDONLY | O_CLOEXEC), `open ${path}`);
  try {
    const count = mustSucceed(Number(read(fd, start, start.length)), `read ${path}`);
    return start.toString("utf8", 0, count);
  } finally {
    close(fd);
  }
}

/** Bytes typed into a terminal and not yet read by a program (ioctl_tty(2), FIONREAD). In line mode a line counts only after Enter. */
export function unreadBytes(fd: number): number {
  const raw = new Uint8Array(4);
  mustSucceed(ioctlBytes(fd, FIONREAD, raw), "ioctl FIONREAD");
  return new DataView(raw.buffer).getInt32(0, true);
}

/**
 * Opens the slave of a pty by its master, whatever the slave's name, lock or permissions (ioctl_tty(2), TIOCGPTPEER). It becomes nobody's
 * controlling terminal. The caller closes it.
 */
export function openPeer(master: number): number {
  const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants;
  return mustSucceed(
    ioctlNone(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC),
    "ioctl TIOCGPTPEER",
  );
}

/** N of /dev/pts/N, by the master of that pty (ioctl_tty(2), TIOCGPTN). Throws `SystemCallError` if `master` is none. */
export function ptyNumber(master: number): number {
  const raw = new Uint8Array(4);
  mustSucceed(ioctlBytes(master, TIOCGPTN, raw), "ioctl TIOCGPTN");
  return new DataView(raw.buffer).getUint32(0, true);
}

/** The session that has a pty as its controlling terminal, and its foreground process group, asked through the master; 0 for none. */
export function sessionOn(master: number): { readonly session: number; readonly foregroundGroup: number } {
  return { session: pidFrom(master, TIOCGSID), foregroundGroup: pidFrom(master, TIOCGPGRP) };
}

/** 0 if the terminal has no session (ENOTTY), or one of another pid namespace. */
function pidFrom(fd: number, request: number): number {
  const raw = new Uint8Array(4);
  return ioctlBytes(fd, request, raw) === 0 ? new DataView(raw.buffer).getInt32(0, true) : 0;
}

/** Counters of a TCP connection since it began. */
export interface TcpCounters {
  readonly isListening: boolean;
  /** Bytes from the other end that the kernel has taken. The program may not have read them yet. */
  readonly receivedBytes: number;
  /** Bytes that the program here has written, sent or not. Bytes that were sent again count once. */
  readonly writtenBytes: number;
  /** How long ago data came, or was sent, in ms. */
  readonly sinceReceivedMs: number;
  readonly sinceSentMs: number;
}

// linux/in.h, linux/tcp.h; `struct tcp_info` grows only at its end.
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const TCP_LISTEN = 10;
const TCP_INFO_BYTES = 216;

/** The counters of a socket; `undefined` if it is no TCP socket. Needs Linux 4.19 (tcp(7), TCP_INFO). */
export function tcpCounters(fd: number): TcpCounters | undefined {
  const raw = new Uint8Array(TCP_INFO_BYTES);
  const size = [raw.length];
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, raw, size) !== 0 || (size[0] ?? 0) < TCP_INFO_BYTES)
    return undefined;
  const info = new DataView(raw.buffer);
  const wide = (offset: number) => Number(info.getBigUint64(offset, true));
  return {
    isListening: raw[0] === TCP_LISTEN,
    receivedBytes: wide(128),
    writtenBytes: wide(200) - wide(208) + info.getUint32(144, true),
    sinceReceivedMs: info.getUint32(52, true),
    sinceSentMs: info.getUint32(44, true),
  };
}

// bits/socket.h.
export const AF_INET = 2;
export const AF_INET6 = 10;

/** One end of a connection: its address as bytes (4, or 16 for IPv6), and its port. */
export interface SocketAddress {
  readonly address: Uint8Array;
  readonly port: number;
}

/** The other end of a socket; `undefined` if it is not connected over IP. */
export function peerOf(fd: number): SocketAddress | undefined {
  const raw = new Uint8Array(28);
  return getpeername(fd, raw, [raw.length]) === 0 ? socketAddress(raw) : undefined;
}

/** This end of a socket; `undefined` if it is no IP socket. */
export function localOf(fd: number): SocketAddress | undefined {
  const raw = new Uint8Array(28);
  return getsockname(fd, raw, [raw.length]) === 0 ? socketAddress(raw) : undefined;
}

function socketAddress(raw: Uint8Array): SocketAddress | undefined {
  const family = new DataView(raw.buffer).getUint16(0, true);
  const port = new DataView(raw.buffer).getUint16(2);
  if (family === AF_INET) return { address: raw.slice(4, 8), port };
  return family === AF_INET6 ? { address: raw.slice(8, 24), port } : undefined;
}

/** Makes the kernel end this process by SIGALRM after so many seconds, whatever it does then; 0 cancels that (alarm(2)). */
export function endAfter(seconds: number): void {
  alarm(seconds);
}

/** Ends this process at once (_exit(2)). Nothing is flushed, and no thread is waited for, not even one that hangs in a call. */
export function endProcess(status: number): never {
  exitNow(status);
  throw new Error("_exit returned");
}

/** Sets the time of a file's last write, in nanoseconds since 1970, and keeps the time of its last read (futimens(3)). */
export function setModifiedTime(fd: number, modifiedNs: bigint): void {
  // Two `struct timespec`: first the time of the last read.
  const times = new DataView(new ArrayBuffer(32));
  times.setBigInt64(8, UTIME_OMIT, true);
  times.setBigInt64(16, modifiedNs / 1_000_000_000n, true);
  times.setBigInt64(24, modifiedNs % 1_000_000_000n, true);
  mustSucceed(futimens(fd, new Uint8Array(times.buffer)), "futimens");
}

/** Sets the time of a file's last read, in nanoseconds since 1970, and keeps the time of its last write (futimens(3)). */
export function setAccessedTime(fd: number, accessedNs: bigint): void {
  const times = new DataView(new ArrayBuffer(32));
  times.setBigInt64(0, accessedNs / 1_000_000_000n, true);
  times.setBigInt64(8, accessedNs % 1_000_000_000n, true);
  times.setBigInt64(24, UTIME_OMIT, true);
  mustSucceed(futimens(fd, new Uint8Array(times.buffer)), "futimens");
}

/** The flag words of `struct termios` (termios(3)). `raw` is the structure itself, for `setInputFlags`. */
export interface TerminalAttributes {
  readonly input: number;
  readonly output: number;
  readonly local: number;
  readonly raw: Uint8Array;
}

/** In c_lflag of termios(3): the kernel collects whole lines. The same on x86-64 and arm64 (asm-generic/termbits.h). */
export const ICANON = 0o2;

/** Reads the attributes of a terminal (TCGETS works from outside its session). */
export function getAttributes(fd: number): TerminalAttributes {
  const raw = new Uint8Array(64);
  mustSucceed(ioctlBytes(fd, TCGETS, raw), "ioctl TCGETS");
  const words = new DataView(raw.buffer);
  return {
    input: words.getUint32(0, true),
    output: words.getUint32(4, true),
    local: words.getUint32(12, true),
    raw,
  };
}

/** Sets the input flags of a terminal. The rest stays as in `attributes`. */
export function setInputFlags(fd: number, attributes: TerminalAttributes, input: number): void {
  const raw = attributes.raw.slice();
  new DataView(raw.buffer).setUint32(0, input, true);
  mustSucceed(ioctlBytes(fd, TCSETS, raw), "ioctl TCSETS");
}

// What cfmakeraw(3) clears; asm-generic/termbits.h, the same on x86-64 and arm64.
const IGNBRK_TO_IXON = 0o1 | 0o2 | 0o10 | 0o40 | 0o100 | 0o200 | 0o400 | 0o2000;
const OPOST = 0o1;
const ECHO_TO_IEXTEN = 0o10 | 0o100 | 0o2 | 0o1 | 0o100000;
const CSIZE_PARENB = 0o60 | 0o400;
const CS8 = 0o60;

/** Makes a terminal pass every byte as it is (cfmakeraw(3)). */
export function makeRaw(fd: number): void {
  const raw = getAttributes(fd).raw.slice();
  const words = new DataView(raw.buffer);
  const clear = (offset: number, bits: number, set = 0) =>
    words.setUint32(offset, (words.getUint32(offset, true) & ~bits) | set, true);
  clear(0, IGNBRK_TO_IXON);
  clear(4, OPOST);
  clear(8, CSIZE_PARENB, CS8);
  clear(12, ECHO_TO_IEXTEN);
  mustSucceed(ioctlBytes(fd, TCSETS, raw), "ioctl TCSETS");
}

/** The size of a terminal in character cells. */
export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/** Reads the window size; 0 × 0 if nobody has set one. */
export function getWindowSize(fd: number): WindowSize {
  const raw = new Uint8Array(8);
  mustSucceed(ioctlBytes(fd, TIOCGWINSZ, raw), "ioctl TIOCGWINSZ");
  const words = new DataView(raw.buffer);
  return { rows: words.getUint16(0, true), columns: words.getUint16(2, true) };
}

/** Sets the columns of a terminal and keeps everything else. If they changed, the kernel sends SIGWINCH to the foreground group. */
export function setColumns(fd: number, columns: number): void {
  const raw = new Uint8Array(8);
  mustSucceed(ioctlBytes(fd, TIOCGWINSZ, raw), "ioctl TIOCGWINSZ");
  new DataView(raw.buffer).setUint16(2, columns, true);
  mustSucceed(ioctlBytes(fd, TIOCSWINSZ, raw), "ioctl TIOCSWINSZ");
}

/**
 * Hangs up a terminal as if its line had dropped (needs CAP_SYS_ADMIN). Programs that are stopped, or trap or ignore signals, lose it too.
 */
export function hangUpTerminal(fd: number): void {
  mustSucceed(ioctlNone(fd, TIOCVHANGUP, 0), "ioctl TIOCVHANGUP");
}

/**
 * Whether a terminal would take bytes now (poll(2), without waiting). False while Ctrl-S holds it, its buffer is full, or another writer is
 * inside a write, and if it is gone.
 */
export function isWritable(fd: number): boolean {
  const raw = new Uint8Array(8);
  const request = new DataView(raw.buffer);
  request.setInt32(0, fd, true);
  request.setInt16(4, POLLOUT, true);
  return poll(raw, 1, 0) === 1 && request.getInt16(6, true) === POLLOUT;
}

/** A handle that always means the same process, whatever happens to its pid (pidfd_open(2)). Close it with `closePidfd`. */
export type Pidfd = number & { readonly pidfd: unique symbol };

/** Opens a pidfd; `undefined` if there is no such process. Throws `SystemCallError` otherwise. */
export function openPidfd(pid: number): Pidfd | undefined {
  const fd = Number(syscallPid(SYS_PIDFD_OPEN, pid, 0));
  if (fd >= 0) return fd as Pidfd;
  const error = new SystemCallError("pidfd_open");
  if (error.code === "ESRCH") return undefined;
  throw error;
}

/**
 * A descriptor of our own for what another process has open as `fd` (pidfd_getfd(2)); the caller closes it. Throws `SystemCallError`: EBADF
 * if it has no such descriptor, ESRCH if it is gone, EPERM if we may not trace it.
 */
export function takeDescriptor(pidfd: Pidfd, fd: number): number {
  return mustSucceed(Number(syscallDescriptor(SYS_PIDFD_GETFD, pidfd, fd, 0)), "pidfd_getfd");
}

/** Sends a signal; 0 only asks whether one could be sent. Returns false if the process is gone (pidfd_send_signal(2)). */
export function signalPidfd(pidfd: Pidfd, signal: number): boolean {
  if (Number(syscallSignal(SYS_PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0)) === 0) return true;
  const error = new SystemCallError("pidfd_send_signal");
  if (error.code === "ESRCH") return false;
  throw error;
}

// linux/sched.h
const SCHED_OTHER = 0;

/** Takes a process out of SCHED_IDLE and its like (sched_setscheduler(2)); its niceness stays. */
export function scheduleAsOthers(pid: number): void {
  mustSucceed(schedSetscheduler(pid, SCHED_OTHER, [0]), "sched_setscheduler");
}

/** Closes a pidfd. */
export function closePidfd(pidfd: Pidfd): void {
  closeSync(pidfd);
}

// asm-generic/fcntl.h; the same on x86-64 and arm64.
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Takes the lock of an open file until its last descriptor is closed (flock(2)). Returns false if somebody else holds it. */
export function lockFile(fd: number): boolean {
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const error = new SystemCallError("flock");
  // Both names have the same number.
  if (error.code === "EAGAIN" || error.code === "EWOULDBLOCK") return false;
  throw error;
}

const statx = libc.func(
  "int statx(int dirfd, const char *path, int flags, unsigned int mask, _Out_ uint8_t *facts)",
);
const getxattr = libc.func(
  "long getxattr(const char *path, const char *name, _Out_ uint8_t *value, unsigned long size)",
);

// linux/fcntl.h and linux/stat.h; the same on x86-64 and arm64.
const AT_FDCWD = -100;
const AT_NO_AUTOMOUNT = 0x800;
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_TYPE_MODE_INO_SIZE = 0x1 | 0x2 | 0x100 | 0x200;

/** What the kernel itself knows of a file. */
export interface FileFacts {
  readonly mode: number;
  readonly size: number;
  /** Its name on this host: `device:inode`. */
  readonly file: string;
  /** The numbers of the character device that it stands for: `major:minor`; `undefined` if it is none. */
  readonly special: string | undefined;
}

/**
 * What the kernel knows of a file without asking its file system, which may be a user's own and never answer (statx(2), AT_STATX_DONT_SYNC;
 * the size of a file on a network may be some seconds old). Only for paths in /proc/PID/fd: any other path would have to be looked up.
 * `undefined` if the file is gone, or we may not enter its file system.
 */
export function fileFacts(path: string): FileFacts | undefined {
  const raw = new Uint8Array(256);
  const flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
  if (statx(AT_FDCWD, path, flags, STATX_TYPE_MODE_INO_SIZE, raw) !== 0) return undefined;
  const facts = new DataView(raw.buffer);
  const device = `${facts.getUint32(136, true)}.${facts.getUint32(140, true)}`;
  const mode = facts.getUint16(28, true);
  const special = `${facts.getUint32(128, true)}:${facts.getUint32(132, true)}`;
  return {
    mode,
    size: Number(facts.getBigUint64(40, true)),
    file: `${device}:${facts.getBigUint64(32, true)}`,
    special: (mode & constants.S_IFMT) === constants.S_IFCHR ? special : undefined,
  };
}

/**
 * The protocol of a socket, by its path in /proc/PID/fd: `TCP`, `UDPv6` or `UNIX-STREAM` for example (the kernel's net/socket.c); empty if
 * it is no socket.
 */
export function socketProtocol(path: string): string {
  const raw = new Uint8Array(32);
  const length = Number(getxattr(path, "system.sockprotoname", raw, raw.length));
  return length > 0 ? Buffer.from(raw.subarray(0, length)).toString("latin1").replace(/\0.*$/s, "") : "";
}
