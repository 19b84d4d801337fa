// For programs that become another user: the checkout where every user can enter, wherever it lies. Its own place may be a home of mode 0700.
import { join, relative, resolve } from "node:path";

const checkout = resolve(import.meta.dirname, "../..");

/** Where it is shown, in a mount namespace of its own (`unshare --mount`): every Debian has this directory. */
export const SHOWN = "/mnt";

/** Shell text that shows it there. */
export const SHOW = `mount --bind '${checkout}' ${SHOWN}\n`;

/** This Node, which is one of the checkout's files. */
export const SHOWN_NODE = join(SHOWN, relative(checkout, process.execPath));
