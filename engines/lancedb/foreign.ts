import { FailureError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import type { IdKind } from '../contract/ids.js';
import type { ReadAs } from '../contract/points.js';
import { DEFAULT_VECTOR, type DenseType } from '../contract/vectors.js';
import { readerOf } from './arrow-values.js';
import type { LanceSchema } from './client.js';
import { fieldOf, type Layout, PARTS } from './layout.js';

type Field = LanceSchema['fields'][number];

const INTEGERS = ['Int64', 'Int32', 'Int16', 'Int8', 'Uint32', 'Uint16', 'Uint8', 'Uint64'];
/** What numbers of JavaScript become where nobody says a type; each has to be an integer. */
const NUMBERS = 'Float64';
const TEXTS = ['Utf8', 'LargeUtf8'];
/** Names that say it: the one column that has such a name is the key. */
const KEY_NAME = /^(_?id|_?key|pk|uuid|guid|.*[_-](id|key|uuid)|docno)$/i;
/** Bytes are bits, eight each: LanceDB compares them by Hamming distance alone. */
const VECTORS: Readonly<Record<string, DenseType>> = {
  Float32: 'f32',
  Float16: 'f16',
  Int8: 'int8',
  Uint8: 'bit',
};

/** The columns of a table that others made. Throws FailureError naming what is missing, or what no point can hold. */
export function foreignLayout(name: string, { fields }: LanceSchema, as: ReadAs): Layout {
  const refuse = (what: string, next?: string): never => {
    throw new FailureError(`table "${name}" ${what}`, { where: 'lancedb', next });
  };
  const known = fields.map((field) => field.name);
  const { omit = [] } = as;
  const named = [as.key, ...PARTS.map((part) => as[part]), ...omit].filter((each) => each !== undefined);
  const missing = named.find((column) => !known.includes(column));
  if (missing !== undefined) refuse(suggest(`has no column "${missing}"`, missing, known));
  const held = fields.filter((field) => !omit.includes(field.name));
  const key = keyOf(held, as.key, refuse);
  const parts = PARTS.flatMap((part) => {
    const field = held.find((each) => each.name === as[part]);
    if (field === undefined) return [];
    const type = field.type.toString();
    if (!TEXTS.includes(type) && !(part === 'tenant' && INTEGERS.includes(type)))
      refuse(`has a column "${field.name}" of type ${type}, which is no ${part}`);
    return [{ part, column: field.name }];
  });
  const rest = held.filter((field) => field !== key && !parts.some(({ column }) => column === field.name));
  const vectors = rest.flatMap(vectorOf);
  if (vectors.length === 0) refuse('has no column of fixed-size lists of float32, float16, int8 or uint8');
  const others = rest.filter((field) => !vectors.some(({ column }) => column === field.name));
  const lost = others.filter(isLost);
  if (lost.length > 0) {
    refuse(
      `has ${lost.map((each) => `a column "${each.name}" of type ${each.type.toString()}`).join(', ')}, which no point can hold`,
      `leave it out with ?omit=${lost.map((each) => encodeURIComponent(each.name)).join(',')}`,
    );
  }
  return {
    name,
    ids: idsOf(key),
    idColumn: key.name,
    vectors,
    parts,
    omitted: omit,
    mark: null,
    fields: others.map(fieldOf),
  };
}

/** Numbers of a vector would be rounded; other types are not read at all. */
function isLost({ type }: Field): boolean {
  return readerOf(type) === undefined || /^FixedSizeList\[\d+\]<Float64>$/.test(type.toString());
}

function keyOf(
  fields: readonly Field[],
  named: string | undefined,
  refuse: (what: string, next?: string) => never,
): Field {
  const possible = fields.filter((field) => isKey(field));
  if (named !== undefined) {
    const found = fields.find(({ name }) => name === named);
    if (found !== undefined && isKey(found)) return found;
    return refuse(
      `has a column "${named}" of type ${found?.type.toString()}, which is no key of text or integers`,
    );
  }
  const exact = possible.find(({ name }) => name === 'id');
  const [only, ...others] = possible.filter(({ name }) => KEY_NAME.test(name));
  if (exact !== undefined) return exact;
  if (only !== undefined && others.length === 0) return only;
  const names = possible.map(({ name }) => name);
  return refuse(
    only === undefined
      ? 'has no column that is known to be the key of its points'
      : `has several columns that may be the key: ${[only, ...others].map(({ name }) => name).join(', ')}`,
    names.length === 0
      ? 'points need a column of text or integers whose values differ'
      : `name it, such as ?key=${encodeURIComponent(names[0]!)} (there are ${names.join(', ')})`,
  );
}

function isKey({ type }: Field): boolean {
  return [...INTEGERS, ...TEXTS, NUMBERS].includes(type.toString());
}

function idsOf({ type }: Field): IdKind | null {
  const native = type.toString();
  if (native === 'Uint64') return null;
  return TEXTS.includes(native) ? 'string' : 'u64';
}

function vectorOf({ name: column, type }: Field): Layout['vectors'] {
  const [, size, element] = /^FixedSizeList\[(\d+)\]<(\w+)>$/.exec(type.toString()) ?? [];
  const number = VECTORS[element ?? ''];
  if (number === undefined) return [];
  const name = column === 'vector' ? DEFAULT_VECTOR : column;
  const dimensions = number === 'bit' ? 8 * Number(size) : Number(size);
  const metric = number === 'bit' ? ('hamming' as const) : null;
  return [{ name, kind: 'dense', type: number, dimensions, metric, column }];
}
