import { FailureError, messageOf } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Description, Point } from '../../engines/contract/points.js';
import type { Hits, NativeFilter, PreparedSearch } from '../../engines/contract/search.js';
import type { Filter } from '../../filters/filter.js';
import { UNKNOWN_KEY } from '../../harness/model/samples.js';
import type { OpenSource } from '../connections/open-source.js';

/** What a filter of the source is on a side; or why that side cannot be asked. */
export type FilterOf = (filter: Filter) => { filter: Filter } | { why: string };

/** One of two places that are compared, answered in rows of the source. */
export interface Side {
  open: OpenSource;
  definition: EngineDefinition;
  description: Description;
  /** Its searches answer with rows of the source; filters are those of the source. */
  collection: Pick<Collection, 'prepare' | 'prepareExact'>;
  /** It can compare every point whatever its index: the search parameter `exhaustive: true`. */
  exact: boolean;
  /** Ids that it has answered with and that are no row. */
  strange: ReadonlySet<PointId>;
  /** What it has of these rows, by row. */
  points(rows: readonly number[]): Promise<Map<number, Point>>;
}

/** Ids of a request for points. */
const BATCH = 200;

/**
 * @param idOf the id of a source's row in this place
 * @param vector name of the vector here
 */
export async function openSide(
  open: OpenSource,
  rows: number,
  idOf: (row: number) => PointId,
  filterOf: FilterOf,
  vector: string,
): Promise<Side> {
  const { definition, collection } = open;
  const description = await collection.points.describe();
  const rowOf = new Map<PointId, number>();
  for (let row = 0; row < rows; row++) rowOf.set(idOf(row), row);
  const strange = new Set<PointId>();
  const find = (id: PointId): number => {
    const row = rowOf.get(id);
    if (row === undefined) strange.add(id);
    return row ?? UNKNOWN_KEY;
  };
  const named = description.spec.vectors[0]?.name === vector ? [] : ([vector] as const);
  return {
    open,
    definition,
    description,
    collection: {
      prepare: async (search: ParameterSet, k: number) => {
        const own =
          search['exhaustive'] === true
            ? await collection.prepareExact!(k, ...named)
            : await collection.prepare(search, k, ...named);
        return inRows(own, find, filterOf);
      },
      ...(collection.prepareExact && {
        prepareExact: async (k: number) =>
          inRows(await collection.prepareExact!(k, ...named), find, filterOf),
      }),
    },
    exact: collection.prepareExact !== undefined,
    strange,
    points: async (wanted) => {
      const found = new Map<number, Point>();
      for (let at = 0; at < wanted.length; at += BATCH) {
        const points = await collection.points.get(wanted.slice(at, at + BATCH).map(idOf));
        for (const point of points) {
          const row = rowOf.get(point.id);
          if (row !== undefined) found.set(row, point);
        }
      }
      return found;
    },
  };
}

/** A filter that this side cannot be asked: each query with it fails, and the others go on. */
class Untranslatable {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** A search whose keys are rows of the source. They are looked up when somebody reads them: outside the timed call. */
function inRows(search: PreparedSearch, rowOf: (id: PointId) => number, filterOf: FilterOf): PreparedSearch {
  const idOf = (key: number | bigint | string): PointId => {
    if (search.idOf !== undefined) return search.idOf(key);
    return typeof key === 'number' ? BigInt(key) : key;
  };
  const rows = (keys: Hits['keys']): ArrayLike<number> =>
    new Proxy({ length: keys.length } as ArrayLike<number>, {
      get: (list, name) => {
        if (name === 'length') return list.length;
        const key = typeof name === 'string' ? keys[Number(name)] : undefined;
        return key === undefined ? undefined : rowOf(idOf(key));
      },
    });
  const translated = (hits: Hits): Hits => ({ keys: rows(hits.keys), scores: hits.scores });
  return {
    get effective() {
      return search.effective;
    },
    query: (vector, filter, signal) => {
      if (filter instanceof Untranslatable) throw new FailureError(filter.why);
      const hits = search.query(vector, filter, signal);
      return hits instanceof Promise ? hits.then(translated) : translated(hits);
    },
    translate: async (filter): Promise<NativeFilter> => {
      const own = filterOf(filter);
      if ('why' in own) return new Untranslatable(own.why);
      if (search.translate === undefined) return new Untranslatable('the engine has no filters');
      try {
        return await search.translate(own.filter);
      } catch (error) {
        return new Untranslatable(messageOf(error));
      }
    },
    close: () => search.close(),
  };
}
