// Detaches clients of tmux and screen from a terminal: their server itself reads and draws there until its client is gone.
import type { Terminal } from "../login/terminal.ts";
import { isMultiplexerClient } from "./choose.ts";
import { hangUpProcess } from "./freeze.ts";
import { ownerOf } from "./owner.ts";

const DETACH_MS = 1_000;

/**
 * Ends the clients in the foreground; what runs in their server goes on. A client that leads the session is left alone: the terminal would go
 * with it.
 */
export async function detachClients(terminal: Terminal): Promise<void> {
  const clients = (ownerOf(terminal)?.members ?? []).filter(
    ({ name, pid }) => isMultiplexerClient(name) && pid !== terminal.leader?.pid,
  );
  await Promise.all(clients.map((client) => hangUpProcess(client, DETACH_MS)));
}
