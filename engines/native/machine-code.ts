import { closeSync, openSync, readSync } from 'node:fs';
import { type CodeSection, codeSections } from './elf.js';
import { type CodeCounts, countCode, LONGEST } from './x86.js';

/** Read at once: memory is bounded, whatever the library's size. */
const WINDOW_BYTES = 4 * 2 ** 20;

/** What a library's machine code consists of; undefined where it is no ELF file for x86-64. Throws what reading throws. */
export function readMachineCode(path: string): CodeCounts | undefined {
  const file = openSync(path, 'r');
  try {
    const sections = codeSections(file);
    if (sections === undefined) return undefined;
    const counts: CodeCounts = { instructions: 0, avx: 0, ymm: 0, zmm: 0 };
    // Behind what is read zeros, so that a last instruction that is cut off has an end.
    const window = Buffer.alloc(WINDOW_BYTES + LONGEST);
    for (const section of sections) countSection(file, section, window, counts);
    return counts;
  } finally {
    closeSync(file);
  }
}

function countSection(file: number, { offset, size }: CodeSection, window: Buffer, counts: CodeCounts): void {
  let done = 0;
  while (done < size) {
    const bytes = readSync(file, window, 0, Math.min(WINDOW_BYTES, size - done), offset + done);
    if (bytes === 0) throw new Error('the file ends within its code');
    window.fill(0, bytes);
    const isLast = done + bytes >= size;
    // What may go on behind the window is left to the next one.
    done += countCode(window, 0, isLast ? bytes : bytes - LONGEST, counts);
  }
}
