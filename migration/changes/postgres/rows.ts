import { randomUUID } from 'node:crypto';
import type { PointId } from '../../../engines/contract/ids.js';
import type { Change, Logged, NewChange, Position } from '../change.js';
import { decodePoint, encodePoint } from '../encode.js';
import type { SqlRow } from './sql.js';

/** Columns of an entry that its writer fills; transaction and sequence are the database's. */
export const COLUMNS = [
  'kind',
  'collection',
  'tenant',
  'id',
  'id_is_integer',
  'embedding_version',
  'idempotency_key',
  'at',
  'point',
] as const;

/** Text cannot hold a zero byte in PostgreSQL: texts that have one (or a backslash) are escaped. */
export function cellsOf(change: NewChange): unknown[] {
  return [
    change.kind,
    escaped(change.collection),
    change.tenant === undefined ? null : escaped(change.tenant),
    escaped(String(change.id)),
    typeof change.id === 'bigint',
    change.embeddingVersion ?? null,
    change.idempotencyKey,
    change.at,
    change.kind === 'upsert' ? encodePoint(change.point) : null,
  ];
}

export function markerCells(collection: string, name: string): unknown[] {
  return [
    'marker',
    escaped(collection),
    null,
    escaped(name),
    false,
    null,
    `marker ${randomUUID()}`,
    Date.now(),
    null,
  ];
}

export function changeOf(row: SqlRow): Change {
  const collection = unescaped(row['collection']!);
  const at = Number(row['at']);
  if (row['kind'] === 'marker')
    return { kind: 'marker', collection, name: unescaped(row['id']!), at, ...logged(row) };
  const id: PointId = row['id_is_integer'] === 'true' ? BigInt(row['id']!) : unescaped(row['id']!);
  const [tenant, embeddingVersion] = [row['tenant'], row['embedding_version']];
  const common = {
    collection,
    ...(tenant != null && { tenant: unescaped(tenant) }),
    id,
    ...(embeddingVersion != null && { embeddingVersion }),
    idempotencyKey: row['idempotency_key']!,
    at,
    ...logged(row),
  };
  return row['kind'] === 'delete'
    ? { kind: 'delete', ...common }
    : { kind: 'upsert', ...common, point: decodePoint(row['point']!) };
}

/** Place and version by the transaction and the number in the sequence. */
export function logged(row: SqlRow): Logged {
  return { position: positionOf(row['xid']!, row['seq']!), version: BigInt(row['seq']!) };
}

const SEQUENCE = 64n;

export function positionOf(xid: string, seq: string): Position {
  return (BigInt(xid) << SEQUENCE) | BigInt(seq);
}

const MOST = 2n ** 63n - 1n;

export function splitPosition(position: Position): { xid: string; seq: string } {
  const seq = BigInt.asUintN(Number(SEQUENCE), position);
  return { xid: String(position >> SEQUENCE), seq: String(seq > MOST ? MOST : seq) };
}

function escaped(text: string): string {
  return text.replace(/[\\\0]/g, (each) => (each === '\0' ? '\\0' : '\\\\'));
}

function unescaped(text: string): string {
  return text.replace(/\\[\\0]/g, (each) => (each === '\\0' ? '\0' : '\\'));
}
