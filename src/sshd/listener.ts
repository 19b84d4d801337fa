// Reads the options of a listening sshd from its process title. Pure.

/** The options that take a value (sshd(8)). A title does not show where one of several words ends. */
const WITH_VALUE = "bCcEfghkopu";
/** The options that decide what its configuration is. */
const OF_CONFIGURATION = "fo";

/**
 * The options of a listening sshd that decide its configuration, ready to be given to sshd again; `undefined` for the title of another
 * process. A title is `sshd: /usr/sbin/sshd -D -f FILE [listener] 0 of 10-100 startups`.
 */
export function optionsOf(title: string): string[] | undefined {
  const text = /^sshd: (.*) \[listener\] \d+ of \d+-\d+ startups/s.exec(title)?.[1];
  if (text === undefined) return undefined;
  const [, ...words] = text.split(" ");
  const found: string[] = [];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (!word.startsWith("-")) continue;
    const at = [...word].findIndex((letter, index) => index > 0 && WITH_VALUE.includes(letter));
    if (at < 0) continue;
    const value = [word.slice(at + 1) || words.shift()];
    // `-o UsePAM no` was given as one word in quotes.
    while (word[at] === "o" && words[0] !== undefined && !words[0].startsWith("-")) value.push(words.shift());
    if (OF_CONFIGURATION.includes(word[at] ?? "")) found.push(`-${word[at]}`, value.join(" "));
  }
  return found;
}
