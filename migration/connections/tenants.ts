import { FailureError } from '../../common/errors.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { Readiness } from '../../engines/contract/collection.js';
import type { ConnectedEngine, EngineDefinition } from '../../engines/contract/engine.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Points } from '../../engines/contract/points.js';
import type { Hits, NativeFilter, PreparedSearch } from '../../engines/contract/search.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import type { Whole } from './details.js';
import { isTemplate, tenantCollection, tenantOf } from './tenant-names.js';
import { type TenantPart, tenantPoints } from './tenant-points.js';

/**
 * An engine in which a name with `{tenant}` is one collection made of one for each tenant: made, loaded, read and searched as a
 * whole.
 * @param tenants whose collections are made and loaded; absent: those that are there
 */
export function withTenants(
  connected: ConnectedEngine,
  definition: Pick<EngineDefinition, 'name' | 'capabilities'>,
  tenants?: readonly string[],
): ConnectedEngine {
  const openAll = async (template: string, as: Parameters<NonNullable<ConnectedEngine['open']>>[1]) => {
    const parts: TenantPart[] = [];
    for (const [tenant, name] of await there(connected, template, tenants))
      parts.push({ tenant, collection: (await connected.open!(name, as)) as Whole });
    if (parts.length === 0)
      throw new FailureError(`there is no collection "${template}" of any tenant`, {
        where: definition.name,
      });
    return joined(template, parts, definition);
  };
  return {
    version: () => connected.version(),
    create: async (spec) => {
      if (!isTemplate(spec.name)) return connected.create(spec);
      const found = await own(connected, spec, tenants ?? []);
      const parts: TenantPart[] = [];
      for (const [tenant, collection] of found)
        parts.push({ tenant, collection: collection ?? (await madeFor(connected, spec, tenant)) });
      return joined(spec.name, parts, definition);
    },
    open: (name, as) => (isTemplate(name) ? openAll(name, as) : connected.open!(name, as)),
    list: async () => (await connected.list?.()) ?? [],
    close: () => connected.close(),
  };
}

/** Whether a collection is there: of a template, those of all tenants that are wanted, or of any. */
export async function isThere(
  connected: ConnectedEngine,
  name: string,
  tenants?: readonly string[],
): Promise<boolean> {
  if (!isTemplate(name)) return (await connected.list!()).includes(name);
  const found = await there(connected, name, tenants);
  return found.length > 0 && found.length === (tenants ?? found).length;
}

async function there(
  connected: ConnectedEngine,
  template: string,
  tenants: readonly string[] | undefined,
): Promise<[tenant: string, name: string][]> {
  const names = (await connected.list!()).sort();
  if (tenants !== undefined) {
    const all = new Set(names);
    return tenants
      .map((tenant): [string, string] => [tenant, tenantCollection(template, tenant)])
      .filter(([, name]) => all.has(name));
  }
  return names.flatMap((name): [string, string][] => {
    const tenant = tenantOf(template, name);
    return tenant === undefined ? [] : [[tenant, name]];
  });
}

/**
 * Those of an earlier attempt, which their mark shows, by tenant; undefined: still to be made.
 * @throws FailureError, before anything is made, for one that somebody else has made
 */
async function own(
  connected: ConnectedEngine,
  spec: CollectionSpec,
  tenants: readonly string[],
): Promise<Map<string, Whole | undefined>> {
  const names = new Set(await connected.list!());
  const found = new Map<string, Whole | undefined>();
  for (const tenant of tenants) {
    const name = tenantCollection(spec.name, tenant);
    const collection = names.has(name) ? ((await connected.open!(name)) as Whole) : undefined;
    const by = collection === undefined ? spec.madeBy : (await collection.points.describe()).mark?.by;
    if (by !== spec.madeBy || (collection !== undefined && by === undefined))
      throw new FailureError(`collection "${name}" is there already`, {
        where: tenant,
        next: 'choose another name, or remove it',
      });
    found.set(tenant, collection);
  }
  return found;
}

