import { InputError } from '../../../common/errors.js';
import type { EngineDefinition } from '../../../engines/contract/engine.js';
import { whyNotFields } from '../../../engines/kit/holds.js';
import type { Filter } from '../../../filters/filter.js';
import type { TestApi } from '../api.js';
import { answerOf, build, type Contender } from '../session.js';
import { exactSetting } from '../settings.js';
import { vectors } from './data.js';

/** Names that meet what engines, tools and languages call something else, or cannot call anything. */
const FIELD_NAMES: readonly string[] = [
  ...[
    'it\'s "so"',
    'a b',
    '1st',
    'select',
    'é',
    'a`b',
    'a\\b',
    'a;b',
    "a'; DROP TABLE x; --",
    'a.b',
    '[0]',
    '*',
    '?',
  ],
  ...[
    '',
    ' ',
    'tab\there',
    'line\nbreak',
    '\u0001',
    '\u{1f600}',
    'x'.repeat(63),
    'é'.repeat(32),
    'x'.repeat(300),
  ],
  // Analytics' exports, Mongo's operators, and JavaScript's own.
  ...['$x', '$os', '$and', '$not', '__proto__', 'constructor', 'toString', 'hasOwnProperty'],
  // What adapters and engines name themselves.
  ...[
    'id',
    '_id',
    'ids',
    'vector',
    'embedding',
    'metadata',
    'payload',
    'document',
    'text',
    'uri',
    'key',
    'value',
  ],
  ...[
    'distance',
    '_distance',
    'score',
    '_score',
    '_relevance_score',
    'rowid',
    '_rowid',
    '_rowaddr',
    'rowaddr',
    'oid',
  ],
  ...['ctid', 'xmin', 'tableoid', 'point_id', '#document', '$meta', '$id', 'k', 'rank', 'order'],
  ...['UPPER', 'null', 'true', 'NaN', 'vector_column', 'rowId', 'ROWID', 'Distance'],
];

/** These, and what an engine may keep for itself under its own name. */
export function fieldNamesFor({ name }: Pick<EngineDefinition, 'name'>): string[] {
  return [...FIELD_NAMES, `${name}:document`, `_${name}`, `${name}_id`];
}

const POINTS = 4;

/** Each of them is held, and filtered by as any other, or the engine's declaration refuses it by name while planning. */
export function checkFieldNames({ test, expect }: TestApi, contender: Contender): void {
  const setting = exactSetting(contender);
  for (const name of fieldNamesFor(contender.definition)) {
    const schema = { name, type: 'string', nullable: true } as const;
    const why = whyNotFields(contender.definition, [schema]);
    const shown = JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}… (${name.length})` : name);
    const data = {
      ...vectors(POINTS, 3),
      fields: [schema],
      metadata: columnOf(name, ['yes', 'no', null, 'yes']),
    };

    if (why.length > 0) {
      test(`a field named ${shown} is refused while planning`, async () => {
        expect(why.join()).toContain(`"${name}"`);
        const outcome = await build(contender, data, { index: setting.index }).catch(
          (error: unknown) => error,
        );
        expect(outcome instanceof InputError).toBe(true);
      });
      continue;
    }
    test(`a field named ${shown}`, async () => {
      const { collection, close, parseSearch } = await build(contender, data, { index: setting.index });
      try {
        const prepared = await collection.prepare(parseSearch(setting.search), POINTS);
        const rows = async (filter: Filter) =>
          answerOf(await prepared.query(data.queries[0]!, await prepared.translate!(filter))).rows.sort();
        expect(await rows({ op: 'eq', field: schema, value: 'yes' })).toEqual([0, 3]);
        expect(await rows({ op: 'eq', field: schema, value: 'no' })).toEqual([1]);
        await prepared.close();
      } finally {
        await close();
      }
    });
  }
}

/** As an own property, whatever its name: `{ ['__proto__']: … }` would be none in an object literal. */
function columnOf(name: string, values: readonly (string | null)[]): Record<string, (string | null)[]> {
  return Object.fromEntries([[name, [...values]]]);
}
