import type { SchemaElement, SchemaTree } from 'hyparquet';
import { decodeFloat16 } from '../../float16.js';
import { Decimal, uuidOf } from '../ids.js';
import type { ParquetFile } from './file.js';
import { leafPages } from './pages.js';
import { scalarType } from './schema.js';

/**
 * The values of a column with one value per row, in row order, exactly as they were stored: integers beyond 2^53 as
 * bigint, decimals as `Decimal`, text as text, bytes that are not marked as text as bytes, null.
 */
export class CellCursor {
  readonly #pages: Generator<unknown[]>;
  #page: unknown[] = [];
  #at = 0;

  constructor(file: ParquetFile, path: SchemaTree[]) {
    this.#pages = cellPages(file, path);
  }

  /** The next `count` values; throws if there are fewer. */
  take(count: number): unknown[] {
    const out: unknown[] = [];
    while (out.length < count) {
      if (this.#at === this.#page.length) {
        const next = this.#pages.next();
        if (next.done === true) throw new Error(`a column has ${count - out.length} values less than rows`);
        this.#page = next.value;
        this.#at = 0;
        continue;
      }
      const end = Math.min(this.#page.length, this.#at + count - out.length);
      for (; this.#at < end; this.#at++) out.push(this.#page[this.#at]);
    }
    return out;
  }
}

function* cellPages(file: ParquetFile, path: SchemaTree[]): Generator<unknown[]> {
  const { element } = path.at(-1)!;
  const read = cellReader(element);
  const highest = path.filter((node) => node.element.repetition_type === 'OPTIONAL').length;
  for (const { values, definition } of leafPages(file, path)) {
    if (definition.length === 0) {
      yield Array.from(values as ArrayLike<unknown>, read);
      continue;
    }
    let at = 0;
    yield Array.from(definition, (level) =>
      level < highest ? null : read((values as ArrayLike<unknown>)[at++]),
    );
  }
}

const utf8 = new TextDecoder();

function cellReader(element: SchemaElement): (raw: unknown) => unknown {
  const { type, converted_type: converted, logical_type: logical, scale = 0 } = element;
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') return (raw) => decimalOf(raw, scale);
  if (logical?.type === 'FLOAT16') return (raw) => halfOf(raw as Uint8Array);
  if (logical?.type === 'UUID') return (raw) => uuidOf(raw as Uint8Array);
  if (
    converted === 'UTF8' ||
    converted === 'ENUM' ||
    logical?.type === 'STRING' ||
    logical?.type === 'ENUM'
  ) {
    return (raw) => utf8.decode(raw as Uint8Array);
  }
  if (converted === 'UINT_64' || (logical?.type === 'INTEGER' && !logical.isSigned && type === 'INT64')) {
    return (raw) => BigInt.asUintN(64, raw as bigint);
  }
  if (scalarType(element) === 'integer' && type === 'INT32' && isUnsigned(element)) {
    return (raw) => (raw as number) >>> 0;
  }
  return (raw) => raw;
}

function isUnsigned({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return converted?.startsWith('UINT_') === true || (logical?.type === 'INTEGER' && !logical.isSigned);
}

/** Big-endian two's complement, or a plain integer. */
function decimalOf(raw: unknown, scale: number): Decimal {
  if (!(raw instanceof Uint8Array)) return new Decimal(BigInt(raw as number | bigint), scale);
  let value = 0n;
  for (const byte of raw) value = (value << 8n) | BigInt(byte);
  return new Decimal(BigInt.asIntN(raw.length * 8, value), scale);
}

function halfOf(raw: Uint8Array): number {
  const out = new Float32Array(1);
  decodeFloat16(raw, 1, out);
  return out[0]!;
}
