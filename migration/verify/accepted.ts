import { InputError } from '../../common/errors.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point } from '../../engines/contract/points.js';
import { type IdType, idType } from '../export/canonical.js';
import { openPart } from '../export/part-reader.js';
import type { Place } from '../probe/place.js';

/** Points that the target refused and somebody has accepted to stay out, by the reason. */
export interface AcceptedRejects {
  reason: string;
  points: number;
  /** Ids of the target, at most 5. */
  examples: readonly string[];
}

const ASKED_AT_ONCE = 500;
const SHOWN = 5;

/**
 * Leaves those points out of the source that a load's `rejects.parquet` says may stay out and that the target really has
 * not. Those that nobody has decided on stay: they are missing.
 */
export class Accepted {
  readonly #reasons: ReadonlyMap<string, string>;
  readonly #left = new Map<string, Set<string>>();

  private constructor(reasons: ReadonlyMap<string, string>) {
    this.#reasons = reasons;
  }

  static none(): Accepted {
    return new Accepted(new Map());
  }

  /** @throws InputError if the file is none of rejects */
  static async read(path: string, target: Place): Promise<Accepted> {
    const listed = await readAccepted(path);
    const reasons = new Map(listed.map(({ type, id, reason }) => [`${type}:${id}`, reason]));
    for (let from = 0; from < listed.length; from += ASKED_AT_ONCE) {
      const found = await target.get(listed.slice(from, from + ASKED_AT_ONCE));
      for (const { id } of found) reasons.delete(`${idType(target.shape, id)}:${id}`);
    }
    return new Accepted(reasons);
  }

  get isEmpty(): boolean {
    return this.#reasons.size === 0;
  }

  /** Whether a point, as the target would have it, is left out. */
  leavesOut(shape: Place['shape'], { id }: Pick<Point, 'id'>): boolean {
    const key = `${idType(shape, id)}:${id}`;
    const reason = this.#reasons.get(key);
    if (reason === undefined) return false;
    const ids = this.#left.get(reason) ?? new Set();
    this.#left.set(reason, ids.add(key));
    return true;
  }

  result(): AcceptedRejects[] {
    return [...this.#left].map(([reason, keys]) => ({
      reason,
      points: keys.size,
      examples: [...keys].slice(0, SHOWN).map((key) => key.slice(key.indexOf(':') + 1)),
    }));
  }
}

interface Listed {
  type: IdType;
  id: PointId;
  reason: string;
}

async function readAccepted(path: string): Promise<Listed[]> {
  const { columns, groups } = await openPart(path);
  if (!['id', 'id_type', 'accepted'].every((name) => columns.has(name)))
    throw new InputError('is no file of rejects', {
      where: path,
      next: 'give the rejects.parquet of a load',
    });
  const listed: Listed[] = [];
  const read = async (count: number, column: (name: string) => Promise<ArrayLike<unknown>>) => {
    const [ids, types, reasons] = await Promise.all(['id', 'id_type', 'accepted'].map(column));
    for (let row = 0; row < count; row++) {
      const [id, type, reason] = [ids![row] as string, types![row] as IdType, reasons![row]];
      if (typeof reason === 'string') listed.push({ type, id: type === 'integer' ? BigInt(id) : id, reason });
    }
  };
  for await (const _ of groups(({ count, read: column }) => read(count, column)));
  return listed;
}
