/**
 * Reads x86-64 machine code instruction by instruction, as far as it takes to know where each one ends and how wide its
 * vector registers are (Intel, _Software Developer's Manual_, volume 2, chapter 2 and appendix A).
 */

/** What code consists of. Vector instructions with the legacy (SSE) encoding count as others do. */
export interface CodeCounts {
  instructions: number;
  /** Encoded by VEX or EVEX: AVX and later, of any width. */
  avx: number;
  /** With 256-bit registers. */
  ymm: number;
  /** With 512-bit registers. */
  zmm: number;
}

/** No instruction is longer. */
export const LONGEST = 15;

const MODRM = 1;
const IMM8 = 2;
/** Two or four bytes, by operand size. */
const IMMZ = 4;
/** Four bytes, whatever the operand size: near branches in 64-bit mode. */
const IMM32 = 8;
const IMM16 = 16;

const ONE_BYTE = table((set) => {
  for (let row = 0; row < 0x40; row += 8) {
    set([row, row + 3], MODRM);
    set([row + 4], IMM8);
    set([row + 5], IMMZ);
  }
  set([0x63], MODRM);
  set([0x68], IMMZ);
  set([0x69], MODRM | IMMZ);
  set([0x6a], IMM8);
  set([0x6b], MODRM | IMM8);
  set([0x70, 0x7f], IMM8);
  set([0x80], MODRM | IMM8);
  set([0x81], MODRM | IMMZ);
  set([0x82, 0x83], MODRM | IMM8);
  set([0x84, 0x8f], MODRM);
  set([0xa8], IMM8);
  set([0xa9], IMMZ);
  set([0xb0, 0xb7], IMM8);
  set([0xb8, 0xbf], IMMZ);
  set([0xc0, 0xc1], MODRM | IMM8);
  set([0xc2], IMM16);
  set([0xc6], MODRM | IMM8);
  set([0xc7], MODRM | IMMZ);
  set([0xc8], IMM16 | IMM8);
  set([0xca], IMM16);
  set([0xcd], IMM8);
  set([0xd0, 0xd3], MODRM);
  set([0xd8, 0xdf], MODRM);
  set([0xe0, 0xe7], IMM8);
  set([0xe8, 0xe9], IMM32);
  set([0xeb], IMM8);
  set([0xf6, 0xf7], MODRM);
  set([0xfe, 0xff], MODRM);
});

/** After 0F. */
const TWO_BYTE = table((set) => {
  set([0x00, 0xff], MODRM);
  set([0x0f], MODRM | IMM8);
  for (const alone of [[0x05, 0x09], [0x0b], [0x0e], [0x30, 0x37], [0x77], [0xa0, 0xa2], [0xa8, 0xaa]])
    set(alone, 0);
  set([0xc8, 0xcf], 0);
  set([0x80, 0x8f], IMM32);
  for (const one of [0x70, 0x71, 0x72, 0x73, 0xa4, 0xac, 0xba, 0xc2, 0xc4, 0xc5, 0xc6])
    set([one], MODRM | IMM8);
});

function table(fill: (set: (range: readonly number[], kind: number) => void) => void): Uint8Array {
  const kinds = new Uint8Array(256);
  fill(([first, last = first], kind) => kinds.fill(kind, first, last! + 1));
  return kinds;
}

/**
 * Adds up what the code from `start` consists of.
 *
 * @param end an instruction that begins before it is read to its end, which has to be in `code`
 * @returns where the first instruction begins that was not read
 */
export function countCode(code: Uint8Array, start: number, end: number, counts: CodeCounts): number {
  let at = start;
  while (at < end) {
    counts.instructions++;
    at += lengthAt(code, at, counts);
  }
  return at;
}

/** Length of the instruction there, at least 1. */
function lengthAt(code: Uint8Array, start: number, counts: CodeCounts): number {
  let at = start;
  let [operand16, address32, wide] = [false, false, false];
  for (; at < start + LONGEST; at++) {
    const byte = code[at]!;
    if (byte === 0x66) operand16 = true;
    else if (byte === 0x67) address32 = true;
    else if (!isOtherPrefix(byte)) break;
  }
  if ((code[at]! & 0xf0) === 0x40) {
    wide = (code[at]! & 8) !== 0;
    at++;
  }
  const opcode = code[at++]!;
  if (opcode === 0xc5) return vex(code, 1, code[at]!, at + 1, counts) - start;
  if (opcode === 0xc4) return vex(code, code[at]! & 0x1f, code[at + 1]!, at + 2, counts) - start;
  if (opcode === 0x62) return evex(code, at, counts) - start;
  if (opcode === 0x8f && (code[at]! & 0x1f) >= 8) return xop(code, at) - start;
  const immZ = operand16 && !wide ? 2 : 4;
  if (opcode !== 0x0f) return oneByte(code, at, opcode, { immZ, address32, wide }) - start;
  const second = code[at++]!;
  if (second === 0x38) return at + 1 + modrm(code, at + 1) - start;
  if (second === 0x3a) return at + 1 + modrm(code, at + 1) + 1 - start;
  return at + operands(code, at, TWO_BYTE[second]!, immZ) - start;
}

