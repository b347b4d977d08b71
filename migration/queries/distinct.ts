import { createHash } from 'node:crypto';
import type { LoggedQuery } from './log.js';

/** A query that was asked once or more: the same vector under the same filter. */
export interface DistinctQuery extends LoggedQuery {
  /** How often the log has it. */
  count: number;
  /** Names it: the same in every import. */
  hash: string;
  vector: Float32Array;
  /** Points that pass its filter; undefined: not counted. */
  matches?: number | undefined;
  /** Points of its tenant; undefined: not counted. */
  tenantPoints?: number | undefined;
}

/** Keeps each query once, with the newest time; what it was asked for is that of its first line. */
export class DistinctQueries {
  readonly #known = new Map<string, DistinctQuery>();

  add(query: LoggedQuery & { vector: Float32Array }): void {
    const hash = hashOf(query);
    const known = this.#known.get(hash);
    if (known === undefined) {
      this.#known.set(hash, { ...query, count: 1, hash });
      return;
    }
    known.count++;
    if (query.time !== undefined) known.time = Math.max(known.time ?? query.time, query.time);
  }

  all(): DistinctQuery[] {
    return [...this.#known.values()];
  }
}

function hashOf({ vector, filter, native, tenant, k }: LoggedQuery & { vector: Float32Array }): string {
  const asked = filter ?? (native === undefined ? null : { native });
  const about = JSON.stringify([asked, tenant ?? null, k ?? null], (_, each: unknown) =>
    typeof each === 'bigint' ? `${each}n` : each,
  );
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  return createHash('sha256').update(bytes).update(about).digest('hex').slice(0, 16);
}