async function madeFor(
  connected: ConnectedEngine,
  { name: template, ...spec }: CollectionSpec,
  tenant: string,
): Promise<Whole> {
  const name = tenantCollection(template, tenant);
  return (await connected.create({ ...spec, name, tenant: false })) as Whole;
}

function joined(
  template: string,
  parts: readonly TenantPart[],
  { name, capabilities }: Pick<EngineDefinition, 'name' | 'capabilities'>,
): Whole {
  const all = parts.map(({ collection }) => collection);
  const points: Points = tenantPoints(template, parts, name);
  const search = async (
    prepared: (collection: Whole) => Promise<PreparedSearch>,
    k: number,
    vector?: string,
  ) => {
    const open: PreparedSearch[] = [];
    for (const each of all) open.push(await prepared(each));
    const { vectors } = (await points.describe()).spec;
    const { metric } = vectors.find((each) => each.name === vector) ?? vectors[0]!;
    return merged(open, k, isSimilarity(capabilities, metric));
  };
  return {
    name: template,
    load: () => Promise.reject(new FailureError('is loaded by points alone', { where: name })),
    ready: async (signal) => {
      const found: Readiness[] = [];
      for (const each of all) found.push(await each.ready(signal));
      return together(found);
    },
    prepare: (settings, k, vector) => search((each) => each.prepare(settings, k, vector), k, vector),
    ...(all.every(({ prepareExact }) => prepareExact !== undefined) && {
      prepareExact: (k: number, vector?: string) =>
        search((each) => each.prepareExact!(k, vector), k, vector),
    }),
    count: async () => {
      let count = 0;
      for (const each of all) count += await each.count();
      return count;
    },
    indexBytes: async () => {
      const sizes = await Promise.all(all.map((each) => each.indexBytes()));
      return sizes.includes(undefined) ? undefined : sizes.reduce((sum, size) => sum! + size!, 0);
    },
    drop: async () => {
      for (const each of all) await each.drop();
    },
    points,
  };
}

function together(found: readonly Readiness[]): Readiness {
  const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);
  const indexed = found.map((each) => each.indexed);
  return {
    count: sum(found.map(({ count }) => count)),
    indexed: indexed.includes(null) ? null : sum(indexed as number[]),
    details: { ...found[0]?.details, collections: found.length },
  };
}

function isSimilarity({ scores }: Capabilities, metric: string | null): boolean {
  const form = metric === null ? undefined : scores[metric as keyof typeof scores];
  return form === 'cos' || form === 'dot';
}

/** The nearest of all parts. Keys are ids as they are. */
function merged(parts: readonly PreparedSearch[], k: number, similarity: boolean): PreparedSearch {
  return {
    query: async (vector, filter, signal) => {
      const filters = filter as unknown as readonly NativeFilter[] | undefined;
      const hits: { id: PointId; score: number }[] = [];
      for (const [at, part] of parts.entries()) {
        const found = await part.query(vector, filters?.[at], signal);
        hits.push(...idsOf(part, found).map((id, rank) => ({ id, score: found.scores[rank]! })));
      }
      hits.sort((a, b) => (similarity ? b.score - a.score : a.score - b.score));
      const nearest = hits.slice(0, k);
      return { keys: nearest.map(({ id }) => id), scores: nearest.map(({ score }) => score) };
    },
    ...(parts.every(({ translate }) => translate !== undefined) && {
      translate: async (filter) =>
        (await Promise.all(parts.map((part) => part.translate!(filter)))) as unknown as NativeFilter,
    }),
    close: async () => {
      for (const part of parts) await part.close();
    },
  };
}

function idsOf({ idOf }: PreparedSearch, { keys }: Hits): PointId[] {
  return Array.from(keys, (key) => idOf?.(key) ?? (typeof key === 'number' ? BigInt(key) : key));
}
