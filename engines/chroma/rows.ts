import type { MetadataValue } from '../../datasets/dataset.js';
import type { Point } from '../contract/points.js';
import type { LoadBatch } from '../contract/spec.js';
import { record } from '../kit/check.js';
import { denseOf, idAt } from '../kit/vectors.js';
import type { ChromaRecords } from './client.js';
import { type ChromaMetadata, OWN } from './fields.js';
import { serverId } from './ids.js';
import type { KeptSchema } from './session.js';
import { encodeMetadata } from './values.js';

const TENANT_KEY = `${OWN}tenant`;

/** A point as the server takes it. */
export interface ChromaRow {
  id: string;
  embedding: number[];
  /** NaN: the key is removed. */
  metadata: ChromaMetadata;
  text: string | undefined;
  uri: string | undefined;
}

export function encodedPoint({ fields, vector }: KeptSchema, point: Point): ChromaRow {
  const { id, vectors, metadata, text, uri, tenant } = point;
  const encoded = encodeMetadata(fields, metadata);
  if (tenant !== undefined) encoded[TENANT_KEY] = tenant;
  return {
    id: serverId(id),
    embedding: Array.from(vectors[vector.name] as Float32Array),
    metadata: encoded,
    text,
    uri,
  };
}

export function tenantOf(metadata: Readonly<Record<string, unknown>>): string | undefined {
  return metadata[TENANT_KEY] as string | undefined;
}

/** Rows `from` to `to` of a batch. */
export function batchRows(schema: KeptSchema, batch: LoadBatch, from: number, to: number): ChromaRow[] {
  const { vector, fields } = schema;
  const { dimensions } = vector;
  const values = denseOf('chroma', batch, vector);
  const rows: ChromaRow[] = [];
  for (let row = from; row < to; row++) {
    const metadata = record<MetadataValue>();
    for (const { name } of fields) {
      const value = batch.metadata?.[name]?.[row];
      if (value !== undefined) metadata[name] = value;
    }
    const encoded = fields.length === 0 ? {} : encodeMetadata(fields, metadata);
    const tenant = batch.tenants?.[row];
    if (tenant !== undefined) encoded[TENANT_KEY] = tenant;
    rows.push({
      id: serverId(idAt(batch.ids, row)),
      embedding: Array.from(values.subarray(row * dimensions, (row + 1) * dimensions)),
      metadata: encoded,
      text: batch.texts?.[row],
      uri: batch.uris?.[row],
    });
  }
  return rows;
}

/** One request for the rows that have the same parts: the client takes texts and URIs of all or of none. */
export function asRequests(rows: readonly ChromaRow[]): ChromaRecords[] {
  const groups = new Map<string, ChromaRow[]>();
  for (const row of rows) {
    const parts = `${row.text !== undefined} ${row.uri !== undefined}`;
    const group = groups.get(parts);
    if (group === undefined) groups.set(parts, [row]);
    else group.push(row);
  }
  return [...groups.values()].map((group) => {
    const [{ text, uri }] = group as [ChromaRow];
    // The server takes no metadata without keys.
    const metadatas = group.map(({ metadata }) => (Object.keys(metadata).length === 0 ? null : metadata));
    return {
      ids: group.map(({ id }) => id),
      embeddings: group.map(({ embedding }) => embedding),
      ...(metadatas.some((each) => each !== null) && { metadatas }),
      ...(text !== undefined && { documents: group.map((row) => row.text!) }),
      ...(uri !== undefined && { uris: group.map((row) => row.uri!) }),
    };
  });
}
