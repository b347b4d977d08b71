import { randomUUID } from 'node:crypto';
import { FailureError } from '../../../common/errors.js';
import { type Change, keyText, type NewChange } from '../change.js';
import { decodePoint, encodePoint } from '../encode.js';

/** What stands in a topic: changes, markers, and what all instances of an application have to know alike. */
export type Entry =
  | NewChange
  | { kind: 'marker'; collection: string; name: string; at: number }
  | { kind: 'begin'; consumer: string; after: bigint; floor: bigint }
  /** With `was`: if it has that value then (null: none). */
  | { kind: 'flag'; name: string; value: string; was?: string | null }
  /** Of what is trimmed with the entries that said it; what is said by an entry itself counts for more. */
  | { kind: 'kept'; begun: Record<string, { after: string; floor: string }>; flags: Record<string, string> };

/** Of this format, so that a later one can be told from it. */
const FORMAT = 1;

/**
 * Key and value of a message. The key is the row's, so that a topic's order, and whatever Kafka does by key, is that of rows. A
 * deletion has a value like any other change: Kafka takes only messages without one for tombstones, which it forgets.
 */
export function messageOf(entry: Entry): { key: Buffer; value: Buffer } {
  return { key: Buffer.from(keyOf(entry)), value: Buffer.from(JSON.stringify(plain(entry))) };
}

function keyOf(entry: Entry): string {
  if (isRow(entry)) return keyText(entry);
  const name = entry.kind === 'begin' ? entry.consumer : entry.kind === 'flag' ? entry.name : '';
  // Markers have keys of their own: each one stays.
  return JSON.stringify([`vecproof ${entry.kind}`, name === '' ? randomUUID() : name]);
}

function plain(entry: Entry): object {
  if (entry.kind === 'begin')
    return { f: FORMAT, ...entry, after: String(entry.after), floor: String(entry.floor) };
  if (!isRow(entry)) return { f: FORMAT, ...entry };
  const { id, ...rest } = entry;
  return {
    f: FORMAT,
    ...rest,
    id: String(id),
    ...(typeof id === 'bigint' && { integer: true }),
    ...(entry.kind === 'upsert' && { point: encodePoint(entry.point) }),
  };
}

/** @throws FailureError for what this project has not written */
export function entryOf(value: Buffer | null, place: string, offset: bigint): Entry {
  try {
    const { f, ...read } = JSON.parse(value!.toString()) as Record<string, unknown>;
    if (f !== FORMAT) throw new Error(`format ${String(f)}`);
    return changed(read);
  } catch (error) {
    throw new FailureError(`the message at offset ${offset} is none of vecproof's`, {
      where: place,
      next: 'nothing else may write to this topic: give the change log one of its own, and begin the migration anew',
      cause: error,
    });
  }
}

function changed(read: Record<string, unknown>): Entry {
  switch (read['kind']) {
    case 'upsert':
    case 'delete': {
      const { integer, id, point, ...rest } = read;
      return {
        ...(rest as unknown as NewChange),
        id: integer === true ? BigInt(id as string) : String(id),
        ...(read['kind'] === 'upsert' && { point: decodePoint(point as string) }),
      } as NewChange;
    }
    case 'begin':
      return {
        kind: 'begin',
        consumer: String(read['consumer']),
        after: BigInt(read['after'] as string),
        floor: BigInt(read['floor'] as string),
      };
    case 'marker':
    case 'flag':
    case 'kept':
      return read as unknown as Entry;
    default:
      throw new Error(`kind ${String(read['kind'])}`);
  }
}

export function isRow(entry: Entry): entry is NewChange {
  return entry.kind === 'upsert' || entry.kind === 'delete';
}

/** An entry of a topic with one partition: its offset is its place, and the order of all changes. */
export function logged(offset: bigint): Pick<Change, 'position' | 'version'> {
  return { position: offset + 1n, version: offset + 1n };
}
