import type { PointId } from '../../engines/contract/ids.js';
import type { IdType } from '../export/canonical.js';
import { isNear, type NearField } from '../export/near.js';
import type { Digest } from './digests.js';

export const PARTS_OF_A_POINT = ['vectors', 'metadata', 'parts'] as const;
export type PartOfAPoint = (typeof PARTS_OF_A_POINT)[number];

/** One id whose points are not the same on both sides. */
export interface Difference {
  type: IdType;
  id: PointId;
  /** `missing`: in the source alone; `extra`: in the target alone; `duplicate`: more than once in one side. */
  kind: 'missing' | 'extra' | 'mismatched' | 'duplicate';
  /** Of a mismatch: `parts` are text, URI and tenant. */
  differs: readonly PartOfAPoint[];
  /** Of a mismatch in the vectors: its row in the source, and the digest of the target's vectors. */
  found?: { row: number; vectors: string } | undefined;
}

export interface Counts {
  matching: number;
  mismatched: number;
  missing: number;
  extra: number;
  /** Points beyond the first of their id, on either side. */
  duplicateInSource: number;
  duplicateInTarget: number;
}

export function noCounts(): Counts {
  return { matching: 0, mismatched: 0, missing: 0, extra: 0, duplicateInSource: 0, duplicateInTarget: 0 };
}

/** Compares the digests of one bucket; `counts` is added to. Pure but for that. */
export function compareBucket(
  source: readonly Digest[],
  target: readonly Digest[],
  counts: Counts,
  near: readonly NearField[] = [],
): Difference[] {
  const differences: Difference[] = [];
  const inTarget = new Map<string, Digest>();
  for (const each of target) {
    if (inTarget.has(keyOf(each))) {
      counts.duplicateInTarget++;
      differences.push({ ...idOf(each), kind: 'duplicate', differs: [] });
    } else inTarget.set(keyOf(each), each);
  }
  const seen = new Set<string>();
  for (const each of source) {
    const key = keyOf(each);
    if (seen.has(key)) {
      counts.duplicateInSource++;
      differences.push({ ...idOf(each), kind: 'duplicate', differs: [] });
      continue;
    }
    seen.add(key);
    const other = inTarget.get(key);
    inTarget.delete(key);
    if (other === undefined) {
      counts.missing++;
      differences.push({ ...idOf(each), kind: 'missing', differs: [] });
      continue;
    }
    const differs = PARTS_OF_A_POINT.filter(
      (part) => each[part] !== other[part] || (part === 'vectors' && !areNear(near, each, other)),
    );
    if (differs.length === 0) counts.matching++;
    else {
      counts.mismatched++;
      const found = differs.includes('vectors') ? { row: each.row, vectors: other.vectors } : undefined;
      differences.push({ ...idOf(each), kind: 'mismatched', differs, found });
    }
  }
  for (const each of inTarget.values()) {
    counts.extra++;
    differences.push({ ...idOf(each), kind: 'extra', differs: [] });
  }
  return differences;
}

function areNear(near: readonly NearField[], { near: a }: Digest, { near: b }: Digest): boolean {
  return near.every((field, i) => {
    const [mine, other] = [a[i], b[i]];
    return mine === undefined || other === undefined ? mine === other : isNear(field, mine, other);
  });
}

function keyOf({ type, id }: Pick<Digest, 'type' | 'id'>): string {
  return `${type}:${id}`;
}

function idOf({ type, id }: Digest): Pick<Difference, 'type' | 'id'> {
  return { type, id };
}
