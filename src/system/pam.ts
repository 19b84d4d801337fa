// libpam: whether somebody can prove that they are a user of this host (pam(3)). Each call blocks this thread until PAM has decided.
import koffi from "koffi/indirect";

// security/_pam_types.h of Linux-PAM.
const PAM_SUCCESS = 0;
const PAM_SYSTEM_ERR = 4;
const PAM_BUF_ERR = 5;
const PAM_PERM_DENIED = 6;
const PAM_NEW_AUTHTOK_REQD = 12;
const PAM_CONV_ERR = 19;

const PAM_USER = 2;
const PAM_TTY = 3;
const PAM_RHOST = 4;
const PAM_RUSER = 8;
const PAM_DISALLOW_NULL_AUTHTOK = 1;

const PAM_PROMPT_ECHO_OFF = 1;
const PAM_PROMPT_ECHO_ON = 2;
const PAM_ERROR_MSG = 3;
const PAM_TEXT_INFO = 4;
/** The longest answer, with its 0 (PAM_MAX_RESP_SIZE). */
const LONGEST_ANSWER = 512;
/** `struct pam_response`: a pointer, an int, and what aligns the next one. */
const RESPONSE_BYTES = 16;
const POINTER_BYTES = 8;

/** Whom PAM is asked about, and where they are. */
export interface PamFacts {
  /** The name of the file in /etc/pam.d. */
  readonly service: string;
  readonly user: string;
  readonly tty: string;
  /** Empty if it is not known. */
  readonly rhost: string;
}

/** What PAM wants to know or to say. The answer to each question comes as bytes with a 0 at the end from the descriptor `answers`. */
export interface Questions {
  readonly ask: (text: string, echo: boolean) => void;
  readonly say: (text: string, isError: boolean) => void;
  readonly answers: number;
}

/** PAM's decision: its code, and what the code means in its words. */
export interface PamResult {
  readonly code: number;
  readonly text: string;
}

type Pointer = bigint;

const libc = koffi.load("libc.so.6");
const calloc = libc.func("void *calloc(size_t count, size_t size)");
const release = libc.func("void free(void *memory)");
const clear = libc.func("void explicit_bzero(void *memory, size_t size)");
const read = libc.func("long read(int fd, void *buffer, unsigned long count)");

const conversation = koffi.proto(
  "int afkill_conversation(int count, void *messages, void *answers, void *data)",
);
koffi.struct("afkill_pam_conv", { conv: koffi.pointer(conversation), data: "void *" });

function loadPam() {
  const pam = koffi.load("libpam.so.0");
  return {
    start: pam.func(
      "int pam_start(const char *service, const char *user, const afkill_pam_conv *conv, _Out_ void **handle)",
    ),
    setItem: pam.func("int pam_set_item(void *handle, int item, const char *text)"),
    getItem: pam.func("int pam_get_item(void *handle, int item, _Out_ void **value)"),
    authenticate: pam.func("int pam_authenticate(void *handle, int flags)"),
    account: pam.func("int pam_acct_mgmt(void *handle, int flags)"),
    meaning: pam.func("const char *pam_strerror(void *handle, int code)"),
    end: pam.func("int pam_end(void *handle, int code)"),
  };
}

type Pam = ReturnType<typeof loadPam>;

/** Asks PAM who is there; blocks until it has decided. Throws if there is no libpam. */
export function askPam(facts: PamFacts, questions: Questions): PamResult {
  const pam = loadPam();
  const conv = koffi.register(
    (count: number, messages: Pointer, answers: Pointer) => converse(count, { messages, answers }, questions),
    koffi.pointer(conversation),
  );
  const out: [Pointer | null] = [null];
  const started: number = pam.start(facts.service, facts.user, { conv, data: null }, out);
  const [handle] = out;
  if (started !== PAM_SUCCESS || handle === null)
    return { code: started || PAM_SYSTEM_ERR, text: "pam_start failed" };
  const result = decide(pam, handle, facts);
  pam.end(handle, result.code);
  koffi.unregister(conv);
  return result;
}

