import type { FieldSchema, MetadataValue } from '../../../datasets/dataset.js';
import type { Condition, Filter, FilterValue } from '../../../filters/filter.js';
import { refusals } from '../../../filters/support.js';
import type { TestApi } from '../api.js';
import { answerOf, build, type Contender } from '../session.js';
import { exactSetting } from '../settings.js';
import { type FilterData, vectors } from './data.js';

interface EdgeColumn {
  field: FieldSchema;
  values: readonly MetadataValue[];
  /** Operator, value or values, rows that pass, worked out by hand. */
  lines: readonly (readonly [
    Condition['op'],
    FilterValue | readonly FilterValue[],
    ...(readonly number[]),
  ])[];
}

const NARROW = Math.fround(0.1);

/** Values that are one number with two signs, nearly another number, or nearly nothing. */
const COLUMNS: readonly EdgeColumn[] = [
  {
    // -0 equals 0: columnar engines compare the bits.
    field: { name: 'delta', type: 'float', nullable: true },
    values: [-0, 0, 1.5, -2.5, null, 5e-324],
    lines: [
      ['eq', 0, 0, 1],
      ['eq', -0, 0, 1],
      ['ne', 0, 2, 3, 4, 5],
      ['in', [0, 1.5], 0, 1, 2],
      ['nin', [-0], 2, 3, 4, 5],
      ['lt', 0, 3],
      ['lte', 0, 0, 1, 3],
      ['lte', -0, 0, 1, 3],
      ['gt', -0, 2, 5],
      ['gte', 0, 0, 1, 2, 5],
      ['gte', -0, 0, 1, 2, 5],
    ],
  },
  {
    field: { name: 'deltas', type: 'float[]', nullable: true },
    values: [[-0], [0], [1.5, -0], [-2.5], null, [5e-324]],
    lines: [
      ['contains', 0, 0, 1, 2],
      ['contains', -0, 0, 1, 2],
      ['containsAny', [-0, -2.5], 0, 1, 2, 3],
      ['containsAll', [1.5, 0], 2],
    ],
  },
  {
    // What a float32 column holds of 0.1 is above the 0.1 that a filter writes.
    field: { name: 'narrow', type: 'float', nullable: true },
    values: [NARROW, 0.1, Math.fround(0.3), 0.3, null, 0.30000000000000004],
    lines: [
      ['eq', 0.1, 1],
      ['eq', NARROW, 0],
      ['lte', 0.1, 1],
      ['lt', NARROW, 1],
      ['in', [0.1, 0.3], 1, 3],
      ['gt', 0.3, 2, 5],
      ['gte', 0.3, 2, 3, 5],
    ],
  },
  {
    field: { name: 'huge', type: 'float', nullable: true },
    values: [Number.MAX_VALUE, -Number.MAX_VALUE, 1e300, 2 ** 53, null, 2 ** 53 + 2],
    lines: [
      ['eq', Number.MAX_VALUE, 0],
      ['gte', Number.MAX_VALUE, 0],
      ['lte', -Number.MAX_VALUE, 1],
      ['gt', 2 ** 53, 0, 2, 5],
    ],
  },
  {
    field: { name: 'case', type: 'string', nullable: true },
    values: ['libs', 'Libs', '', ' ', null, 'LIBS'],
    lines: [
      ['eq', 'libs', 0],
      ['eq', '', 2],
      ['ne', '', 0, 1, 3, 4, 5],
      ['eq', ' ', 3],
      ['in', ['', 'LIBS'], 2, 5],
      ['exists', true, 0, 1, 2, 3, 5],
      ['exists', false, 4],
    ],
  },
  {
    field: { name: 'words', type: 'string[]', nullable: true },
    values: [['libs'], ['Libs', ''], [''], [' '], null, ['LIBS']],
    lines: [
      ['contains', 'libs', 0],
      ['contains', '', 1, 2],
      ['containsAny', ['', 'LIBS'], 1, 2, 5],
    ],
  },
];

/** Filters on them, each engine against the same answers; what it refuses is refused with a reason elsewhere. */
export function checkEdges({ test, expect, beforeAll, afterAll }: TestApi, contender: Contender): void {
  const { filters: support, metadata } = contender.definition.capabilities;
  const columns = COLUMNS.filter(({ field }) => metadata!.types[field.type] !== undefined);
  const data: FilterData = {
    ...vectors(6, 5),
    fields: columns.map(({ field }) => field),
    metadata: Object.fromEntries(columns.map(({ field, values }) => [field.name, values])),
  };
  const setting = exactSetting(contender);
  let rowsOf: (filter: Filter) => Promise<number[]>;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const session = await build(contender, data, { index: setting.index });
    const prepared = await session.collection.prepare(session.parseSearch(setting.search), data.count);
    rowsOf = async (filter) =>
      answerOf(await prepared.query(data.queries[0]!, await prepared.translate!(filter))).rows.sort(
        (a, b) => a - b,
      );
    close = async () => {
      await prepared.close();
      await session.close();
    };
  });
  afterAll(() => close?.());

  for (const { field, lines } of columns) {
    for (const [op, value, ...rows] of lines) {
      const filter = { op, field, [Array.isArray(value) ? 'values' : 'value']: value } as unknown as Filter;
      if (refusals(filter, support).length > 0) continue;
      test(`${field.name} $${op} ${shown(value)}: ${rows.join(', ')}`, async () => {
        expect(await rowsOf(filter)).toEqual(rows);
      });
    }
  }
}

function shown(value: FilterValue | readonly FilterValue[]): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  return Object.is(value, -0) ? '-0' : JSON.stringify(value);
}
