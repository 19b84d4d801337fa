// The lines of `afkill tree`.

import { printable, styled } from "../../console/output.ts";
import { hasEnded } from "../../login/process.ts";
import { type Terminal, terminalName } from "../../login/terminal.ts";
import type { Surveyed } from "../../survey/survey.ts";

/** A process of a login with the processes below it. */
export interface TreeNode {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** The terminal of the process, such as `pts/3`, if the login or a program in it opened that terminal; else `null`. */
  readonly terminal: string | null;
  /** Whether it is in the foreground of its terminal. */
  readonly foreground: boolean;
  /** Also deeper descendants, if they would be deeper than `DEEPEST`. */
  readonly children: readonly TreeNode[];
}

/**
 * A user can easily make a chain of thousands of processes. Drawn in full it would be megabytes of indentation, and recursive JSON parsers
 * could not read it. Below this depth processes are listed side by side.
 */
const DEEPEST = 40;

export interface LoginTree {
  readonly user: string;
  readonly client: string | null;
  readonly own: boolean;
  readonly terminals: readonly string[];
  /** The first sshd of the login. `null` if nothing of it can be seen. */
  readonly tree: TreeNode | null;
}

type Looked = Pick<Surveyed, "processes" | "isOwn"> & {
  readonly login: Pick<Surveyed["login"], "user" | "client">;
  readonly observation: Pick<Surveyed["observation"], "terminals">;
};

/** The processes of a login as a tree; zombies are left out. `processes`: parents first. */
export function treeOf({ login, processes, isOwn, observation }: Looked): LoginTree {
  const living = processes.filter((it) => !hasEnded(it));
  const open = observation.terminals.flatMap(withInner);
  const nameOf = new Map(open.map((it) => [it.deviceNumber, terminalName(it)]));
  const groups = new Set(open.map(({ foregroundGroup }) => foregroundGroup));
  const [top] = living;
  const nodes = new Map<number, Placed>();
  for (const { pid, parent, name, ttyNr, processGroup } of living) {
    const above = nodes.get(parent);
    if (!above && pid !== top?.pid) continue;
    const children: TreeNode[] = [];
    const node: TreeNode = {
      pid,
      parent,
      name,
      terminal: nameOf.get(ttyNr >>> 0) ?? null,
      foreground: groups.has(processGroup),
      children,
    };
    above?.list.push(node);
    const isDeep = above !== undefined && above.depth >= DEEPEST;
    nodes.set(pid, isDeep ? { ...above, node } : { node, list: children, depth: (above?.depth ?? 0) + 1 });
  }
  return {
    user: login.user,
    client: login.client?.address ?? null,
    own: isOwn,
    terminals: observation.terminals.map(terminalName),
    tree: (top && nodes.get(top.pid)?.node) ?? null,
  };
}

/** A node, the list that its children are added to, and the depth of that list. */
interface Placed {
  readonly node: TreeNode;
  readonly list: TreeNode[];
  readonly depth: number;
}

/** A terminal and those that were opened inside it. */
function withInner(terminal: Terminal): Terminal[] {
  return [terminal, ...(terminal.inner ? withInner(terminal.inner) : [])];
}

/** The characters that draw the branches. */
interface Branches {
  readonly middle: string;
  readonly last: string;
  readonly through: string;
}

const LINES: Branches = { middle: "├─ ", last: "└─ ", through: "│  " };
const ASCII: Branches = { middle: "|- ", last: "`- ", through: "|  " };

/** The lines of a login. `unicode`: the locale shows UTF-8. `+` marks foreground processes, as in ps(1); `*` marks your own login. */
export function linesOf({ user, client, own, terminals, tree }: LoginTree, unicode: boolean): string[] {
  const places = terminals.length === 0 ? "no terminal" : terminals.join(", ");
  const title = `${printable(user)}${own ? "*" : ""} from ${printable(client ?? "-")} (${printable(places)})`;
  const branches = unicode ? LINES : ASCII;
  return [styled("bold", title), ...(tree ? below([tree], tree.parent, "", branches) : [])];
}

function below(nodes: readonly TreeNode[], parent: number, indent: string, branches: Branches): string[] {
  return nodes.flatMap((it, index) => {
    const isLast = index === nodes.length - 1;
    const further = indent + (isLast ? "   " : branches.through);
    return [
      indent + (isLast ? branches.last : branches.middle) + label(it, parent),
      ...below(it.children, it.pid, further, branches),
    ];
  });
}

/** `above`: the process that it is drawn below. That is not its parent if the parent is too deep. */
function label({ pid, parent, name, terminal, foreground }: TreeNode, above: number): string {
  const place = terminal === null ? "" : ` ${terminal}`;
  const text = `${pid} ${printable(name)}${place}${parent === above ? "" : ` (below ${parent})`}`;
  return foreground ? styled("green", `${text} +`) : text;
}
