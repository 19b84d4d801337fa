// Whether afkill's ForceCommand removes the restriction of restricted keys.

import { findCancelled } from "../../setup/hook-force-command.ts";
import { RESTRICTED_KEY } from "../../sshd/forced-keys.ts";
import { readHostConfig } from "../../sshd/host-config.ts";
import { keysOfAllUsers } from "../../sshd/key-files.ts";
import { keyFilePatterns } from "../../sshd/sshd-config.ts";
import { type Check, error, orProblem, warning } from "./finding.ts";
import { isScoped } from "./user-hooks.ts";

const REMEDY =
  "use --hook pam instead, or limit the ForceCommand with --match, so that it does not apply to these";

export const forcedKeys: Check = {
  id: "forced-keys",
  concerns: ({ hooks }) => hooks.includes("force-command"),
  fine: "the ForceCommand cancels no command= of a key",
  find: () =>
    orProblem(() => {
      const config = readHostConfig();
      const scoped = isScoped();
      const cancelled = findCancelled(config, scoped);
      // Which users a Match block matches can also depend on where they come from.
      const perhaps = scoped ? keysOfAllUsers(keyFilePatterns(config)) : [];
      return [
        ...cancelled.map(({ where, what }) =>
          what === RESTRICTED_KEY
            ? error(`${where}: ${what}, which afkill's ForceCommand cancels: its holder gets a shell`, REMEDY)
            : warning(`${where}: ${what}: afkill's ForceCommand would cancel such a restriction`, REMEDY),
        ),
        ...perhaps.map(({ where, what }) =>
          warning(
            `${where}: ${what}: afkill's ForceCommand cancels such a restriction if its Match block applies to the user`,
            REMEDY,
          ),
        ),
      ];
    }, "make sshd's configuration and the keys readable, then run afkill doctor again"),
};
