// The lines of `afkill tree`.
import { hasEnded, type ProcessStat } from "../login/process.ts";
import { type Terminal, terminalName } from "../login/terminal.ts";
import type { Surveyed } from "../survey/survey.ts";
import { printable, styled } from "./output.ts";

/** A process of a login with what is below it. */
export interface TreeNode {
  readonly pid: number;
  readonly name: string;
  /** The terminal that it has, such as `pts/3`, where the login or a program in it opened that one; else `null`. */
  readonly terminal: string | null;
  /** It is in the foreground of its terminal. */
  readonly foreground: boolean;
  readonly children: readonly TreeNode[];
}

export interface LoginTree {
  readonly user: string;
  readonly client: string | null;
  readonly own: boolean;
  readonly terminals: readonly string[];
  /** Its first sshd. `null` where nothing of it could be seen. */
  readonly tree: TreeNode | null;
}

type Looked = Pick<Surveyed, "processes" | "isOwn"> & {
  readonly login: Pick<Surveyed["login"], "user" | "client">;
  readonly observation: Pick<Surveyed["observation"], "terminals">;
};

/** The processes of a login as a tree; zombies are left out. `processes`: parents first. */
export function treeOf({ login, processes, isOwn, observation }: Looked): LoginTree {
  const living = processes.filter((it) => !hasEnded(it));
  const children = Map.groupBy(living, ({ parent }) => parent);
  const open = observation.terminals.flatMap(withInner);
  const nameOf = new Map(open.map((it) => [it.deviceNumber, terminalName(it)]));
  const groups = new Set(open.map(({ foregroundGroup }) => foregroundGroup));
  const node = (stat: ProcessStat): TreeNode => ({
    pid: stat.pid,
    name: stat.name,
    terminal: nameOf.get(stat.ttyNr >>> 0) ?? null,
    foreground: groups.has(stat.processGroup),
    children: (children.get(stat.pid) ?? []).map(node),
  });
  const [top] = living;
  return {
    user: login.user,
    client: login.client?.address ?? null,
    own: isOwn,
    terminals: observation.terminals.map(terminalName),
    tree: top ? node(top) : null,
  };
}

/** A terminal and those that were opened inside it. */
function withInner(terminal: Terminal): Terminal[] {
  return [terminal, ...(terminal.inner ? withInner(terminal.inner) : [])];
}

/** What draws the branches. */
interface Branches {
  readonly middle: string;
  readonly last: string;
  readonly through: string;
}

const LINES: Branches = { middle: "├─ ", last: "└─ ", through: "│  " };
const ASCII: Branches = { middle: "|- ", last: "`- ", through: "|  " };

/** Draws a login. `unicode`: the locale shows UTF-8. Foreground processes are marked with `+`, as ps(1) does, your own login with `*`. */
export function linesOf({ user, client, own, terminals, tree }: LoginTree, unicode: boolean): string[] {
  const places = terminals.length === 0 ? "no terminal" : terminals.join(", ");
  const title = `${printable(user)}${own ? "*" : ""} from ${client ?? "-"} (${places})`;
  const branches = unicode ? LINES : ASCII;
  return [styled("bold", title), ...(tree ? below([tree], "", branches) : [])];
}

function below(nodes: readonly TreeNode[], indent: string, branches: Branches): string[] {
  return nodes.flatMap((it, index) => {
    const isLast = index === nodes.length - 1;
    const further = indent + (isLast ? "   " : branches.through);
    return [
      indent + (isLast ? branches.last : branches.middle) + label(it),
      ...below(it.children, further, branches),
    ];
  });
}

function label({ pid, name, terminal, foreground }: TreeNode): string {
  const text = `${pid} ${printable(name)}${terminal === null ? "" : ` ${terminal}`}`;
  return foreground ? styled("green", `${text} +`) : text;
}
