import type { FieldSchema, FieldType, MetadataColumns, MetadataValue } from '../../../datasets/dataset.js';
import type { MetadataSupport } from '../../../engines/contract/points.js';
import type { Filter } from '../../../filters/filter.js';
import { matches } from '../../../filters/matches.js';
import { elementType, isArrayType, type ScalarType } from '../../../filters/values.js';
import { Random } from '../../measures/random.js';
import type { Slice } from '../data.js';

/** Points with metadata, for filters. */
export interface FilterData extends Slice {
  fields: readonly FieldSchema[];
  metadata: MetadataColumns;
}

/** 2026-03-29T01:00:00Z, when clocks in Berlin went from 2:00 to 3:00; and 2026-10-25T01:00:00Z, when they went back. */
const SPRING = 1774746000000000n;
const AUTUMN = 1792890000000000n;
const HOUR = 3_600_000_000n;

/** Values that engines have been seen to confuse, by type of the elements. */
export const POOLS: Readonly<Record<ScalarType, readonly Exclude<MetadataValue, null>[]>> = {
  string: [
    ...[
      '',
      'libs',
      'Libs',
      'LIBS',
      'lib',
      'libs ',
      ' libs',
      'math',
      'li_s',
      '100%',
      '1005',
      '%',
      '_',
      '\\',
      'a\\b',
    ],
    // One character composed and decomposed, letters whose case folds oddly, an astral sign and one above surrogates.
    ...[
      '\u00e9',
      'e\u0301',
      'e',
      '\u00df',
      'ss',
      'SS',
      '\u0130',
      'i',
      'I',
      '\u{1f600}',
      '\u{1f600}a',
      '\uffee',
      '\ud7ff',
    ],
    ...[
      "it's",
      '"quoted"',
      "'; DROP TABLE points; --",
      '`',
      '{"a": 1}',
      '[1]',
      'tab\there',
      'line\nbreak',
      '*',
      '?',
    ],
    ...['null', 'NULL', 'true', 'NaN', '0', '9', '10', '1e3', '-1', 'x'.repeat(300)],
  ],
  integer: [
    ...[0, 1, -1, 2, 7, -5, 10, 100, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32, 16777217],
    // Neighbours that are one number in float64, and the ends of 64 bits.
    ...[
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      2n ** 53n,
      2n ** 53n + 1n,
      2n ** 53n + 2n,
      -(2n ** 53n) - 1n,
    ],
    ...[2n ** 63n - 1n, 2n ** 63n - 2n, -(2n ** 63n), -(2n ** 63n) + 1n],
  ],
  float: [
    ...[0, 1, -1, 0.5, -2.5, 7.25, 100, 0.1, 0.2, 0.30000000000000004, 0.3, 16777217, 1e-7],
    ...[
      Math.fround(0.1),
      1e300,
      -1e300,
      Number.MAX_VALUE,
      Number.MIN_VALUE,
      2 ** -1022,
      1 / 3,
      2 ** 53,
      -(2 ** 53),
    ],
  ],
  boolean: [true, false],
  timestamp: [
    ...[0n, 1n, -1n, 999n, 1000n, -1000n, SPRING, SPRING - 1n, SPRING + 1n, SPRING - HOUR, SPRING + HOUR],
    ...[AUTUMN, AUTUMN - 1n, AUTUMN + 1n, AUTUMN - HOUR, AUTUMN + HOUR, AUTUMN - 500_000n],
    // The first day of year 1 and the last microsecond of 9999.
    ...[-62135596800000000n, 253402300799999999n, 946684799999999n, 951782400000000n],
  ],
};

/** Names that meet reserved words, other case and dots. */
const NAMES: Readonly<Record<FieldType, readonly string[]>> = {
  string: ['section', 'maker.name'],
  integer: ['order', 'Size'],
  float: ['score'],
  boolean: ['essential'],
  timestamp: ['uploaded'],
  'string[]': ['tags'],
  'integer[]': ['ports'],
  'float[]': ['ratings'],
  'boolean[]': ['flags'],
};

/** A dataset with a field or two of every type that the engine keeps; `order` is the only one without nulls. */
export function filterData(support: MetadataSupport, count: number, seed: number): FilterData {
  const types = Object.keys(support.types) as FieldType[];
  const fields = types.flatMap((type) =>
    NAMES[type].map((name) => ({ name, type, nullable: name !== 'order' })),
  );
  const metadata = Object.fromEntries(
    fields.map((field, i) => [field.name, column(field, support, count, seed + i)]),
  );
  return { ...vectors(count, seed), fields, metadata };
}

/** Random vectors of 8 dimensions, and 3 queries. */
export function vectors(count: number, seed: number): Slice {
  const random = new Random(seed);
  const dimensions = 8;
  const draw = (length: number) => Float32Array.from({ length }, () => random.uint32() / 2 ** 31 - 1);
  const queries = Array.from({ length: 3 }, () => draw(dimensions));
  return { metric: 'cosine', dimensions, count, points: draw(count * dimensions), queries };
}

function column(field: FieldSchema, support: MetadataSupport, count: number, seed: number): MetadataValue[] {
  const random = new Random(seed);
  const pool = POOLS[elementType(field.type)];
  const one = (): MetadataValue => pool[random.below(pool.length)]!;
  const least = support.emptyArrays === 'kept' ? 0 : 1;
  return Array.from({ length: count }, (_, row) => {
    // Every value of the pool at least once.
    if (!isArrayType(field.type) && row < pool.length) return pool[row]!;
    if (field.nullable && random.below(5) === 0) return null;
    return isArrayType(field.type) ? Array.from({ length: least + random.below(4) }, one) : one();
  });
}

/** Rows of the dataset that a filter lets through, ascending: what every engine has to return. */
export function expectedRows(
  { count, metadata }: Pick<FilterData, 'count' | 'metadata'>,
  filter: Filter,
): number[] {
  const rows = Array.from({ length: count }, (_, row) => row);
  return rows.filter((row) => matches(filter, (name) => metadata[name]![row]));
}
