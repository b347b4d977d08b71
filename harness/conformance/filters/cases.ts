import fc from 'fast-check';
import type { FieldSchema, MetadataValue } from '../../../datasets/dataset.js';
import {
  CONDITION_OPERATORS,
  type Condition,
  type ConditionOperator,
  type Filter,
  type FilterValue,
} from '../../../filters/filter.js';
import type { FilterSupport } from '../../../filters/support.js';
import { elementType, type ScalarType } from '../../../filters/values.js';
import { type FilterData, POOLS } from './data.js';

/** Filters over a dataset's fields, of the operators and types that the engine declares exact; up to 4 levels. */
export function filtersFor(
  { fields, metadata }: FilterData,
  { operators }: FilterSupport,
): fc.Arbitrary<Filter> {
  const conditions = CONDITION_OPERATORS.flatMap((op) =>
    fields
      .filter((field) => operators[op]?.includes(field.type))
      .map((field) => ({
        arbitrary: conditionOf(op, field, valuesOf(field, metadata[field.name]!)),
        // Patterns can go wrong in more ways than values.
        weight: op === 'like' ? 3 : 1,
      })),
  );
  const { filter } = fc.letrec<{ filter: Filter }>((tie) => {
    const several = fc.array(tie('filter'), { minLength: 2, maxLength: 3 });
    const logical: fc.Arbitrary<Filter>[] = [];
    if (operators.and !== undefined) logical.push(several.map((filters) => ({ op: 'and', filters })));
    if (operators.or !== undefined) logical.push(several.map((filters) => ({ op: 'or', filters })));
    if (operators.not !== undefined) logical.push(tie('filter').map((each) => ({ op: 'not', filter: each })));
    return { filter: fc.oneof({ maxDepth: 3 }, fc.oneof(...conditions), ...logical) };
  });
  return filter;
}

function conditionOf(
  op: ConditionOperator,
  { name, type }: FieldSchema,
  value: fc.Arbitrary<FilterValue>,
): fc.Arbitrary<Condition> {
  const field = { name, type };
  switch (op) {
    case 'exists':
      return fc.boolean().map((wanted) => ({ op, field, value: wanted }));
    case 'in':
    case 'nin':
      return fc.array(value, { maxLength: 5 }).map((values) => ({ op, field, values }));
    case 'containsAny':
    case 'containsAll':
      return fc.array(value, { minLength: 1, maxLength: 3 }).map((values) => ({ op, field, values }));
    case 'startsWith':
      return fc
        .tuple(value, fc.nat({ max: 4 }))
        .map(([text, length]) => ({ op, field, value: [...(text as string)].slice(0, length).join('') }));
    case 'like':
      return patterns(value).map((pattern) => ({ op, field, value: pattern }));
    default:
      return value.map((each): Condition => ({ op, field, value: each }) as Condition);
  }
}

/** Values that occur, neighbours of those that occur, the awkward ones of the type, and a few of no pattern at all. */
function valuesOf({ type }: FieldSchema, column: readonly MetadataValue[]): fc.Arbitrary<FilterValue> {
  const kind = elementType(type);
  const awkward = POOLS[kind] as readonly FilterValue[];
  const values = [...new Set(column.flat())].filter((each) => each !== null) as FilterValue[];
  const present = values.length > 0 ? values : awkward;
  return fc.oneof(
    { arbitrary: fc.constantFrom(...present), weight: 6 },
    {
      arbitrary: fc.constantFrom(...[...present, ...awkward].flatMap((each) => neighbours(each, kind))),
      weight: 2,
    },
    { arbitrary: fc.constantFrom(...awkward), weight: 2 },
    { arbitrary: randomValue(kind), weight: 1 },
  );
}

/** Values just beside another: one more or less, other case, other composition, a space more, a sign less. */
function neighbours(value: FilterValue, kind: ScalarType): FilterValue[] {
  if (kind === 'boolean') return [!value];
  if (kind === 'float')
    return [(value as number) + 0.5, Math.fround(value as number)].filter(Number.isFinite);
  if (kind === 'timestamp') return [(value as bigint) + 1n, ((value as bigint) / 1000n) * 1000n];
  if (kind === 'integer') {
    const exact = BigInt(value as number | bigint);
    return [integer(exact - 1n), integer(exact + 1n)];
  }
  const text = value as string;
  const [upper, lower, composed, decomposed] = [
    text.toUpperCase(),
    text.toLowerCase(),
    text.normalize('NFC'),
    text.normalize('NFD'),
  ];
  const shorter = [...text].slice(0, -1).join('');
  return [upper, lower, composed, decomposed, `${text} `, text.trim(), shorter].filter(
    (each) => each !== text,
  );
}

function randomValue(kind: ScalarType): fc.Arbitrary<FilterValue> {
  if (kind === 'boolean') return fc.boolean();
  // What `parseFilter` makes of -0.
  if (kind === 'float') return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
  if (kind === 'integer') return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(integer);
  // Years 1 to 9999.
  if (kind === 'timestamp') return fc.bigInt({ min: -62135596800000000n, max: 253402300799999999n });
  return fc.string({ unit: 'grapheme', maxLength: 8 }).filter(isText);
}

function isText(text: string): boolean {
  return !text.includes('\0');
}

/** As values of type integer are held: a number where that is exact. */
function integer(value: bigint): number | bigint {
  const clamped = BigInt.asIntN(64, value);
  return Number.isSafeInteger(Number(clamped)) ? Number(clamped) : clamped;
}

/** Texts that occur with their own wildcards escaped, or pieces of them with wildcards between. */
function patterns(value: fc.Arbitrary<FilterValue>): fc.Arbitrary<string> {
  const special = POOLS.string.filter((text) => /[\\%_]/.test(text as string)) as string[];
  const escaped = fc
    .oneof(value, fc.constantFrom(...special))
    .map((text) => (text as string).replace(/[\\%_]/g, '\\$&'));
  const piece = fc.tuple(value, fc.nat({ max: 3 }), fc.nat({ max: 6 })).map(([text, from, length]) =>
    [...(text as string)]
      .slice(from, from + length)
      .join('')
      .replaceAll('\\', '\\\\'),
  );
  const part = fc.oneof(
    { arbitrary: piece, weight: 3 },
    { arbitrary: fc.constantFrom('%', '_'), weight: 4 },
    { arbitrary: fc.constantFrom('\\%', '\\_', '\\\\', '%%', '_%', '\\a'), weight: 1 },
  );
  const mixed = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
  const around = fc
    .tuple(fc.constantFrom('', '%', '_'), escaped, fc.constantFrom('', '%', '_'))
    .map((parts) => parts.join(''));
  return fc.oneof({ arbitrary: mixed, weight: 2 }, { arbitrary: around, weight: 1 });
}
