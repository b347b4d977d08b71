import type { PointId } from '../../engines/contract/ids.js';
import type { Point } from '../../engines/contract/points.js';
import { flatten } from '../../engines/kit/check.js';
import type { Filter } from '../../filters/filter.js';
import { matches } from '../../filters/matches.js';
import { SCORE_MARGIN } from '../../harness/measures/scores.js';
import { isSimilarity } from '../mapping/scores.js';
import type { Broken, Compared } from './model.js';
import type { WatchedQuery } from './queries.js';
import type { Answered } from './side.js';
import type { Known, Subject } from './subject.js';

type Answer = Extract<Answered, { state: 'answered' }>;

export interface Order {
  /** The target is asked before the source. */
  targetFirst: boolean;
  /** The source is asked twice, for its own noise. */
  twice: boolean;
}

/** Asks both sides one query and compares what they answer; the source is the control. */
export async function compareQuery(
  { source, target }: Subject,
  known: Known,
  query: WatchedQuery,
  { targetFirst, twice }: Order,
): Promise<Compared> {
  const own = query.filter === null ? { filter: null } : known.filterOf(query.filter);
  const askTarget = (): Promise<Answered> =>
    'why' in own ? Promise.resolve({ state: 'failed', why: own.why }) : target.ask(query, own.filter);
  const early = targetFirst ? await askTarget() : undefined;
  const control = await source.ask(query, query.filter);
  const again = twice && control.state === 'answered' ? await source.ask(query, query.filter) : undefined;
  const candidate = early ?? (await askTarget());
  const about = { query: query.id, group: query.group, tenant: query.tenantName };
  const none = {
    ...about,
    empty: { source: false, target: false },
    lost: [],
    missing: [],
    broken: [],
    unresolved: 0,
    hits: { source: [], target: [] },
  };
  const ms = {
    source: control.state === 'answered' ? control.ms : undefined,
    target: candidate.state === 'answered' ? candidate.ms : undefined,
  };
  if (control.state === 'failed')
    return { ...none, ms, state: 'failed', failed: { side: 'source', why: control.why } };
  if (candidate.state === 'failed')
    return { ...none, ms, state: 'failed', failed: { side: 'target', why: candidate.why } };
  const pair = new Pair(known, query, control, candidate);
  try {
    return {
      ...about,
      ms,
      ...(await pair.compared({ source, target })),
      noise: again?.state === 'answered' ? overlapOf(control.ids, again.ids) : undefined,
    };
  } catch (error) {
    // The answers came, and what they are about could not be looked up: nothing is said of them.
    const why = error instanceof Error ? error.message.split('\n', 1)[0]! : String(error);
    return { ...none, ms, state: 'failed', failed: { side: pair.asking, why } };
  }
}

class Pair {
  readonly #known: Known;
  readonly #query: WatchedQuery;
  readonly #control: Answer;
  readonly #candidate: Answer;
  /** Who was asked last. */
  asking: 'source' | 'target' = 'target';

  constructor(known: Known, query: WatchedQuery, control: Answer, candidate: Answer) {
    this.#known = known;
    this.#query = query;
    this.#control = control;
    this.#candidate = candidate;
  }

