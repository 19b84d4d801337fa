// HTML in which every value is text, unless it is markup that was made here.
import { UNSEEN } from "../../text/unseen.ts";

/** Markup that may be put into a page as it is. */
export interface Markup {
  readonly markup: string;
}

type Value = string | number | Markup | readonly Markup[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
/** Text that is safe in a page, between tags and in quoted attributes. Invisible characters become a box. */
export function escapeHtml(text: string): string {
  return text.replace(UNSEEN, "\ufffd").replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}

/** Makes markup. Values in it are escaped, unless they are markup. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return { markup: parts.map((part, at) => part + toMarkup(values[at] ?? "")).join("") };
}

/** Marks a string as markup. Only for constants of this program, without values in them. */
export function trusted(markup: string): Markup {
  return { markup };
}

function toMarkup(value: Value): string {
  if (typeof value === "object")
    return "markup" in value ? value.markup : value.map(({ markup }) => markup).join("");
  return escapeHtml(String(value));
}
