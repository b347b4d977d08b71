import { readSync } from 'node:fs';

/** A part of a file that holds machine code. */
export interface CodeSection {
  offset: number;
  size: number;
}

const HEADER_BYTES = 64;
const X86_64 = 62;
/** `sh_flags`: the section is executed. */
const EXECUTED = 0x4n;
/** `sh_type` of a section that takes up no place in the file. */
const NO_BITS = 8;

/**
 * Sections with machine code of an ELF file for x86-64 (System V ABI, chapter 4); undefined for anything else, such as
 * libraries of macOS and Windows, and other processors.
 *
 * @param file descriptor of an open file
 */
export function codeSections(file: number): CodeSection[] | undefined {
  const header = read(file, 0, HEADER_BYTES);
  if (header === undefined || header.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const is64LittleEndian = header[4] === 2 && header[5] === 1;
  if (!is64LittleEndian || header.readUInt16LE(18) !== X86_64) return undefined;
  const at = Number(header.readBigUInt64LE(40));
  const [entrySize, count] = [header.readUInt16LE(58), header.readUInt16LE(60)];
  const table = read(file, at, entrySize * count);
  if (table === undefined || entrySize < HEADER_BYTES) return undefined;
  return Array.from({ length: count }, (_, i) => table.subarray(i * entrySize, (i + 1) * entrySize))
    .filter((entry) => (entry.readBigUInt64LE(8) & EXECUTED) !== 0n && entry.readUInt32LE(4) !== NO_BITS)
    .map((entry) => ({
      offset: Number(entry.readBigUInt64LE(24)),
      size: Number(entry.readBigUInt64LE(32)),
    }));
}

/** Undefined where the file ends before. */
function read(file: number, at: number, bytes: number): Buffer | undefined {
  const buffer = Buffer.alloc(bytes);
  return readSync(file, buffer, 0, bytes, at) === bytes ? buffer : undefined;
}
