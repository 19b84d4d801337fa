import type { ProcessRef } from "./process.ts";

/** Where the client of a login sits, as the login's own socket tells it. */
export interface Client {
  readonly address: string;
  readonly port: number;
  readonly serverAddress: string;
  readonly serverPort: number;
}

/**
 * One authenticated SSH connection. It is alive while either of its two sshds is: a SIGKILL of the privileged one leaves the
 * child serving the client. A root login has one process only, the privileged one, which then serves the terminals itself.
 */
export interface Login {
  readonly privileged: ProcessRef | undefined;
  readonly child: ProcessRef | undefined;
  /** The sshd whose children are the session leaders of the terminals: the child, for root the privileged one. */
  readonly server: ProcessRef;
  readonly user: string;
  readonly uid: number;
  /** `undefined` when the login did not come over TCP, or when this process may not see it. */
  readonly client: Client | undefined;
  /** When the first of its sshds started, on the boot clock. */
  readonly startedBootMs: number;
}
