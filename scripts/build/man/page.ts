// A page of the manual: text written by hand, with parts from the program in the places of `.\" @NAME@`.

/** Fills a template. Throws if the template has a place without a part, or lacks the place of a part. */
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
