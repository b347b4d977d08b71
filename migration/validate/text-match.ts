import { hash64 } from '../probe/hash.js';
import type { Block, SampledRow } from './blocks.js';
import { dot, Largest, signTest, WordLikeness } from './neighbours.js';

/** Whether vectors belong to the records that they stand in, judged by words: no model is asked. */
export type TextMatch =
  | { state: 'not-checked'; reason: string }
  | {
      state: 'checked';
      /** Of all rows that were looked at, then of parts of them. */
      all: PartMatch;
      parts: readonly PartMatch[];
    };

/** Consecutive rows. */
export interface PartMatch {
  from: number;
  to: number;
  /** Likeness of a record's words and its nearest neighbours', and of random pairs. */
  likeness: number;
  random: number;
  /**
   * `related`: neighbours' texts are alike; `shifted`: they are more so if vectors are moved by `shift` rows; `unrelated`:
   * neither; `unclear`: too few rows.
   */
  verdict: 'related' | 'shifted' | 'unrelated' | 'unclear';
  /** The vector of row i is that of row i + shift. */
  shift: number;
  examples: readonly string[];
}

/** Shifts that are looked for, to either side. */
const SHIFTS = 4;
const PARTS = 8;
const QUERIES = 120;
const NEIGHBOURS = 3;
/** Rows of a part with a text and a vector without which nothing is said. */
const LEAST = 60;
/** A shift must make neighbours' texts so much more alike. */
const BETTER = 1.1;
/** Records that have less in common than this, whatever their vectors, cannot be judged by words. */
const IN_COMMON = 0.01;
/** A part whose likeness is below that share of the others' is said to be unrelated. */
const MUCH_LESS = 0.35;
/** Probability with which clean data are called shifted, over all parts and shifts together, if queries are independent. */
export const FALSE_ALARM = 1e-4;

/**
 * Nearest neighbours by vector should have words in common. For some records of each part of the rows, their neighbours'
 * words are compared with their own; then the same for the records `shift` rows further on, on both sides. Where a shift
 * fits better, by a sign test over the records, the vectors are shifted.
 */
export function matchTexts(blocks: readonly Block[]): TextMatch {
  const rows = blocks.flatMap(({ rows: all }) => all);
  const usable = rows.filter(isUsable);
  if (usable.length < LEAST)
    return { state: 'not-checked', reason: `it takes at least ${LEAST} points with words and a vector` };
  const words = new WordLikeness(usable);
  const compared = partsOf(blocks).map((part) => comparePart(part, words));
  const all = judge(compared.flat(), rangeOf(blocks));
  if (all.verdict === 'unclear')
    return { state: 'not-checked', reason: 'too few points with words follow each other' };
  if (all.verdict === 'unrelated' && all.random < IN_COMMON)
    return {
      state: 'not-checked',
      reason: 'records have hardly any words in common, whatever their vectors',
    };
  const parts = partsOf(blocks).map((part, i) => judge(compared[i]!, rangeOf(part)));
  return { state: 'checked', all, parts: parts.map((part) => besideOthers(part, parts)) };
}

/** Parts that differ among themselves, as topics do, are not called unrelated. */
function besideOthers(part: PartMatch, parts: readonly PartMatch[]): PartMatch {
  const related = parts.filter(({ verdict }) => verdict === 'related');
  if (part.verdict !== 'unrelated') return part;
  if (related.length * 2 <= parts.length) return { ...part, verdict: 'unclear' };
  const above = ({ likeness, random }: PartMatch) => Math.max(0, likeness - random);
  const usual = related.map(above).sort((a, b) => a - b)[related.length >> 1]!;
  return above(part) < MUCH_LESS * usual ? part : { ...part, verdict: 'unclear' };
}

function rangeOf(blocks: readonly Block[]): Pick<PartMatch, 'from' | 'to'> {
  return { from: blocks[0]!.first, to: blocks.at(-1)!.rows.at(-1)!.row };
}

function isUsable({ words, vector }: SampledRow): boolean {
  return words.length > 0 && vector !== undefined;
}