function decide(pam: Pam, handle: Pointer, facts: PamFacts): PamResult {
  const { user, tty, rhost } = facts;
  pam.setItem(handle, PAM_TTY, tty);
  pam.setItem(handle, PAM_RUSER, user);
  if (rhost !== "") pam.setItem(handle, PAM_RHOST, rhost);
  const code: number = pam.authenticate(handle, PAM_DISALLOW_NULL_AUTHTOK) || account(pam, handle);
  // A module may ask for another name.
  if (code === PAM_SUCCESS && userOf(pam, handle) !== user)
    return { code: PAM_PERM_DENIED, text: "this is another user" };
  return { code, text: pam.meaning(handle, code) };
}

/** Who has to change their password has proved who they are. */
function account(pam: Pam, handle: Pointer): number {
  const code: number = pam.account(handle, PAM_DISALLOW_NULL_AUTHTOK);
  return code === PAM_NEW_AUTHTOK_REQD ? PAM_SUCCESS : code;
}

function userOf(pam: Pam, handle: Pointer): string | undefined {
  const out: [Pointer | null] = [null];
  return pam.getItem(handle, PAM_USER, out) === PAM_SUCCESS && out[0] !== null
    ? koffi.decode.string(out[0])
    : undefined;
}

/** Answers all messages or none (pam_conv(3)). PAM releases what it gets. An exception would look like success without answers. */
function converse(
  count: number,
  { messages, answers }: { readonly messages: Pointer; readonly answers: Pointer },
  questions: Questions,
): number {
  const responses: Pointer | null = calloc(Math.max(1, count), RESPONSE_BYTES);
  if (responses === null) return PAM_BUF_ERR;
  const given: Pointer[] = [];
  try {
    for (let at = 0; at < count; at++) {
      const answer = answerTo(koffi.decode(messages, at * POINTER_BYTES, "void *"), questions);
      if (answer === undefined) continue;
      given.push(answer);
      koffi.encode(responses, at * RESPONSE_BYTES, "void *", answer);
    }
    koffi.encode(answers, "void *", responses);
    return PAM_SUCCESS;
  } catch {
    given.forEach(forget);
    release(responses);
    return PAM_CONV_ERR;
  }
}

/** Passes one message on. Returns the answer in memory of C, or `undefined` if none is wanted. Throws if there is none. */
function answerTo(message: Pointer, { ask, say, answers }: Questions): Pointer | undefined {
  const style: number = koffi.decode(message, "int");
  const text: string = koffi.decode(message, POINTER_BYTES, "char *") ?? "";
  switch (style) {
    case PAM_PROMPT_ECHO_OFF:
    case PAM_PROMPT_ECHO_ON:
      ask(text, style === PAM_PROMPT_ECHO_ON);
      return readAnswer(answers);
    case PAM_ERROR_MSG:
    case PAM_TEXT_INFO:
      say(text, style === PAM_ERROR_MSG);
      return undefined;
    default:
      throw new Error(`a message of style ${style}`);
  }
}

/** Reads straight into the memory that PAM gets: nothing in this process keeps a copy. */
function readAnswer(fd: number): Pointer {
  const memory: Pointer | null = calloc(1, LONGEST_ANSWER);
  if (memory === null) throw new Error("no memory");
  for (let length = 0; length < LONGEST_ANSWER; ) {
    const count = Number(read(fd, memory + BigInt(length), LONGEST_ANSWER - length));
    if (count <= 0) break;
    length += count;
    if (koffi.decode.uint8(memory + BigInt(length - 1)) === 0) return memory;
  }
  forget(memory);
  throw new Error("there is no answer");
}

function forget(memory: Pointer): void {
  clear(memory, LONGEST_ANSWER);
  release(memory);
}
