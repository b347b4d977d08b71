import { z } from 'zod';
import { InputError, messageOf } from '../../common/errors.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Metadata, Point, PointValue } from '../../engines/contract/points.js';
import type { RehearsalData } from './data.js';

/** What an application has really asked and written, line by line; without an end, as it begins again behind its last line. */
export interface Recorded {
  queries?: readonly Float32Array[] | undefined;
  changes?: readonly RecordedChange[] | undefined;
}

export type RecordedChange =
  | { kind: 'upsert'; id: PointId; patch: Partial<Point> }
  | { kind: 'delete'; id: PointId };

const vector = z.array(z.number()).min(1);
const change = z.strictObject({
  kind: z.enum(['upsert', 'delete']),
  id: z.union([z.string().min(1), z.int()]),
  vector: vector.optional(),
  vectors: z.record(z.string(), vector).optional(),
  text: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).optional(),
});
const query = z.looseObject({ vector });

const MOST_FAULTS = 5;

/**
 * Queries as in a query file: only their vectors are asked.
 * @throws InputError with the first lines that are none, or that do not fit the vector that is searched
 */
export function recordedQueries(path: string, shown: string, data: RehearsalData): Float32Array[] {
  const { dimensions } = data.spec.vectors.find(({ name }) => name === data.vector)!;
  return lines(path, shown, (line) => {
    const { vector: values } = query.parse(line);
    if (values.length !== dimensions)
      throw new Error(`has ${values.length} numbers, the vector "${data.vector}" has ${dimensions}`);
    return Float32Array.from(values);
  });
}

/**
 * Changes in the order in which they were made: `{"kind": "upsert", "id": …}` with what the row is to have from then on, or
 * `{"kind": "delete", "id": …}`. What an upsert does not name stays; what the rehearsed collection has no place for is left out.
 * @throws InputError with the first lines that are none, or if a row without a vector would have to be made
 */
export function recordedChanges(path: string, shown: string, data: RehearsalData): RecordedChange[] {
  const there = new Set<PointId>(data.points.map(({ id }) => id));
  return lines(path, shown, (line) => {
    const parsed = change.parse(line);
    const id = idOf(parsed.id, data);
    if (parsed.kind === 'delete') return { kind: 'delete', id };
    const patch = patchOf(parsed, data);
    if (!there.has(id) && patch.vectors?.[data.vector] === undefined)
      throw new Error(`makes a row that is not there, without its vector "${data.vector}"`);
    there.add(id);
    return { kind: 'upsert', id, patch };
  });
}

function idOf(id: string | number, { spec }: RehearsalData): PointId {
  const isInteger = spec.ids === 'u32' || spec.ids === 'u64';
  if (isInteger !== (typeof id === 'number'))
    throw new Error(`ids are ${isInteger ? 'integers' : 'texts'} here`);
  return typeof id === 'number' ? BigInt(id) : id;
}

function patchOf(
  { vector: only, vectors = {}, text, metadata }: z.infer<typeof change>,
  { spec, vector: searched }: RehearsalData,
): Partial<Point> {
  const given = { ...vectors, ...(only !== undefined && { [searched]: only }) };
  const known: Record<string, Float32Array> = {};
  for (const { name, dimensions } of spec.vectors) {
    const values = given[name];
    if (values === undefined) continue;
    if (values.length !== dimensions)
      throw new Error(`has ${values.length} numbers, the vector "${name}" has ${dimensions}`);
    known[name] = Float32Array.from(values);
  }
  const fields = Object.fromEntries(
    (spec.fields ?? []).flatMap(({ name, type }) =>
      metadata !== undefined && Object.hasOwn(metadata, name)
        ? [[name, fieldValue(metadata[name], type)]]
        : [],
    ),
  );
  return {
    ...(Object.keys(known).length > 0 && { vectors: known }),
    ...(text != null && spec.text === true && { text }),
    metadata: fields as Metadata,
  };
}

/** JSON has neither integers of 64 bits nor times: a time is a text of RFC 3339. */
function fieldValue(value: unknown, type: string): PointValue {
  if (value === null) return null;
  if (type === 'timestamp' && typeof value === 'string') {
    const at = Date.parse(value);
    if (Number.isNaN(at)) throw new Error(`is no time: ${value}`);
    return BigInt(at) * 1000n;
  }
  const expected = type === 'integer' || type === 'float' ? 'number' : type;
  if (['number', 'string', 'boolean'].includes(expected) && typeof value !== expected)
    throw new Error(`a field of type ${type} cannot be ${JSON.stringify(value)}`);
  return value as PointValue;
}

function lines<T>(path: string, shown: string, parse: (line: unknown) => T): T[] {
  let text: string;
  try {
    text = readRegularText(path, MOST_RECORD);
  } catch (cause) {
    throw new InputError(`cannot be read: ${messageOf(cause)}`, { where: shown, cause });
  }
  const found: T[] = [];
  const faults: string[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '' || faults.length === MOST_FAULTS) continue;
    try {
      found.push(parse(JSON.parse(line)));
    } catch (error) {
      faults.push(`${shown}:${at + 1} ${wordsOf(error)}`);
    }
  }
  if (faults.length > 0)
    throw new InputError(faults.join('\n'), { where: shown, next: 'docs/rehearsal.md says what a line is' });
  if (found.length === 0) throw new InputError('holds no line', { where: shown });
  return found;
}

function wordsOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return messageOf(error);
  const [first] = error.issues;
  return `${first!.path.join('.')} ${first!.message}`.trim();
}
