import { FailureError, shorten } from '../../common/errors.js';
import type { FieldType } from '../../datasets/dataset.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Metadata, PointValue } from '../../engines/contract/points.js';
import { metadataJson, parseMetadata } from './metadata-json.js';

/**
 * Metadata as typed columns, so that plain tools see numbers and text, and a JSON object of what these cannot say:
 * null (a column's null is "missing"), values of another type than the column's, nested objects, mixed arrays.
 * Both together give the metadata back exactly.
 */

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** The type of the column that a field gets at its first values; undefined: it needs none yet. */
export function inferType(values: Iterable<PointValue | undefined>): FieldType | undefined {
  let type: FieldType | undefined;
  for (const value of values) {
    const each = value === undefined ? undefined : typeOf(value);
    if (each === undefined) continue;
    if (type === undefined || widens(type, each)) type = each;
  }
  return type;
}

/** A column of floats holds the integers before it, too: they are safe ones (see `typeOf`). */
function widens(type: FieldType, other: FieldType): boolean {
  return (type === 'integer' && other === 'float') || (type === 'integer[]' && other === 'float[]');
}

function typeOf(value: PointValue): FieldType | undefined {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? 'integer' : 'float';
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const types = new Set((value as readonly PointValue[]).map(typeOf));
  if (types.delete('integer') && types.size === 0) return 'integer[]';
  const [only] = types;
  return types.size === 1 && only !== undefined && !only.endsWith('[]')
    ? (`${only}[]` as FieldType)
    : undefined;
}

/** Whether a column of that type gives the value back exactly as it is. */
export function fitsColumn(type: FieldType, value: PointValue): boolean {
  if (type.endsWith('[]')) {
    const element = type.slice(0, -2) as FieldType;
    return Array.isArray(value) && value.every((each) => fitsColumn(element, each));
  }
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'float':
      return typeof value === 'number';
    case 'integer':
      return typeof value === 'bigint'
        ? value >= MIN && value <= MAX && (value > MAX_SAFE || value < -MAX_SAFE)
        : Number.isSafeInteger(value) && !Object.is(value, -0);
    default:
      return typeof value === 'bigint' && value >= MIN && value <= MAX;
  }
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** A column's value as Parquet takes it. */
export function cellOf(type: FieldType, value: PointValue): unknown {
  if (type === 'integer' || type === 'timestamp') return BigInt(value as number | bigint);
  if (type === 'integer[]') return (value as readonly (number | bigint)[]).map(BigInt);
  return value;
}

/** The reverse of `cellOf`. */
export function fromCell(type: FieldType, cell: unknown): PointValue {
  if (type === 'integer') return integerOf(cell as bigint);
  if (type === 'integer[]') return Array.from(cell as Iterable<bigint>, integerOf);
  if (type.endsWith('[]')) return Array.from(cell as Iterable<PointValue>) as PointValue;
  return cell as PointValue;
}

function integerOf(value: bigint): number | bigint {
  return value >= -MAX_SAFE && value <= MAX_SAFE ? Number(value) : value;
}

/** JSON of what the columns do not say; null: they say all. */
export function restOf(
  id: PointId,
  metadata: Metadata,
  columns: ReadonlyMap<string, FieldType>,
): string | null {
  const rest: string[] = [];
  for (const [name, value] of Object.entries(metadata)) {
    const type = columns.get(name);
    if (type !== undefined && value !== null && fitsColumn(type, value)) continue;
    const json = metadataJson(value, (number) => {
      throw notFinite(number, `id ${shorten(id)}, field ${shorten(name)}`);
    });
    rest.push(`${JSON.stringify(name)}:${json}`);
  }
  return rest.length === 0 ? null : `{${rest.join(',')}}`;
}

function notFinite(value: number, where: string): FailureError {
  return new FailureError('is not a finite number, which JSON cannot hold', {
    where,
    got: value,
    next: 'correct the value in the source',
  });
}

/** The reverse of `restOf`: keys of the JSON besides those of the columns. */
export function withRest(
  columns: Readonly<Record<string, PointValue>>,
  rest: string | null | undefined,
  timestamps: ReadonlySet<string>,
): Metadata {
  if (rest === null || rest === undefined) return columns;
  const metadata = Object.assign(Object.create(null), columns) as Record<string, PointValue>;
  for (const [name, value] of Object.entries(parseMetadata(rest, timestamps))) metadata[name] = value;
  return metadata;
}
