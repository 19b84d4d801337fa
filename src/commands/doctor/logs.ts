// Whether afkill can write its logs.
import { accessSync, closeSync, constants, fstatSync, openSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { look } from "../../change/change.ts";
import { run, said } from "../../system/command.ts";
import { AUDIT_DIRECTORY } from "../../system/paths.ts";
import { type Check, error, orProblem, type Problem } from "./finding.ts";
import { isRoots } from "./installation.ts";

export const syslog: Check = {
  id: "syslog",
  fine: "the system log accepts a record",
  find: () => {
    // Without this option logger(1) says nothing if the socket is missing.
    const ran = run("/usr/bin/logger", [
      ...["--socket-errors=on", "--priority=auth.info", "--tag=afkill", `--id=${process.pid}`],
      ...["--", "doctor: the system log accepts a record"],
    ]);
    if (ran.status === 0) return [];
    return [
      error(
        `the system log does not accept a record (${said(ran)}): failures are not logged`,
        "start the syslog service that listens on /dev/log (systemd-journald, rsyslog)",
      ),
    ];
  },
};

const AUDIT = join(AUDIT_DIRECTORY, "audit.jsonl");
/** Room for some thousands of records. */
const LEAST_FREE_BYTES = 1024 * 1024;

export const audit: Check = {
  id: "audit",
  concerns: isRoots,
  fine: `the audit ${AUDIT} can be written`,
  find: () => orProblem(() => [...wrongFile(), ...fullDisk()], `make ${AUDIT} writable`),
};

/** If the file is missing, that is fine: the first record creates the directory and the file. */
function wrongFile(): Problem[] {
  const nearest = [AUDIT, AUDIT_DIRECTORY, dirname(AUDIT_DIRECTORY)].find((path) => look(path) !== undefined);
  if (nearest !== AUDIT) {
    accessSync(nearest ?? "/", constants.W_OK);
    return look(AUDIT_DIRECTORY)?.isDirectory() === false
      ? [error(`${AUDIT_DIRECTORY} is not a directory`, "move it to another place")]
      : [];
  }
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const fd = openSync(AUDIT, flags);
  try {
    return fstatSync(fd).isFile()
      ? []
      : [error(`${AUDIT} is not a regular file`, "move it to another place")];
  } finally {
    closeSync(fd);
  }
}

function fullDisk(): Problem[] {
  const directory = look(AUDIT_DIRECTORY) === undefined ? dirname(AUDIT_DIRECTORY) : AUDIT_DIRECTORY;
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= LEAST_FREE_BYTES) return [];
  return [
    error(
      `the disk of ${directory} is full: the audit does not record endings`,
      `free some space on it (df ${directory})`,
    ),
  ];
}