  async compared({
    source,
    target,
  }: Pick<Subject, 'source' | 'target'>): Promise<
    Omit<Compared, 'query' | 'group' | 'tenant' | 'ms' | 'noise'>
  > {
    const { ids } = this.#known;
    const [control, candidate] = [this.#control, this.#candidate];
    const wanted = new Map(control.ids.map((id) => [ids.toTarget(id), id]));
    const returned = new Set(candidate.ids);
    const lost = [...wanted].filter(([id]) => !returned.has(id));
    this.asking = 'target';
    const there = new Set(
      lost.length === 0 ? [] : (await target.get(lost.map(([id]) => id))).map(({ id }) => id),
    );
    const missing = lost.filter(([id]) => !there.has(id)).map(([, id]) => ids.text(id));
    const resolved = await this.#resolve(wanted, target);
    const broken = await this.#broken(resolved, wanted, source);
    const kept = control.ids.length - lost.length + this.#ties(lost.map(([, id]) => id));
    return {
      state: missing.length > 0 ? 'apart' : 'compared',
      overlap: missing.length > 0 || control.ids.length === 0 ? undefined : kept / control.ids.length,
      empty: { source: control.ids.length === 0, target: candidate.ids.length === 0 },
      lost: lost.map(([, id]) => ids.text(id)),
      missing,
      broken,
      crossed: this.#crossed(wanted),
      scores: scoresOf(candidate),
      unresolved: resolved.filter((id) => id === undefined).length,
      hits: {
        source: control.ids.map(ids.text),
        target: resolved.map((id, at) =>
          id === undefined ? `? ${String(candidate.ids[at])}` : ids.text(id),
        ),
      },
    };
  }

  /** Ids of the source for the target's hits. */
  async #resolve(
    wanted: ReadonlyMap<PointId, PointId>,
    target: Subject['target'],
  ): Promise<(PointId | undefined)[]> {
    const { ids } = this.#known;
    const found = this.#candidate.ids.map((id) => wanted.get(id) ?? ids.toSource(id));
    if (ids.kept === null) return found;
    const open = this.#candidate.ids.filter((_, at) => found[at] === undefined);
    const points = new Map((await target.get(open)).map((point) => [point.id, point]));
    return this.#candidate.ids.map((id, at) => {
      const point = found[at] === undefined ? points.get(id) : undefined;
      return point === undefined ? found[at] : ids.fromKept(point);
    });
  }

  /** Points of the target's answer that the source does not have (any more), or does not let through the filter. */
  async #broken(
    resolved: readonly (PointId | undefined)[],
    wanted: ReadonlyMap<PointId, PointId>,
    source: Subject['source'],
  ): Promise<Broken[]> {
    const { filter, id: query } = this.#query;
    const own = new Set(wanted.values());
    const unsure = resolved.filter((id): id is PointId => id !== undefined && !own.has(id));
    if (unsure.length === 0) return [];
    this.asking = 'source';
    const points = new Map((await source.get(unsure)).map((point) => [point.id, point]));
    return unsure.flatMap((id): Broken[] => {
      const row = this.#known.ids.text(id);
      const point = points.get(id);
      if (point === undefined) return [{ kind: 'deleted', query, row, why: 'the source has no such point' }];
      if (filter === null || passes(filter, point)) return [];
      const { tenant } = this.#query;
      const leak = tenant !== null && !passes(tenant.filter, point);
      return [
        {
          kind: leak ? 'leak' : 'violation',
          query,
          row,
          why: leak
            ? `it belongs to another "${tenant.field}" than the query may see`
            : 'its metadata in the source does not pass the filter of the query',
        },
      ];
    });
  }

  /** Lost hits as near as the last one: which of them is returned is chance, if the target returned as many. */
  #ties(lost: readonly PointId[]): number {
    const [control, candidate] = [this.#control, this.#candidate];
    const last = control.scores.at(-1);
    if (last === undefined || candidate.ids.length < control.ids.length) return 0;
    const margin = SCORE_MARGIN * Math.max(1, Math.abs(last));
    return lost.filter((id) => {
      const score = control.scores[control.ids.indexOf(id)];
      return score !== undefined && Math.abs(score - last) <= margin;
    }).length;
  }

  /** Undefined: the application has no threshold, or no hit is in both answers. */
  #crossed(wanted: ReadonlyMap<PointId, PointId>): number | undefined {
    const { thresholds, forms } = this.#known;
    const usable = thresholds.filter(({ target, keeps }) => target !== null && keeps !== null);
    if (usable.length === 0 || forms.source === undefined) return undefined;
    const least = isSimilarity(forms.source);
    let [both, crossed] = [0, 0];
    this.#candidate.ids.forEach((id, at) => {
      const own = wanted.get(id);
      if (own === undefined) return;
      const [a, b] = [this.#control.scores[this.#control.ids.indexOf(own)]!, this.#candidate.scores[at]!];
      both++;
      const differs = usable.some(({ source, target, keeps }) => {
        const there = keeps === 'at least' ? b >= target! : b <= target!;
        return (least ? a >= source : a <= source) !== there;
      });
      if (differs) crossed++;
    });
    return both === 0 ? undefined : crossed / both;
  }
}

export function passes(filter: Filter, { metadata }: Point): boolean {
  const flat = flatten(metadata) as Readonly<Record<string, never>>;
  return matches(filter, (name) => (Object.hasOwn(flat, name) ? flat[name] : undefined));
}

function scoresOf({ scores }: Answer): Compared['scores'] {
  const [first, last] = [scores[0], scores.at(-1)];
  return first === undefined || last === undefined || !Number.isFinite(first) || !Number.isFinite(last)
    ? undefined
    : { first, last };
}

/** Share of the first list that the second one has, too; undefined for an empty one. */
export function overlapOf<T>(a: readonly T[], b: readonly T[]): number | undefined {
  const there = new Set(b);
  return a.length === 0 ? undefined : a.filter((each) => there.has(each)).length / a.length;
}
