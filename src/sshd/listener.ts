// The options of a listening sshd, from the title that it gives itself. Pure.

/** Of its options, those that have a value (sshd(8)); what a title does not show is where one of several words ends. */
const WITH_VALUE = "bCcEfghkopu";
/** Those that say what its configuration is. */
const OF_CONFIGURATION = "fo";

/**
 * The options of a listening sshd that say what its configuration is, as it would be given them again; `undefined` for the title of
 * another process. A title is `sshd: /usr/sbin/sshd -D -f FILE [listener] 0 of 10-100 startups`.
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
    // `-o UsePAM no` was one word between quotes.
    while (word[at] === "o" && words[0] !== undefined && !words[0].startsWith("-")) value.push(words.shift());
    if (OF_CONFIGURATION.includes(word[at] ?? "")) found.push(`-${word[at]}`, value.join(" "));
  }
  return found;
}
