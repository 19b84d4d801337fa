// Pure: the text format of Prometheus, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).

/** One number, with labels that no other sample of its family has. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of one name. The names of the family and of the labels are not escaped: the caller must choose valid ones. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The families one after the other, each with its HELP and TYPE lines and an empty line between them; ends with a newline. */
export function exposition(families: readonly Family[]): string {
  return `${families.map(familyText).join("\n\n")}\n`;
}

function familyText({ name, type, help, samples }: Family): string {
  // Go can read the numbers of JavaScript, and the format asks for no more; this includes NaN and Infinity.
  const lines = samples.map(({ labels = {}, value }) => `${name}${labelsText(labels)} ${value}`);
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`, ...lines].join("\n");
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapedInQuotes(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Escapes the backslash first, because the other escapes add backslashes. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapedInQuotes(text: string): string {
  return escaped(text).replaceAll('"', '\\"');
}
