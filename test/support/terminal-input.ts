// What comes from a terminal, kind by kind: what it sends by itself, and what a person makes.

/** From xterm's ctlseqs where no other source is named. */
export const REPLIES: Readonly<Record<string, string>> = {
  "the cursor's position": "\x1b[24;80R",
  "the cursor's position in the first row, where F3 has other parameters": "\x1b[1;40R",
  "the cursor's position and page": "\x1b[?24;80;1R",
  "the cursor's extended position": "\x1b[?24;80R",
  "primary device attributes": "\x1b[?64;1;2;22c",
  "secondary device attributes": "\x1b[>41;354;0c",
  "tertiary device attributes, as some send them": "\x1b[=0c",
  "tertiary device attributes": "\x1bP!|00000000\x1b\\",
  "its status": "\x1b[0n",
  "its printer's status": "\x1b[?13n",
  "light or dark (contour)": "\x1b[?997;1n",
  "its foreground, ended by BEL": "\x1b]10;rgb:ffff/ffff/ffff\x07",
  "its background, ended by ST": "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
  "a colour of its palette": "\x1b]4;12;rgb:5c5c/5c5c/ffff\x1b\\",
  "its clipboard": "\x1b]52;c;aGk=\x1b\\",
  "focus in": "\x1b[I",
  "focus out": "\x1b[O",
  "the window's state": "\x1b[1t",
  "the window's place": "\x1b[3;100;200t",
  "the window's size in pixels": "\x1b[4;600;800t",
  "the window's size in characters": "\x1b[8;24;80t",
  "the window's new size, unasked (mode 2048)": "\x1b[48;24;80;600;800t",
  "the window's title": "\x1b]l~title\x1b\\",
  "a mode": "\x1b[4;2$y",
  "a private mode": "\x1b[?2026;2$y",
  "its parameters": "\x1b[2;1;1;128;128;1;0x",
  "the flags of the kitty keyboard protocol (kitty)": "\x1b[?5u",
  modifyOtherKeys: "\x1b[>4;2m",
  formatOtherKeys: "\x1b[>4;1f",
  "its name and version": "\x1bP>|XTerm(390)\x1b\\",
  "a setting": "\x1bP1$r0;1m\x1b\\",
  "a capability": "\x1bP1+r544e=787465726d\x1b\\",
  "its graphics": "\x1b[?1;0;256S",
  "an image's fate (kitty)": "\x1b_Gi=31;OK\x1b\\",
};

export const KEYS: Readonly<Record<string, string>> = {
  "a letter": "a",
  "a letter of UTF-8, two bytes": "ä",
  "a letter of UTF-8, three bytes": "中",
  "a letter of UTF-8, four bytes": "😀",
  Enter: "\r",
  Tab: "\t",
  Backspace: "\x7f",
  "Ctrl and a letter": "\x03",
  "Alt and a letter": "\x1bx",
  "Alt and Backspace": "\x1b\x7f",
  "Alt and what begins a colour": "\x1b]",
  "Alt and what begins a setting": "\x1bP",
  "Alt and what begins an image": "\x1b_",
  Escape: "\x1b",
  "an arrow": "\x1b[A",
  "an arrow in application mode": "\x1bOA",
  "an arrow with a modifier": "\x1b[1;5C",
  "a function key": "\x1bOP",
  "a function key with a number": "\x1b[15~",
  "a function key with a modifier": "\x1b[24;2~",
  "F3 with a modifier": "\x1b[1;2R",
  "a function key of the Linux console": "\x1b[[A",
  Delete: "\x1b[3~",
  "Shift and Tab": "\x1b[Z",
  "Enter of the keypad": "\x1bOM",
  "Ctrl and Enter under modifyOtherKeys": "\x1b[27;5;13~",
  "a letter in the kitty keyboard protocol": "\x1b[97;5u",
  "a key that is let go in the kitty keyboard protocol": "\x1b[97;1:3u",
};

/** What lies between these two is a person's, whatever it is. */
export const PASTES: Readonly<Record<string, string>> = {
  "a paste": "\x1b[200~pasted\x1b[201~",
  "a paste of what a terminal could have sent": "\x1b[200~\x1b[24;80R\x1b[201~",
};

export const CLICKS: Readonly<Record<string, string>> = {
  "a mouse button": "\x1b[<0;10;20M",
  "a mouse button that is let go": "\x1b[<0;10;20m",
  "the wheel": "\x1b[<64;10;20M",
  "a mouse button, in the oldest form": "\x1b[M !!",
  "the wheel, in the oldest form": "\x1b[M`!!",
  "a mouse button, in urxvt's form": "\x1b[32;10;20M",
};

export const MOTIONS: Readonly<Record<string, string>> = {
  "a mouse that moves": "\x1b[<35;10;20M",
  "a mouse that drags": "\x1b[<32;10;20M",
  "a mouse that moves, in the oldest form": "\x1b[MC!!",
  "a mouse that moves, in urxvt's form": "\x1b[67;10;20M",
};
