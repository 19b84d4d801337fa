// A file that shows whether a process may make memory executable. SELinux without execmem, a unit with MemoryDenyWriteExecute=
// (systemd.exec(5)) and PR_SET_MDWE (prctl(2)) deny it to a process and to everything that it starts. V8 then aborts when Node starts.
// Under `--jitless` V8 does not need such memory.

const [HEADER, PROGRAM_HEADER, TAG, SYMBOL] = [64, 56, 16, 24];
/** elf.h: EM_X86_64 and EM_AARCH64. */
export const MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };
// elf.h: types of a program header, its flags, and tags of the dynamic section.
const [PT_LOAD, PT_DYNAMIC, PT_GNU_STACK] = [1, 2, 0x6474e551];
const [PF_X, PF_W, PF_R] = [1, 2, 4];
const [DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT] = [5, 6, 10, 11];
/** The largest page size of both machines: segments are aligned to it. */
const ALIGNMENT = 1n << 16n;

/** A segment of the file, as in elf(5). */
interface ProgramHeader {
  readonly type: number;
  readonly flags: number;
  readonly from: number;
  readonly length: number;
  readonly align: bigint;
}

/**
 * A shared object without code. Its only segment is writable and executable. If the system denies that, a program that preloads it still
 * runs, and ld.so(8) reports on standard error that it failed to map the object.
 */
export function executableMemoryProbe(arch: string = process.arch): Buffer {
  const dynamicAt = HEADER + 3 * PROGRAM_HEADER;
  const tags = 5;
  const stringsAt = dynamicAt + tags * TAG;
  const symbolsAt = stringsAt + 8;
  const size = symbolsAt + SYMBOL;
  const bytes = Buffer.alloc(size);

  // 64 bits, little-endian, version 1 (e_ident); a shared object (e_type).
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(MACHINES[arch] ?? 0, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(BigInt(HEADER), 32);
  bytes.writeUInt16LE(HEADER, 52);
  bytes.writeUInt16LE(PROGRAM_HEADER, 54);
  bytes.writeUInt16LE(3, 56);

  const programHeader = (at: number, { type, flags, from, length, align }: ProgramHeader) => {
    bytes.writeUInt32LE(type, at);
    bytes.writeUInt32LE(flags, at + 4);
    for (const field of [8, 16, 24]) bytes.writeBigUInt64LE(BigInt(from), at + field);
    for (const field of [32, 40]) bytes.writeBigUInt64LE(BigInt(length), at + field);
    bytes.writeBigUInt64LE(align, at + 48);
  };
  programHeader(HEADER, {
    type: PT_LOAD,
    flags: PF_R | PF_W | PF_X,
    from: 0,
    length: size,
    align: ALIGNMENT,
  });
  programHeader(HEADER + PROGRAM_HEADER, {
    type: PT_DYNAMIC,
    flags: PF_R | PF_W,
    from: dynamicAt,
    length: tags * TAG,
    align: 8n,
  });
  // Without this header the loader would make the stack executable.
  programHeader(HEADER + 2 * PROGRAM_HEADER, {
    type: PT_GNU_STACK,
    flags: PF_R | PF_W,
    from: 0,
    length: 0,
    align: 16n,
  });

  // The loader needs these tags, although there are no symbols. The last tag is zero.
  [
    [DT_STRTAB, stringsAt],
    [DT_SYMTAB, symbolsAt],
    [DT_STRSZ, 1],
    [DT_SYMENT, SYMBOL],
  ].forEach(([tag = 0, value = 0], index) => {
    bytes.writeBigUInt64LE(BigInt(tag), dynamicAt + index * TAG);
    bytes.writeBigUInt64LE(BigInt(value), dynamicAt + index * TAG + 8);
  });
  return bytes;
}
