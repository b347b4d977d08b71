import { Random } from '../../harness/measures/random.js';

/** Numbers at which counting, adding and allocating go wrong. */
const EXTREMES = [0, 1, -1, 127, 128, 255, 256, 32767, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const LONG = [0n, -1n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];
const WORDS = [
  '../../../escaped',
  '/etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  '',
  ' ',
  '\u0000',
  '\u202e',
  '\n::error::x',
  '<script>',
  "'; --",
  'a'.repeat(5000),
];
const NUMBERS = ['0', '-0', '-1', '1.5', '1e3', '1e308', '1e400', '1099511627776', '9007199254740993', 'NaN'];

const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!;

/** One to four changes of some bytes, the same for the same seed. */
export function mutate(given: Uint8Array, isText: boolean, seed: number): Buffer {
  const random = new Random(seed);
  let bytes: Buffer = Buffer.from(given);
  const rounds = 1 + (random.below(3) === 0 ? random.below(3) : 0);
  for (let i = 0; i < rounds && bytes.length > 0; i++) {
    // Texts mostly by their words: changed bytes seldom get beyond the parser.
    const changes = isText && random.below(4) > 0 ? TEXT : BYTES;
    bytes = pick(random, changes)(bytes, random);
  }
  return bytes;
}

type Change = (bytes: Buffer, random: Random) => Buffer;

/** Headers stand at the begin, directories and footers at the end. */
function place(bytes: Buffer, random: Random, size = 1): number {
  const most = Math.max(1, bytes.length - size + 1);
  const near = Math.min(most, 400);
  const where = random.below(4);
  if (where === 0) return random.below(near);
  if (where === 1) return most - 1 - random.below(near);
  return random.below(most);
}

const BYTES: readonly Change[] = [
  (bytes, random) => {
    bytes[place(bytes, random)]! ^= 1 << random.below(8);
    return bytes;
  },
  (bytes, random) => {
    bytes[place(bytes, random)] = random.below(256);
    return bytes;
  },
  (bytes, random) => {
    bytes[place(bytes, random)] = pick(random, [0, 1, 0x7f, 0x80, 0xfe, 0xff]);
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length >= 4) bytes.writeInt32LE(pick(random, EXTREMES) | 0, place(bytes, random, 4));
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length >= 8) bytes.writeBigInt64LE(pick(random, LONG), place(bytes, random, 8));
    return bytes;
  },
  // A number of variable length, as Thrift writes them, that becomes longer.
  (bytes, random) => {
    const at = place(bytes, random, 5);
    for (let i = 0; i < 1 + random.below(4) && at + i < bytes.length; i++) bytes[at + i]! |= 0x80;
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, place(bytes, random)),
  (bytes, random) => {
    const [from, size] = piece(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + size)]);
  },
  (bytes, random) => {
    const [from, size] = piece(bytes, random);
    return Buffer.concat([bytes.subarray(0, from + size), bytes.subarray(from)]);
  },
  (bytes, random) => {
    const at = place(bytes, random);
    const added = Buffer.from(Array.from({ length: 1 + random.below(16) }, () => random.below(256)));
    return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
  },
];

function piece(bytes: Buffer, random: Random): [from: number, size: number] {
  const from = place(bytes, random);
  return [from, Math.min(bytes.length - from, 1 + random.below(64))];
}

const onText =
  (change: (text: string, random: Random) => string): Change =>
  (bytes, random) =>
    Buffer.from(change(bytes.toString('utf8'), random));

function replaceOne(text: string, pattern: RegExp, random: Random, by: (found: string) => string): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const one = pick(random, found);
  return text.slice(0, one.index) + by(one[0]) + text.slice(one.index + one[0].length);
}

const TEXT: readonly Change[] = [
  onText((text, random) =>
    replaceOne(text, /-?\d+(\.\d+)?([eE][+-]?\d+)?/g, random, () => pick(random, NUMBERS)),
  ),
  onText((text, random) =>
    replaceOne(text, /"(?:[^"\\]|\\.)*"/g, random, () => JSON.stringify(pick(random, WORDS))),
  ),
  onText((text, random) => replaceOne(text, /[A-Za-z][\w.-]*/g, random, () => pick(random, WORDS))),
  onText((text, random) =>
    replaceOne(text, /"(?:[^"\\]|\\.)*"|-?\d+(\.\d+)?|true|false|null/g, random, () =>
      pick(random, ['null', 'true', '[]', '{}', '""', '0', '[[]]', `${'['.repeat(200)}${']'.repeat(200)}`]),
    ),
  ),
  // A key that is there twice, or no more.
  onText((text, random) =>
    replaceOne(text, /"[^"]*"\s*:\s*("[^"]*"|[\d.]+),/g, random, (found) => found + found),
  ),
  onText((text, random) => replaceOne(text, /"[^"]*"\s*:\s*("[^"]*"|[\d.]+),?/g, random, () => '')),
  onText((text, random) =>
    replaceOne(text, /[{}[\]:,"']/g, random, () =>
      pick(random, ['{', '}', '[', ']', ':', ',', '"', "'", '']),
    ),
  ),
  onText((text, random) => lines(text, (all) => void all.splice(random.below(all.length), 1))),
  onText((text, random) =>
    lines(text, (all) => {
      const at = random.below(all.length);
      all.splice(at, 0, all[at]!);
    }),
  ),
  onText((text, random) =>
    lines(text, (all) => {
      const [a, b] = [random.below(all.length), random.below(all.length)];
      [all[a], all[b]] = [all[b]!, all[a]!];
    }),
  ),
  onText((text, random) =>
    lines(text, (all) => void all.splice(random.below(all.length), 0, pick(random, WORDS))),
  ),
];

function lines(text: string, change: (all: string[]) => void): string {
  const all = text.split('\n');
  change(all);
  return all.join('\n');
}
