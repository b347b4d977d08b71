import { rm } from 'node:fs/promises';
import { packageInfo } from '../../common/paths.js';
import { temporaryFolder } from '../../common/temporary.js';
import type { Filter } from '../../filters/filter.js';
import { EXPORT } from '../connections/address.js';
import type { Surroundings } from '../connections/reach.js';
import { type ById, ByIdReader } from '../probe/by-id.js';
import { askCount, FilterCounts, filtersOf, fingerprint } from '../probe/fingerprint.js';
import { type MetricFinding, measureMetric } from '../probe/metric.js';
import { openPlace, type Place } from '../probe/place.js';
import { chooseProbes } from '../probe/probes.js';
import { type Profile, Profiler } from '../probe/profile.js';
import { describedFields, fieldsOf, probedFields } from './fields.js';
import { INVENTORY_VERSION, type Inventory, inventorySchema } from './model.js';
import { type ApplicationQueries, fieldsUsed, readApplicationQueries } from './queries.js';
import { factsOf, idsOf, partsOf, tenantsOf, vectorsOf } from './sections.js';
import { warningsOf } from './warnings.js';

export interface InventoryOptions extends Surroundings {
  /** Ids that are asked for again one by one: all if absent. */
  byId?: number | undefined;
  /** File with the application's queries. */
  queries?: string | undefined;
  /** Field that says whose a point is, where the points have no tenant of their own. */
  tenantField?: string | undefined;
  seed?: number | undefined;
  onProgress?(pass: 'scan' | 'check', done: number, total: number): void;
}

/** Searches whose scores are compared. */
const KNOWN = 8;

/**
 * Reads a place twice and asks its engine: what it holds, and how it answers. Nothing is changed in it. Memory is
 * bounded by a batch, by the number of fields, and by a bucket of about 200,000 ids.
 * @throws InputError, FailureError if the place cannot be opened or read to its end
 */
export async function takeInventory(text: string, options: InventoryOptions): Promise<Inventory> {
  const folder = await temporaryFolder('inventory');
  let place: Place | undefined;
  try {
    place = await openPlace(text, options);
    return await inventoryOf(place, folder, options);
  } finally {
    await place?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function inventoryOf(place: Place, folder: string, options: InventoryOptions): Promise<Inventory> {
  const takenAt = new Date().toISOString();
  const profile = await profileOf(place, folder, options);
  const probes = chooseProbes(probedFields(place, profile));
  const asked =
    options.queries === undefined
      ? undefined
      : readApplicationQueries(options.queries, describedFields(place, profile));
  const used = (asked?.filters ?? []).flatMap(({ parsed }) => (parsed.state === 'ok' ? [parsed.filter] : []));
  const chosen = filtersOf(probes);
  const { counts, byId } = await secondPass(place, [...chosen, ...used], options);
  const measured: MetricFinding[] = [];
  for (const field of place.shape.vectors) measured.push(await metricOf(place, profile, field.name));
  const { live, manifest } = place;
  const body: Omit<Inventory, 'warnings'> = {
    format: 'vecproof-inventory',
    version: INVENTORY_VERSION,
    tool: `${packageInfo().name} ${packageInfo().version}`,
    takenAt,
    place: place.place,
    engine: live?.definition.name ?? EXPORT,
    engineVersion: live?.engineVersion ?? null,
    collection: live?.collection.name ?? manifest?.source.collection ?? '',
    collections: await place.collections(),
    consistency: place.consistency,
    watermark: place.watermark,
    counts: {
      counter: place.counter,
      scanned: profile.points,
      distinct: profile.ids.distinct,
      repeated: profile.ids.repeated,
      byId,
    },
    ids: idsOf(place, profile),
    tenants: tenantsOf(profile),
    parts: partsOf(profile),
    vectors: vectorsOf(place, profile, measured),
    fields: fieldsOf(place, profile),
    moreFields: profile.moreFields,
    index: live?.description.index ?? manifest?.source.index ?? {},
    facts: factsOf(place),
    fingerprint: await fingerprint(live, probes, counts.slice(0, chosen.length)),
    queries: asked === undefined ? null : await queriesOf(place, asked, counts.slice(chosen.length)),
  };
  // What is written is what the schema says.
  return inventorySchema.parse({ ...body, warnings: warningsOf(body) });
}

async function profileOf(place: Place, folder: string, options: InventoryOptions): Promise<Profile> {
  const { shape, counter } = place;
  const { signal, seed = 1, tenantField, onProgress } = options;
  const profiler = new Profiler({ shape, folder, expected: counter, sample: KNOWN, seed, tenantField });
  for await (const points of place.scan()) {
    signal.throwIfAborted();
    for (const point of points) profiler.add(point);
    onProgress?.('scan', profiler.points, Math.max(counter, profiler.points));
  }
  return profiler.finish();
}

/** What needs the first pass: filters chosen by it are counted, and each point is asked for by its id. */
async function secondPass(
  place: Place,
  filters: readonly Filter[],
  { signal, byId = Number.POSITIVE_INFINITY, onProgress }: InventoryOptions,
): Promise<{ counts: number[]; byId: ById | null }> {
  const counts = new FilterCounts(filters);
  const reader = place.live === undefined ? undefined : new ByIdReader(place);
  let done = 0;
  for await (const points of place.scan()) {
    signal.throwIfAborted();
    for (const point of points) counts.add(point);
    if (reader !== undefined) await reader.read(points.slice(0, Math.max(0, byId - reader.result.asked)));
    done += points.length;
    onProgress?.('check', done, Math.max(place.counter, done));
  }
  return { counts: counts.counts, byId: byId === 0 ? null : (reader?.result ?? null) };
}

function metricOf(place: Place, { sample }: Profile, name: string): Promise<MetricFinding> | MetricFinding {
  if (place.live === undefined) return { state: 'not-asked', reason: 'files answer no searches' };
  const field = place.shape.vectors.find((each) => each.name === name)!;
  const known = sample.flatMap(({ vectors }) => (Object.hasOwn(vectors, name) ? [vectors[name]!] : []));
  return measureMetric(place.live, field, known);
}

async function queriesOf(
  { live }: Place,
  asked: ApplicationQueries,
  counts: readonly number[],
): Promise<Inventory['queries']> {
  const filters: NonNullable<Inventory['queries']>['filters'] = [];
  let at = 0;
  for (const { written, queries, parsed } of asked.filters) {
    if (parsed.state === 'invalid') {
      filters.push({ filter: written, queries, passes: null, found: null, problem: parsed.problem });
      continue;
    }
    const answer = live && (await askCount(live, parsed.filter));
    const found = answer?.state === 'asked' ? answer.count : null;
    const problem = answer?.state === 'not-asked' ? answer.reason : null;
    filters.push({ filter: written, queries, passes: counts[at++]!, found, problem });
  }
  const { file, queries, filtered, k } = asked;
  const thresholds = [...asked.thresholds].sort((a, b) => a - b);
  return {
    file,
    queries,
    filtered,
    fields: fieldsUsed(asked.filters),
    filters,
    k: k.length === 0 ? null : { min: Math.min(...k), max: Math.max(...k) },
    thresholds:
      thresholds.length === 0
        ? null
        : {
            queries: thresholds.length,
            min: thresholds[0]!,
            median: thresholds[thresholds.length >> 1]!,
            max: thresholds.at(-1)!,
          },
  };
}
