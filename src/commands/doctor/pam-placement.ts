// Whether afkill's PAM line is in the right place: in a service of afkill's own, or in sshd's.
import { existsSync } from "node:fs";
import { SetupError } from "../../change/setup-error.ts";
import { choosePlacement } from "../../setup/pam-placement.ts";
import { serviceFile } from "../../setup/pam-service.ts";
import { isUnread } from "../../sshd/status.ts";
import { OWN_SERVICE_FILE, PAM_DROP_IN } from "../../system/paths.ts";
import { type Check, error, type Problem, warning } from "./finding.ts";
import { isRoots } from "./installation.ts";

const REMEDY = "sudo afkill install --repeat moves the line";

export const pamPlacement: Check = {
  id: "pam-placement",
  concerns: isRoots,
  fine: "afkill's line is in the place where upgrades and PAM modules disturb it least",
  find: () => {
    try {
      const { why } = choosePlacement();
      return existsSync(PAM_DROP_IN) ? [...wrongWithOwn(why), ...unread()] : wrongWithLine(why);
    } catch (thrown) {
      // sshd refuses its configuration, or uses no PAM. The check of the PAM rule reports that.
      if (thrown instanceof SetupError) return [];
      throw thrown;
    }
  },
};

/** Under a name that a module does not know, users may be refused. */
function wrongWithOwn(why: string | undefined): Problem[] {
  if (why === undefined) return [];
  return [
    error(`sshd uses ${OWN_SERVICE_FILE}, and ${why}: logins may be refused or not be guarded`, REMEDY),
  ];
}

function unread(): Problem[] {
  if (!isUnread(PAM_DROP_IN)) return [];
  return [error(`sshd has not read ${PAM_DROP_IN}: new logins may not be guarded`, "systemctl reload ssh")];
}

function wrongWithLine(why: string | undefined): Problem[] {
  if (why !== undefined) return [];
  return [
    warning(`afkill's line is in ${serviceFile()}, which an upgrade of openssh-server can replace`, REMEDY),
  ];
}

/** Where sshd finds afkill's line, in a few words. */
export function pamPlace(): string {
  return existsSync(PAM_DROP_IN)
    ? `in ${OWN_SERVICE_FILE}, named by ${PAM_DROP_IN}`
    : "a line in sshd's own PAM service";
}
