// Finds where a key is in a file. Loaded only when something is wrong: the parser that keeps positions starts more slowly.
import { type AST, parseTOML } from "toml-eslint-parser";
import type { KeyPath } from "./problems.ts";

/** Line and column, counted from 1. */
export interface TomlPlace {
  readonly line: number;
  readonly column: number;
}

/**
 * Returns a function that finds the place of a path in a text: of a key, of an element of a list, or, for a missing key, of the table
 * that lacks it. `undefined` if there is no place, as in an empty file.
 */
export function locator(text: string): (path: KeyPath) => TomlPlace | undefined {
  const places = new Map<string, TomlPlace>();
  const [top] = parseTOML(text, { tomlVersion: "1.1" }).body;
  for (const node of top.body) {
    if (node.type === "TOMLKeyValue") noteKeyValue(node, [], places);
    else noteTable(node, places);
  }
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const place = places.get(JSON.stringify(path.slice(0, length)));
      if (place) return place;
    }
    return undefined;
  };
}

function noteTable(table: AST.TOMLTable, places: Map<string, TomlPlace>): void {
  notePrefixes(table.resolvedKey, 0, table, places);
  for (const entry of table.body) noteKeyValue(entry, table.resolvedKey, places);
}

function noteKeyValue(
  { key, value }: AST.TOMLKeyValue,
  parent: KeyPath,
  places: Map<string, TomlPlace>,
): void {
  const names = key.keys.map((part) => (part.type === "TOMLBare" ? part.name : part.value));
  const path = [...parent, ...names];
  notePrefixes(path, parent.length, key, places);
  noteValue(value, path, places);
}

function noteValue(value: AST.TOMLContentNode, path: KeyPath, places: Map<string, TomlPlace>): void {
  if (value.type === "TOMLInlineTable") for (const entry of value.body) noteKeyValue(entry, path, places);
  if (value.type !== "TOMLArray") return;
  for (const [index, element] of value.elements.entries()) {
    notePrefixes([...path, index], path.length, element, places);
    noteValue(element, [...path, index], places);
  }
}

/** `a.b = 1` and `[a.b]` are also the first place of `a`. */
function notePrefixes(
  path: KeyPath,
  from: number,
  { loc }: AST.TOMLNode,
  places: Map<string, TomlPlace>,
): void {
  const place = { line: loc.start.line, column: loc.start.column + 1 };
  for (let length = from + 1; length <= path.length; length++) {
    const name = JSON.stringify(path.slice(0, length));
    if (!places.has(name)) places.set(name, place);
  }
}
