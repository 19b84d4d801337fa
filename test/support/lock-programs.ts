// The programs that a lock is tried on, as a user has them in front: how they come to a state, and how they are used again.

/** Keys, and what is on the screen once they were taken. */
export type Step = readonly [keys: string, seen: RegExp];

export interface LockedProgram {
  readonly name: string;
  readonly start: readonly Step[];
  /** What follows the unlock. */
  readonly use: readonly Step[];
  /** Its user's login shell; bash unless said otherwise. */
  readonly shell?: string;
  /** Its user may become root without a password. */
  readonly sudo?: true;
  /** It sets some modes when it draws for a new size, and not when it begins. */
  readonly drawsTwice?: true;
  /** It takes every SIGCONT for a new beginning, and sets its modes again with its next output. */
  readonly forgetsModes?: true;
  /** It draws by itself: only these rows, the modes and the kind of screen are compared. */
  readonly lively?: { readonly from: number; readonly to: number };
}

const BACK: RegExp = /[$#] $/m;
const VIM = "vim -N -u NONE -i NONE -c 'set mouse=a showmode ruler'";
const half = (name: string, shell?: string): LockedProgram => ({
  name: `a half-typed line of ${name}`,
  ...(shell && { shell }),
  start: [["echo half-", /echo half-$/m]],
  use: [["whole\r", /^half-whole/m]],
});

/** `~/n` is a file of 100 lines, `~/page.1` a manual page. */
export const PROGRAMS: readonly LockedProgram[] = [
  half("bash"),
  half("zsh", "/bin/zsh"),
  half("fish", "/usr/bin/fish"),
  half("dash", "/bin/dash"),
  half("tcsh", "/bin/tcsh"),
  {
    name: "a half-typed line of python3",
    start: [
      ["python3 -q\r", />>> $/m],
      ["print('half-'+", /half-'\+$/m],
    ],
    forgetsModes: true,
    use: [["'whole')\r", /^half-whole/m]],
  },
  {
    name: "vim on the alternate screen",
    start: [
      [`${VIM} n\r`, /1,1 +Top/],
      ["5j\x0c", /^6(.|\n)* 6,1 /m],
    ],
    use: [
      ["oused\x1b", /^used$/m],
      [":q!\r", BACK],
    ],
  },
  {
    name: "vim on the main screen",
    start: [
      [`${VIM} -c 'set t_ti= t_te=' n\r`, /1,1 +Top/],
      ["5jA-more\x1b", /6-more/],
    ],
    use: [
      ["oused\x1b", /^used$/m],
      [":q!\r", BACK],
    ],
  },
  {
    name: "vim in visual mode",
    start: [
      [`${VIM} n\r`, /1,1 +Top/],
      ["5jv2j", /-- VISUAL --/],
    ],
    use: [
      ["d", /^5\n\n9$/m],
      [":q!\r", BACK],
    ],
  },
  {
    name: "vim in insert mode",
    start: [
      [`${VIM} n\r`, /1,1 +Top/],
      ["ihalf-", /half-1\n(.|\n)*-- INSERT --/],
    ],
    use: [
      ["whole-", /^half-whole-1/m],
      ["\x1b:q!\r", BACK],
    ],
  },
  {
    name: "less",
    start: [
      ["less n\r", /^23$/m],
      ["jjj", /^26$/m],
    ],
    use: [
      ["/80\r", /^80$/m],
      ["q", BACK],
    ],
  },
  {
    name: "man",
    start: [
      ["man ./page.1\r", /line 15/],
      ["jj", /line 16/],
    ],
    use: [
      ["/line 60\r", /line 60/],
      ["q", BACK],
    ],
  },
  {
    name: "htop",
    start: [["htop -d 100\r", /F10Quit/]],
    use: [
      ["\x1bOP", /htop \d/],
      ["q", /F10Quit/],
      ["q", BACK],
    ],
    lively: { from: 23, to: 24 },
  },
  {
    name: "top",
    start: [["top -d 600\r", /PID USER/]],
    use: [
      ["h", /Help for Interactive/],
      ["q", /PID USER/],
      ["q", BACK],
    ],
    lively: { from: 6, to: 7 },
  },
  {
    name: "watch",
    start: [["watch -n 600 seq 10\r", /^10$/m]],
    use: [["\x03", BACK]],
    lively: { from: 1, to: 24 },
  },
  {
    name: "nano",
    start: [
      ["nano --ignorercfiles --quickblank n\r", /\^X Exit/],
      ["half-", /^half-1$/m],
    ],
    use: [
      ["whole-", /^half-whole-1$/m],
      ["\x18", /Save modified/],
      ["n", BACK],
    ],
  },
  {
    name: "mc",
    start: [
      ["mc -u ~/empty ~/empty\r", /10 ?Quit/],
      ["half-", /half-/],
    ],
    drawsTwice: true,
    use: [
      ["\x15", /UP--DIR/],
      ["\x1b0", BACK],
    ],
  },
  {
    name: "tmux",
    start: [
      ["tmux -f /tmp/tmux.conf new -n s dash\r", /\[0\].*s/],
      ["echo half-", /echo half-$/m],
    ],
    use: [
      ["whole\r", /^half-whole/m],
      ["\x02d", /\[detached/],
    ],
  },
  {
    name: "screen",
    start: [
      ["mkdir -m 700 s; SCREENDIR=~/s screen -c /dev/null bash --norc\r", /bash-5.*\$ $/m],
      ["echo half-", /echo half-$/m],
    ],
    use: [
      ["whole\r", /^half-whole/m],
      ["\x01d", /\[detached|\[.* detached/],
    ],
  },
  {
    name: "dialog",
    start: [
      ["dialog --menu title 12 40 4 a first b second; echo left\r", /second/],
      ["\x1b[B", /second/],
    ],
    use: [["\r", /left/]],
  },
  {
    name: "cat with half a line",
    start: [
      ["echo begun; cat\r", /^begun$/m],
      ["half-", /^half-$/m],
    ],
    use: [
      ["whole\r", /^half-whole\s+half-whole$/m],
      ["\x04", BACK],
    ],
  },
  {
    name: "sudo -i",
    sudo: true,
    start: [
      ["sudo -i\r", /root@lab/],
      ["echo half-", /echo half-$/m],
    ],
    use: [
      ["whole\r", /^half-whole/m],
      ["exit\r", /[$] $/m],
    ],
  },
  {
    name: "sudo vim",
    sudo: true,
    start: [
      [`sudo ${VIM} n\r`, /1,1 +Top/],
      ["5jihalf-", /half-6/],
    ],
    use: [
      ["whole-", /half-whole-6/],
      ["\x1b:q!\r", BACK],
    ],
  },
  {
    name: "su",
    start: [
      ["su -\r", /Password:/],
      ["secret\r", /root@lab/],
      ["echo half-", /echo half-$/m],
    ],
    use: [
      ["whole\r", /^half-whole/m],
      ["exit\r", /[$] $/m],
    ],
  },
  {
    name: "a nested ssh",
    start: [
      ["ssh -o StrictHostKeyChecking=no inner@localhost\r", /inner@lab/],
      ["echo half-", /echo half-$/m],
    ],
    use: [
      ["whole\r", /^half-whole/m],
      ["exit\r", /closed\./],
    ],
  },
];
