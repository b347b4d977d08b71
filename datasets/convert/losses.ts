import type { DatasetInfo, FieldSchema } from '../dataset.js';
import { type NumberType, typeName } from '../formats/numbers.js';
import type { FormatWriter } from '../formats/writer.js';

/** What of a dataset the target cannot hold. */
export const LOSS_KINDS = [
  'ids',
  'fields',
  'types',
  'precision',
  'queries',
  'judgements',
  'neighbors',
] as const;
export type LossKind = (typeof LOSS_KINDS)[number];

export interface Loss {
  kind: LossKind;
  /** A sentence without its end. */
  what: string;
}

/** How the target keeps things, beside what its format does. */
export interface Keeping {
  /** For messages: `npy`. */
  format: string;
  writer: FormatWriter;
  /** Number type of the components in the file. */
  component: NumberType;
  /** A description beside the files says types of fields. */
  described: boolean;
  /** Ids and fields stand in a file of their own. */
  records: boolean;
}

/** Number types of which not every value is a float32. */
const WIDE: readonly NumberType[] = ['f8', 'i4', 'i8', 'u4', 'u8'];

/** Losses of the points: nothing is lost in silence. */
export function pointLosses(info: DatasetInfo, keeping: Keeping): Loss[] {
  const losses: Loss[] = [];
  const { id } = info.columns ?? { id: 'row number' };
  const gaps = (info.leftOut ?? []).some(({ points }) => points > 0);
  if (!keepsIds(keeping) && (id !== 'row number' || gaps)) {
    losses.push({ kind: 'ids', what: `${keeping.format} has no ids: row numbers take the place of ${id}` });
  }
  losses.push(...fieldLosses(info.fields, keeping, 'points'), ...precisionLosses(info, keeping));
  return losses;
}

export function keepsIds({ writer, records }: Keeping): boolean {
  return writer.ids || records;
}

/** @param of `points`, or a query set in words */
export function fieldLosses(fields: readonly FieldSchema[], keeping: Keeping, of: string): Loss[] {
  const { writer, format, described, records } = keeping;
  const losses: Loss[] = [];
  // Records beside the vectors are JSON.
  const lost = records
    ? []
    : fields.filter(({ type }) => !writer.fields.includes(type) && !(type in writer.changed));
  if (lost.length > 0) {
    losses.push({ kind: 'fields', what: `${format} does not hold the fields of the ${of}: ${names(lost)}` });
  }
  const changed = fields.filter(({ type }) => {
    if (described && type === 'timestamp') return false;
    return records ? type === 'timestamp' : type in writer.changed;
  });
  for (const type of new Set(changed.map((field) => field.type))) {
    const same = changed.filter((field) => field.type === type);
    const becomes = records ? 'text (RFC 3339)' : writer.changed[type]!;
    losses.push({
      kind: 'types',
      what: `${type} becomes ${becomes} in ${format}: ${names(same)} of the ${of}`,
    });
  }
  return losses;
}

function precisionLosses({ component: from }: DatasetInfo, { component: to, format }: Keeping): Loss[] {
  if (from !== undefined && WIDE.includes(from)) {
    return [
      {
        kind: 'precision',
        what: `components are rounded from ${typeName(from)} to float32, in which vectors are compared`,
      },
    ];
  }
  const exact = from !== undefined && ['f2', 'u1', 'i1', 'b1'].includes(from);
  return to === 'f2' && !exact
    ? [{ kind: 'precision', what: `components are rounded to ${typeName(to)} (${format})` }]
    : [];
}

function names(fields: readonly FieldSchema[]): string {
  const shown = fields.slice(0, 8).map(({ name, type }) => `${name} (${type})`);
  return fields.length > shown.length
    ? `${shown.join(', ')} and ${fields.length - shown.length} more`
    : shown.join(', ');
}
