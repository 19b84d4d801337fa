// A page of the manual: what is written by hand, and in the places of `.\" @NAME@` what is made from the program.

/** Fills a template. Throws where it has a place that nothing is made for, or lacks one. */
export function filled(template: string, parts: Readonly<Record<string, readonly string[]>>): string {
  const missing = new Set(Object.keys(parts));
  const page = template.replace(/^\.\\" @(\w+)@$/gm, (_, name: string) => {
    const lines = parts[name];
    if (lines === undefined)
      throw new Error(`a page of the manual has a place @${name}@ that nothing is made for`);
    missing.delete(name);
    return lines.join("\n");
  });
  if (missing.size > 0)
    throw new Error(`a page of the manual has no place for @${[...missing].join("@, @")}@`);
  return page;
}
