import { FailureError, shorten } from '../../common/errors.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Description, Point, Points, Snapshot } from '../../engines/contract/points.js';
import type { Whole } from './details.js';

/** The collection of one tenant. */
export interface TenantPart {
  tenant: string;
  collection: Whole;
}

/** Ids of which is known whose they are: as many as a batch has, and no more. */
const MOST_KNOWN = 10_000;

/** Points of several collections, each with the tenant that its collection is of. */
export function tenantPoints(template: string, parts: readonly TenantPart[], where: string): Points {
  const byTenant = new Map(parts.map((part) => [part.tenant, part.collection.points]));
  let known = new Map<PointId, string>();
  const write = async (points: readonly Point[], how: 'upsert' | 'insertMissing', signal?: AbortSignal) => {
    if (known.size + points.length > MOST_KNOWN) known = new Map();
    for (const [tenant, own] of groups(points)) {
      const target = tenant === undefined ? undefined : byTenant.get(tenant);
      if (target === undefined) throw homeless(own[0]!, template, where);
      await target[how]!(own.map(withoutTenant), signal);
      for (const { id } of own) known.set(id, tenant!);
    }
  };
  const find = async (ids: readonly PointId[]): Promise<Point[]> => {
    // Several tenants may have a point with the same id.
    const found = new Map<PointId, Point[]>();
    for (const { tenant, collection } of parts) {
      const asked = ids.filter((id) => (known.get(id) ?? tenant) === tenant);
      if (asked.length === 0) continue;
      for (const point of await collection.points.get(asked)) {
        const all = found.get(point.id) ?? [];
        found.set(point.id, all);
        all.push({ ...point, tenant });
      }
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  };
  const refuse = () =>
    Promise.reject(new FailureError('collections of tenants are loaded and read alone', { where }));
  return {
    upsert: (points, signal) => write(points, 'upsert', signal),
    ...(parts.every(({ collection }) => collection.points.insertMissing !== undefined) && {
      insertMissing: (points: readonly Point[], signal?: AbortSignal) =>
        write(points, 'insertMissing', signal),
    }),
    update: refuse,
    delete: async (ids) => {
      for (const { collection } of parts) await collection.points.delete(ids);
    },
    get: find,
    describe: () => describe(template, parts),
    snapshot: (at) => snapshot(parts, where, at),
    ...(parts.every(({ collection }) => collection.points.matching !== undefined) && {
      matching: async (filter) => {
        let count = 0;
        for (const { collection } of parts) count += await collection.points.matching!(filter);
        return count;
      },
    }),
  };
}

function groups(points: readonly Point[]): Map<string | undefined, Point[]> {
  const all = new Map<string | undefined, Point[]>();
  for (const point of points) {
    const group = all.get(point.tenant);
    if (group === undefined) all.set(point.tenant, [point]);
    else group.push(point);
  }
  return all;
}

function withoutTenant({ tenant: _, ...point }: Point): Point {
  return point;
}

function homeless({ id, tenant }: Point, template: string, where: string): FailureError {
  return new FailureError(
    tenant === undefined
      ? `point ${shorten(id)} has no tenant, and so no collection`
      : `tenant ${shorten(tenant)} of point ${shorten(id)} has no collection "${template}"`,
    { where },
  );
}

/** As the first one is; counts are of all. */
async function describe(template: string, parts: readonly TenantPart[]): Promise<Description> {
  const all: Description[] = [];
  for (const { collection } of parts) all.push(await collection.points.describe());
  const [first] = all;
  const marks = new Set(all.map(({ mark }) => JSON.stringify(mark)));
  const { indexes: _, partitions: _p, ...rest } = first!;
  return {
    ...rest,
    spec: { ...first!.spec, name: template, tenant: true },
    count: all.reduce((sum, { count }) => sum + count, 0),
    fields: [...new Map(all.flatMap(({ fields }) => fields).map((field) => [field.name, field])).values()],
    // One that is somebody else's makes all of them somebody else's.
    ...(first!.mark !== undefined && { mark: marks.size === 1 ? first!.mark : null }),
    partitions: parts.map(({ tenant }, at) => ({ kind: 'tenant', name: tenant, points: all[at]!.count })),
  };
}

/** One after the other, each of its own moment: together they are of no one moment. */
async function snapshot(parts: readonly TenantPart[], where: string, at?: string): Promise<Snapshot> {
  if (at !== undefined)
    throw new FailureError('collections of tenants cannot be read as they were', { where, got: at });
  const open: { tenant: string; snapshot: Snapshot }[] = [];
  try {
    for (const { tenant, collection } of parts)
      open.push({ tenant, snapshot: await collection.points.snapshot() });
  } catch (error) {
    for (const each of open) await each.snapshot.close();
    throw error;
  }
  return {
    consistency: parts.length === 1 ? open[0]!.snapshot.consistency : 'best-effort',
    watermark: null,
    async *scan({ after, range, ...options }) {
      if (range !== undefined) throw new FailureError('collections of tenants have no ranges', { where });
      const [from, cursor] = after === undefined ? [] : placeOf(after, where);
      let begun = from === undefined;
      for (const each of open) {
        const isFirst = each.tenant === from;
        begun ||= isFirst;
        if (!begun) continue;
        const within = isFirst && cursor !== undefined ? { ...options, after: cursor } : options;
        for await (const page of each.snapshot.scan(within))
          yield {
            points: page.points.map((point) => ({ ...point, tenant: each.tenant })),
            cursor: JSON.stringify([each.tenant, page.cursor]),
          };
      }
      if (!begun) throw new FailureError(`the collection of tenant ${shorten(from!)} is gone`, { where });
    },
    close: async () => {
      for (const each of open) await each.snapshot.close();
    },
  };
}

function placeOf(cursor: string, where: string): [tenant: string, cursor: string] {
  const [tenant, inner] = JSON.parse(cursor) as [unknown, unknown];
  if (typeof tenant === 'string' && typeof inner === 'string') return [tenant, inner];
  throw new FailureError('this is no cursor of such a scan', { where, got: cursor });
}
