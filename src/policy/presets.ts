// The default policy with the values that a standard asks for. The comments say only what the text of the standard says.
import { defaultPolicy } from "./default.ts";
import type { PresetName } from "./preset-names.ts";

/** One value of a preset, as a file writes it, and the paragraph of the standard that asks for it. */
interface Setting {
  readonly value: string;
  readonly answers: string;
}

interface Preset {
  /** Comment lines for the head of the file. */
  readonly about: readonly string[];
  readonly settings: Readonly<Record<string, Setting>>;
}

const PROMPT_ONLY = "TMOUT ends no command that runs";

/** A user who may set the times of a terminal ("touch -a") keeps an idle session without pressing a key. */
const NO_FEIGNING = "idle is measured by keys, not by times that a user can set";

/** A program sends the heartbeat, and nobody sits there. But no standard speaks of forwarded ports. */
const NO_HEARTBEATS = "a program that pings by itself is not a person at work";

/** In every preset: an assessor asks why a value was not changed. */
const NO_AGE = [
  "These texts are about idle time. None bounds how long a session in use may last: max_login stays off.",
];

/** A scanner that does not know afkill finds only what it looks for. */
const SCANNERS = [
  "A scanner looks for TMOUT in the files of the shell. afkill does not set it: it sees every program,",
  "not only a shell at its prompt, and warns before it ends a login.",
];

const PCI_DSS = {
  about: [
    "Values for PCI DSS v4.0.1, requirement 8.2.8. Work keeps an unattended session for busy_max, a transfer",
    'while it lasts; with activity = ["input"] nothing but keys keeps it.',
    ...NO_AGE,
  ],
  settings: {
    idle_timeout: {
      value: '"15m"',
      answers: "8.2.8: idle for more than 15 minutes takes a new authentication",
    },
    activity: {
      value: '["input", "busy", "transfer"]',
      answers: "8.2.8, notes: not meant to prevent legitimate activities while unattended",
    },
    no_terminal: {
      value: '"15m"',
      answers: "8.2.8: user sessions, whether terminal or session",
    },
    trust_tty_times: { value: "false", answers: `8.2.8: ${NO_FEIGNING}` },
    heartbeats: { value: "false", answers: `8.2.8, idle sessions: ${NO_HEARTBEATS}` },
    groups: {
      value: "[]",
      answers: "8.2.8, notes: only some accounts of point-of-sale terminals are left out",
    },
  },
} as const satisfies Preset;

const STIG = {
  about: [
    "Values for the DISA STIGs for Red Hat Enterprise Linux 9 and for Canonical Ubuntu 22.04 LTS: both want",
    "interactive shell sessions to be ended after inactivity. The shorter time serves both. The first wants",
    "idle sessions ended as well (RHEL-09-412080, V-258077), and a scanner looks for StopIdleSessionSec.",
    ...SCANNERS,
    ...NO_AGE,
  ],
  settings: {
    idle_timeout: {
      value: '"10m"',
      answers: "RHEL-09-412035 (V-258068): 10 minutes; UBTU-22-412030 (V-260554): 15 minutes",
    },
    activity: {
      value: '["input", "busy", "transfer"]',
      answers: `RHEL-09-412035, UBTU-22-412030: ${PROMPT_ONLY}`,
    },
    no_terminal: {
      value: '"10m"',
      answers: "RHEL-09-412080 (V-258077): idle sessions, whatever runs in them",
    },
    trust_tty_times: { value: "false", answers: `RHEL-09-412035: ${NO_FEIGNING}` },
    heartbeats: { value: "false", answers: `RHEL-09-412080, idle sessions: ${NO_HEARTBEATS}` },
    groups: { value: "[]", answers: "RHEL-09-412035, UBTU-22-412030: they name no exception" },
  },
} as const satisfies Preset;

const PRESETS: Readonly<Record<PresetName, Preset>> = {
  "pci-dss": PCI_DSS,
  "pci-dss-lock": {
    about: PCI_DSS.about,
    settings: {
      ...PCI_DSS.settings,
      at_limit: {
        value: '"lock"',
        answers: "8.2.8: re-authenticate to re-activate the terminal or session",
      },
    },
  },
  cis: {
    about: [
      "Values for the CIS Benchmarks for Debian Linux 12 and Red Hat Enterprise Linux 9, item 5.4.3.2,",
      "Ensure default user shell timeout is configured. Other benchmarks number the item differently.",
      ...SCANNERS,
      ...NO_AGE,
    ],
    settings: {
      idle_timeout: { value: '"15m"', answers: "5.4.3.2: TMOUT of 900 seconds or less" },
      activity: { value: '["input", "busy", "transfer"]', answers: `5.4.3.2: ${PROMPT_ONLY}` },
      no_terminal: {
        value: '"15m"',
        answers: "5.4.3.2: a user's shell, also one without a terminal (ssh -T)",
      },
      trust_tty_times: { value: "false", answers: `5.4.3.2: ${NO_FEIGNING}` },
      heartbeats: { value: "false", answers: `no paragraph: ${NO_HEARTBEATS}` },
    },
  },
  stig: STIG,
  "stig-lock": {
    about: [
      "Values for the DISA STIGs for Red Hat Enterprise Linux 8 and 9, as far as they want a command line to",
      "lock, by itself and by hand. The releases V2R1 for 8 and V2R2 for 9 leave these rules out, with tmux;",
      "a scanner for older ones looks for lock-after-time in /etc/tmux.conf. The rest is that of stig.",
      "A lock is no end, and RHEL-09-412035 and UBTU-22-412030 want an end: idle_timeout and lock_max of five",
      "minutes each lock a terminal first, and end it after ten.",
      ...NO_AGE,
    ],
    settings: {
      ...STIG.settings,
      idle_timeout: {
        ...STIG.settings.idle_timeout,
        answers: "RHEL-08-020070 (V-230353), RHEL-09-412025 (V-258066): locked after 15 minutes at most",
      },
      at_limit: {
        value: '"lock"',
        answers: "RHEL-08-020040 (V-230348), RHEL-09-412020 (V-258065): locked until authenticated anew",
      },
    },
  },
};

/** The text of the default policy, with the values of a preset if one is named. */
export function policyWithPreset(name: PresetName | undefined): string {
  if (name === undefined) return defaultPolicy;
  const { about, settings } = PRESETS[name];
  const text = Object.entries(settings).reduce(
    (policy, [key, { value, answers }]) =>
      policy.replace(new RegExp(`^${key} = .*$`, "m"), `${key} = ${value}  # ${answers}`),
    defaultPolicy,
  );
  const head = about.map((line) => `# ${line}\n`).join("");
  return text
    .replace(
      "Every key is shown with its default. ",
      "Every key is shown, with its default where no remark follows it.\n# ",
    )
    .replace(/\n\n/, `\n#\n${head}\n`);
}
