import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { engineAvailabilities } from '../../../engines/availability.js';
import { readMachineCode } from '../../../engines/native/machine-code.js';
import { nativeParts } from '../../../engines/native/native.js';
import { type CodeCounts, countCode } from '../../../engines/native/x86.js';
import { instructionsOf, nativeLines } from '../../../harness/model/native.js';

/** Bytes, widest register and text of 1,200 instructions as GNU objdump 2.40 disassembles them in three libraries. */
const INSTRUCTIONS = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures/x86-instructions.json'), 'utf8'),
) as [hex: string, width: '' | 'avx' | 'ymm' | 'zmm', text: string][];

const none = (): CodeCounts => ({ instructions: 0, avx: 0, ymm: 0, zmm: 0 });
const require = createRequire(import.meta.url);
const linux = process.platform === 'linux' && process.arch === 'x64';
const objdump = linux && spawnSync('objdump', ['--version']).status === 0;

describe('x86-64 machine code', () => {
  test('lengths and widths are those that objdump gives', () => {
    const wrong = INSTRUCTIONS.filter(([hex, width]) => {
      const code = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(16)]);
      const counts = none();
      const end = countCode(code, 0, 1, counts);
      const found = counts.zmm > 0 ? 'zmm' : counts.ymm > 0 ? 'ymm' : counts.avx > 0 ? 'avx' : '';
      return end !== hex.length / 2 || found !== width;
    });
    expect(wrong).toEqual([]);
    expect(new Set(INSTRUCTIONS.map(([, width]) => width)).size).toBe(4);
  });

  test('instructions in a row are counted one by one, also across the windows in which a file is read', () => {
    const code = Buffer.concat([...INSTRUCTIONS.map(([hex]) => Buffer.from(hex, 'hex')), Buffer.alloc(16)]);
    const whole = none();
    countCode(code, 0, code.length - 16, whole);
    expect(whole.instructions).toBe(INSTRUCTIONS.length);
    const parts = none();
    for (let at = 0; at < code.length - 16; )
      at = countCode(code, at, Math.min(at + 64, code.length - 16), parts);
    expect(parts).toEqual(whole);
  });

  test.runIf(objdump)('a whole library: as many of each width as objdump finds', { timeout: 60_000 }, () => {
    const library = join(dirname(require.resolve('hnswlib-node/package.json')), 'build/Release/addon.node');
    const { stdout } = spawnSync('objdump', ['-d', '-w', '--no-show-raw-insn', library], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    const lines = stdout.split('\n').filter((line) => /^\s+[0-9a-f]+:\t\S/.test(line));
    const counts = readMachineCode(library)!;
    expect(Math.abs(counts.instructions / lines.length - 1)).toBeLessThan(0.001);
    expect(counts.ymm).toBe(lines.filter((line) => line.includes('%ymm')).length);
    expect(counts.zmm).toBe(lines.filter((line) => line.includes('%zmm')).length);
  });

  test('what is no library for Linux on x86-64 is not known, a file cut short neither', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vecproof-native-'));
    try {
      const files = { text: 'hello', 'cut.node': readFileSync(process.execPath).subarray(0, 200) };
      for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
      const paths = [...Object.keys(files), 'missing.node'].map((name) => join(folder, name));
      const { libraries } = nativeParts(paths, undefined);
      expect(libraries.map(({ state }) => state)).toEqual(['unknown', 'unknown', 'unknown']);
      expect(instructionsOf({ libraries })).toBe('unknown');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('what engines compute with', () => {
  test.runIf(linux)('is read from what they really load, and told', { timeout: 60_000 }, async () => {
    const found = await engineAvailabilities(['usearch', 'hnswlib', 'sqlite-vec', 'null']);
    const native = (name: string) => {
      const each = found.get(name)!;
      if (each.state === 'missing') throw new Error(each.reason);
      return each.native!;
    };
    expect(instructionsOf(native('usearch'))).toBe('avx512');
    expect(native('usearch').said).toMatch(/serial/);
    const hnswlib = native('hnswlib');
    expect(hnswlib.libraries.map(({ file }) => file)).toEqual(['hnswlib-node/build/Release/addon.node']);
    // Unless it was rebuilt for this machine, which is what the finding is for.
    expect(instructionsOf(hnswlib)).toBe(process.env['CXXFLAGS'] === undefined ? 'none' : 'avx512');
    expect(native('sqlite-vec').libraries.map(({ file }) => file)).toContainEqual(
      expect.stringMatching(/^sqlite-vec-.*vec0\.so$/),
    );
  });

  test('words: no AVX is certain, a handful of instructions may be data', () => {
    const library = (counts: Partial<CodeCounts>) => ({
      libraries: [{ file: 'a.node', state: 'read' as const, ...none(), instructions: 1000, ...counts }],
    });
    expect(instructionsOf(library({}))).toBe('none');
    expect(instructionsOf(library({ avx: 3, zmm: 3 }))).toBe('none');
    expect(instructionsOf(library({ avx: 40, ymm: 30 }))).toBe('avx');
    expect(instructionsOf(library({ avx: 40, zmm: 30 }))).toBe('avx512');
    expect(instructionsOf({ libraries: [] })).toBeUndefined();
    expect(instructionsOf({ libraries: [], webAssembly: true })).toBe('wasm');
    expect(nativeLines(library({ avx: 40, zmm: 30 }))).toEqual([
      'a.node: 4% AVX of 1000 instructions, 0% with 256-bit and 3% with 512-bit registers',
    ]);
  });
});
