// Programs that belong to a package. Its package manager puts them in place and takes them away; afkill then changes the hooks alone.
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { look } from "../change/change.ts";
import { SetupError } from "../change/setup-error.ts";
import { COMMAND, DROP_IN, HOOKS, NODE, PACKAGED } from "../system/paths.ts";
import { isDiverted } from "./diversion.ts";
import { isOfHook, type Manifest } from "./manifest.ts";
import { manager } from "./package-manager.ts";

/** Whether the programs of this host belong to a package. */
export function isPackaged(): boolean {
  return look(PACKAGED) !== undefined;
}

/** Throws a `SetupError` if the build in `dist` is another one than the package's: it would overwrite files of the package. */
export function mustBeThePackage(dist: string): void {
  if (realpathSync(dist) === realpathSync(dirname(PACKAGED))) return;
  throw new SetupError(
    "afkill is installed here from a package",
    `use its own command, ${COMMAND} install; or ${manager().remove}, and run this again`,
  );
}

/** What a manifest has of what is still afkill's own: all of it, or the hooks of a package. */
export function ownPart(manifest: Manifest): Manifest {
  return isPackaged() ? hookPartOf(manifest, isDiverted()) : manifest;
}

/**
 * What a manifest has of hooks, and of an administrator's Node if that is in use (`withNode`). If a package was installed over a checkout's
 * install, everything else in the manifest belongs to the package now.
 */
export function hookPartOf(
  { version, files, directories, hooks, node }: Manifest,
  withNode: boolean,
): Manifest {
  const isOurs = ({ role, path }: Manifest["files"][number]) =>
    HOOKS.some((hook) => isOfHook(role, hook)) || (withNode && path === NODE);
  return {
    version,
    files: files.filter(isOurs),
    // The one directory that a hook can create.
    directories: directories.filter((path) => path === dirname(DROP_IN)),
    hooks,
    ...(withNode && node !== undefined && { node }),
  };
}