/** Up to eight parts, of at least four blocks each where there are so many. */
function partsOf(blocks: readonly Block[]): Block[][] {
  const count = Math.max(1, Math.min(PARTS, Math.floor(blocks.length / 4)));
  return Array.from({ length: count }, (_, i) =>
    blocks.slice(Math.round((i * blocks.length) / count), Math.round(((i + 1) * blocks.length) / count)),
  );
}

interface Placed {
  block: Block;
  at: number;
}

/** Rows that have all shifts inside of their block. */
function placesOf(blocks: readonly Block[]): Placed[] {
  return blocks.flatMap((block) =>
    block.rows.flatMap((row, at) =>
      at >= SHIFTS && at < block.rows.length - SHIFTS && isUsable(row) ? [{ block, at }] : [],
    ),
  );
}

function comparePart(blocks: readonly Block[], words: WordLikeness): Compared[] {
  const places = placesOf(blocks);
  return spread(places, QUERIES).flatMap((query) => compare(query, places, words, blocks.length > 1));
}

function judge(compared: readonly Compared[], range: Pick<PartMatch, 'from' | 'to'>): PartMatch {
  const none = { ...range, likeness: 0, random: 0, shift: 0, examples: [] };
  if (compared.length < LEAST) return { ...none, verdict: 'unclear' };
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const at = (shift: number) => compared.map(({ likeness }) => likeness[shift + SHIFTS]!);
  const random = compared.map((each) => each.random);
  const likeness = mean(at(0));
  const found = { ...none, likeness, random: mean(random) };
  const examples = compared.slice(0, 5).map(({ id }) => id);
  // Each shift of each part, and of all rows together, is a test of its own.
  const alarm = FALSE_ALARM / (2 * SHIFTS * (PARTS + 1));
  const beats = (better: readonly number[], worse: readonly number[]) =>
    signTest(better.map((each, i) => each - worse[i]!));
  const shift = Array.from({ length: 2 * SHIFTS + 1 }, (_, i) => i - SHIFTS)
    .filter((each) => each !== 0 && mean(at(each)) > BETTER * likeness)
    .filter((each) => beats(at(each), at(0)) < alarm && beats(at(each), random) < alarm)
    .sort((a, b) => mean(at(b)) - mean(at(a)))[0];
  if (shift !== undefined) return { ...found, verdict: 'shifted', shift, examples };
  if (beats(at(0), random) < 1e-3 && likeness > 1.2 * found.random) return { ...found, verdict: 'related' };
  return { ...found, verdict: 'unrelated', examples };
}

function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!);
}

interface Compared {
  id: string;
  /** By shift, from -SHIFTS. */
  likeness: readonly number[];
  random: number;
}

function compare(query: Placed, places: readonly Placed[], words: WordLikeness, others: boolean): Compared[] {
  const vector = query.block.rows[query.at]!.vector!;
  const largest = new Largest(NEIGHBOURS);
  // Rows beside each other are often alike whatever their vectors: neighbours are looked for in other blocks.
  const mayBe = (place: Placed) =>
    others ? place.block !== query.block : Math.abs(place.at - query.at) > SHIFTS;
  for (const [i, place] of places.entries())
    if (mayBe(place)) largest.add(i, dot(vector, place.block.rows[place.at]!.vector!));
  if (largest.places.length < NEIGHBOURS) return [];
  const found = largest.places.map((i) => places[i]!);
  const alike = (shift: number) => {
    const own = query.block.rows[query.at + shift]!;
    const sum = found.reduce((all, { block, at }) => all + words.of(own, block.rows[at + shift]!), 0);
    return sum / NEIGHBOURS;
  };
  const own = query.block.rows[query.at]!;
  const pairs = Array.from({ length: NEIGHBOURS }, (_, i) => {
    const [high] = hash64(own.id, i + 1);
    const { block, at } = places[high % places.length]!;
    return block.rows[at]!;
  });
  const random =
    pairs.reduce((sum, other) => sum + (other === own ? 0 : words.of(own, other)), 0) / NEIGHBOURS;
  return [
    { id: own.id, likeness: Array.from({ length: 2 * SHIFTS + 1 }, (_, i) => alike(i - SHIFTS)), random },
  ];
}
