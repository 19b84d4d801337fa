// Where sshd's timeouts are set. Pure.
import type { Directive } from "./sshd-config.ts";
import { KEYWORDS, type Keyword } from "./timeouts.ts";

export interface DirectivePlace {
  readonly file: string;
  readonly line: number;
  readonly value: string;
}

/** Where a setting gets its value: the first place that counts for every login, and the Match blocks that override it for some. */
export interface Sources {
  readonly first: DirectivePlace | undefined;
  readonly inMatch: readonly DirectivePlace[];
}

/** Finds where a timeout is set in a configuration. */
export function sourcesOf(keyword: Keyword, config: readonly Directive[]): Sources {
  const places = config.filter((directive) => directive.keyword === keyword.toLowerCase());
  const first = places.find(({ block }) => block === 0);
  return {
    first: first && placeOf(first),
    inMatch: places.filter(({ block }) => block !== 0).map(placeOf),
  };
}

/** All places in Match blocks that set a timeout, as `FILE:LINE: Keyword value`. */
export function exceptions(config: readonly Directive[]): string[] {
  return KEYWORDS.flatMap((keyword) =>
    sourcesOf(keyword, config).inMatch.map(({ file, line, value }) => `${file}:${line}: ${keyword} ${value}`),
  );
}

function placeOf({ file, line, args }: Directive): DirectivePlace {
  return { file, line, value: args.join(" ") };
}