/** REP, LOCK and segments. */
function isOtherPrefix(byte: number): boolean {
  return (
    byte === 0xf2 ||
    byte === 0xf3 ||
    byte === 0xf0 ||
    byte === 0x2e ||
    byte === 0x36 ||
    byte === 0x3e ||
    byte === 0x26 ||
    byte === 0x64 ||
    byte === 0x65
  );
}

function oneByte(
  code: Uint8Array,
  at: number,
  opcode: number,
  { immZ, address32, wide }: { immZ: number; address32: boolean; wide: boolean },
): number {
  if (opcode >= 0xa0 && opcode <= 0xa3) return at + (address32 ? 4 : 8);
  if (opcode >= 0xb8 && opcode <= 0xbf && wide) return at + 8;
  const length = operands(code, at, ONE_BYTE[opcode]!, immZ);
  // TEST, the first two of the group, alone has an immediate.
  if ((opcode & 0xfe) === 0xf6 && ((code[at]! >> 3) & 7) < 2)
    return at + length + (opcode === 0xf6 ? 1 : immZ);
  return at + length;
}

function operands(code: Uint8Array, at: number, kind: number, immZ: number): number {
  return (
    ((kind & MODRM) !== 0 ? modrm(code, at) : 0) +
    ((kind & IMM8) !== 0 ? 1 : 0) +
    ((kind & IMMZ) !== 0 ? immZ : 0) +
    ((kind & IMM32) !== 0 ? 4 : 0) +
    ((kind & IMM16) !== 0 ? 2 : 0)
  );
}

/** Bytes of ModRM, SIB and displacement. */
function modrm(code: Uint8Array, at: number): number {
  const byte = code[at]!;
  const [mode, register] = [byte >> 6, byte & 7];
  if (mode === 3) return 1;
  const sib = register === 4 ? 1 : 0;
  if (mode === 1) return 2 + sib;
  if (mode === 2) return 5 + sib;
  const absolute = register === 5 || (sib === 1 && (code[at + 1]! & 7) === 5);
  return 1 + sib + (absolute ? 4 : 0);
}

/** Whether an instruction of that opcode map has an immediate byte. */
function hasImmediate(map: number, opcode: number): boolean {
  if (map === 3) return true;
  return (
    map === 1 && ((opcode >= 0x70 && opcode <= 0x73) || opcode === 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6))
  );
}

/** Tiles (AMX): tile configuration, loads, stores and products. */
const TILES: ReadonlySet<number> = new Set([0x49, 0x4b, 0x5c, 0x5e, 0x6c]);

/** On masks (AVX-512), general registers (BMI) and tiles: no vector instructions, though encoded like them. */
function isNoVector(map: number, opcode: number): boolean {
  if (map === 1) return (opcode >= 0x41 && opcode <= 0x4b) || (opcode >= 0x90 && opcode <= 0x99);
  if (map === 2) return (opcode >= 0xf0 && opcode <= 0xf7) || TILES.has(opcode);
  return opcode === 0xf0 || (opcode >= 0x30 && opcode <= 0x33);
}

function vex(code: Uint8Array, map: number, last: number, at: number, counts: CodeCounts): number {
  const opcode = code[at]!;
  if (!isNoVector(map, opcode)) {
    counts.avx++;
    // VZEROALL has the bit, too, and no register.
    if ((last & 4) !== 0 && !(map === 1 && opcode === 0x77)) counts.ymm++;
  }
  if (map === 1 && opcode === 0x77) return at + 1;
  return at + 1 + modrm(code, at + 1) + (hasImmediate(map, opcode) ? 1 : 0);
}

function evex(code: Uint8Array, at: number, counts: CodeCounts): number {
  const [map, last, opcode] = [code[at]! & 7, code[at + 2]!, code[at + 3]!];
  const width = (last >> 5) & 3;
  // With registers alone the bit for broadcasts means rounding, which only the full width has.
  const rounding = (last & 0x10) !== 0 && code[at + 4]! >> 6 === 3;
  counts.avx++;
  if (width === 2 || rounding) counts.zmm++;
  else if (width === 1) counts.ymm++;
  return at + 4 + modrm(code, at + 4) + (hasImmediate(map, opcode) ? 1 : 0);
}

/** AMD's, before AVX; in old code only. */
function xop(code: Uint8Array, at: number): number {
  const map = code[at]! & 0x1f;
  return at + 3 + modrm(code, at + 3) + (map === 8 ? 1 : map === 10 ? 4 : 0);
}
