// Runs the live view on this terminal, and restores the terminal afterwards.
import { render } from "ink";
import { isUtf8Locale } from "../../console/output.ts";
import { Top } from "./view.tsx";

/** Shows the view. Resolves when the user has quit and all work that was begun in it is done. */
export async function runTop(configPath: string): Promise<void> {
  const leaving = new AbortController();
  const works = new Set<Promise<unknown>>();
  const keep = (work: Promise<unknown>) => {
    works.add(work);
    work.catch(() => undefined).finally(() => works.delete(work));
  };
  const view = render(
    <Top
      configPath={configPath}
      isUtf8={isUtf8Locale(process.env)}
      hasColour={!process.env.NO_COLOR}
      signal={leaving.signal}
      keep={keep}
    />,
    // If CI is in the environment, Ink would treat this as no terminal.
    { alternateScreen: true, exitOnCtrlC: false, interactive: true, patchConsole: false },
  );
  await view.waitUntilExit();
  leaving.abort();
  while (works.size > 0) await Promise.allSettled(works);
}
