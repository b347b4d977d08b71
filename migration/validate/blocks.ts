import type { Point, PointValue } from '../../engines/contract/points.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import { flatten } from '../../engines/kit/check.js';
import { isMulti, isSparse, vectorIn } from '../../engines/kit/vectors.js';
import { hash64 } from '../probe/hash.js';
import { floatsOf } from '../probe/vector-profile.js';

/** A row of a sampled block: what the record says in words, and its vector at length 1. */
export interface SampledRow {
  /** Place in the order of the scan. */
  row: number;
  id: string;
  words: readonly string[];
  /** Undefined: none, or without direction. */
  vector: Float32Array | undefined;
}

/** Rows that follow each other. */
export interface Block {
  first: number;
  rows: SampledRow[];
}

export const BLOCK = 64;
/** Numbers that are kept, and the most and least rows. */
const NUMBERS = 8_000_000;
const MOST_ROWS = 16_384;
const LEAST_ROWS = 2048;
const MOST_WORDS = 100;
const MOST_TEXT = 4000;

/**
 * A seeded sample of whole blocks of rows in the order of a scan: neighbours in that order stay together. All rows, where
 * there are few. Memory is bounded by 8 million numbers.
 */
export class BlockSample {
  readonly #field: VectorField;
  readonly #most: number;
  readonly #seed: number;
  #kept: { rank: number; block: Block }[] = [];
  #limit = Number.POSITIVE_INFINITY;
  #open: { rank: number; block: Block } | undefined;
  #rows = 0;

  constructor(field: VectorField, seed: number) {
    this.#field = field;
    this.#seed = seed;
    const rows = NUMBERS / Math.max(1, field.dimensions);
    this.#most = Math.floor(Math.min(MOST_ROWS, Math.max(LEAST_ROWS, rows)) / BLOCK);
  }

  add(point: Point): void {
    const row = this.#rows++;
    if (row % BLOCK === 0) this.#begin(row);
    this.#open?.block.rows.push({
      row,
      id: String(point.id),
      words: wordsOf(point),
      vector: directionOf(this.#field, point),
    });
  }

  #begin(first: number): void {
    this.#end();
    const [high] = hash64(String(first), this.#seed);
    this.#open = high < this.#limit ? { rank: high, block: { first, rows: [] } } : undefined;
  }

  #end(): void {
    if (this.#open === undefined) return;
    this.#kept.push(this.#open);
    this.#open = undefined;
    if (this.#kept.length < this.#most * 1.5) return;
    this.#shrink();
  }

  #shrink(): void {
    this.#kept.sort((a, b) => a.rank - b.rank);
    this.#kept.length = Math.min(this.#kept.length, this.#most);
    if (this.#kept.length === this.#most) this.#limit = this.#kept.at(-1)!.rank;
  }

  /** In the order of the scan. */
  blocks(): Block[] {
    this.#end();
    this.#shrink();
    return this.#kept.map(({ block }) => block).sort((a, b) => a.first - b.first);
  }
}

/** Different words of a record: of its text, else of its id and of what its metadata says in words. */
function wordsOf({ id, text, metadata }: Point): string[] {
  const told = text ?? `${id} ${Object.values(flatten(metadata)).map(textIn).join(' ')}`;
  const words =
    told
      .slice(0, MOST_TEXT)
      .toLowerCase()
      .match(/[\p{L}\p{N}]{2,}/gu) ?? [];
  return [...new Set(words)].slice(0, MOST_WORDS);
}

function textIn(value: PointValue): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? (value as readonly PointValue[]).map(textIn).join(' ') : '';
}

function directionOf(field: VectorField, { vectors }: Point): Float32Array | undefined {
  const value = vectorIn(vectors, field.name);
  if (value === undefined || isSparse(value) || isMulti(value)) return undefined;
  const numbers = floatsOf(field, value);
  let squares = 0;
  for (let i = 0; i < numbers.length; i++) squares += numbers[i]! * numbers[i]!;
  if (!(squares > 0) || !Number.isFinite(squares)) return undefined;
  const norm = Math.sqrt(squares);
  return Float32Array.from(numbers, (each) => each / norm);
}
