import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import { METRICS } from '../../datasets/dataset.js';
import type { VectorMetric } from '../../engines/contract/vectors.js';

/** What a user says of a file's columns behind its path: `file:./points.parquet?id=doc_id&vector=emb&metric=cosine`. */
export interface FileParameters {
  /** Column of the id, or `row-number`. */
  id?: string | undefined;
  /** Whether texts that are ids are UUIDs. */
  ids?: 'text' | 'uuid' | undefined;
  vector?: readonly string[] | undefined;
  /** Column of the text, `none`: it stays metadata. */
  text?: string | undefined;
  uri?: string | undefined;
  tenant?: string | undefined;
  namespace?: string | undefined;
  partition?: string | undefined;
  version?: string | undefined;
  updated?: string | undefined;
  /** Model that the vectors are of, kept as provenance. */
  model?: string | undefined;
  metric?: VectorMetric | undefined;
  /** A file with the metadata of vectors that have none. */
  metadata?: string | undefined;
  /** `hnswlib` or `usearch`, where the name does not say it. */
  format?: string | undefined;
}

export const COLUMN_ROLES = ['uri', 'tenant', 'namespace', 'partition', 'version', 'updated'] as const;
const KEYS = [
  'id',
  'ids',
  'vector',
  'text',
  ...COLUMN_ROLES,
  'model',
  'metric',
  'metadata',
  'format',
] as const;
const VALUES: Readonly<Partial<Record<string, readonly string[]>>> = {
  ids: ['text', 'uuid'],
  metric: METRICS,
  format: ['hnswlib', 'usearch'],
};

/** @throws InputError for a parameter that there is not, with the nearest known one */
export function parseFileAddress(address: string): { path: string; parameters: FileParameters } {
  const at = address.search(/\?[a-z]+=/);
  if (at < 0) return { path: address, parameters: {} };
  const parameters: Record<string, unknown> = {};
  for (const [key, value] of address
    .slice(at + 1)
    .split('&')
    .map(pairOf)) {
    requireKnown(address, key, value);
    if (key === 'vector') parameters[key] = [...((parameters[key] as string[] | undefined) ?? []), value];
    else parameters[key] = value;
  }
  return { path: address.slice(0, at), parameters };
}

/** Percent-encoded, but a + is a +: paths and columns have it. */
function pairOf(text: string): [key: string, value: string] {
  const at = text.indexOf('=');
  const [key, value] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  try {
    return [key, decodeURIComponent(value)];
  } catch {
    // A % that encodes nothing is one.
    return [key, value];
  }
}

function requireKnown(address: string, key: string, value: string): void {
  if (!(KEYS as readonly string[]).includes(key)) {
    throw new InputError(suggest(`unknown parameter "${key}"`, key, KEYS, ''), {
      where: `file:${address}`,
      next: `use ${KEYS.join(', ')}`,
    });
  }
  const allowed = VALUES[key];
  if (value === '' || (allowed !== undefined && !allowed.includes(value)))
    throw new InputError(`the parameter "${key}" cannot be "${value}"`, {
      where: `file:${address}`,
      next: allowed === undefined ? 'name a column, or leave it out' : `use one of ${allowed.join(', ')}`,
    });
}
