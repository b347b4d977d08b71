import type { FieldType } from '../../datasets/dataset.js';
import { conditionsOf } from '../../filters/filter.js';
import type { OpenSource } from '../connections/open-source.js';
import type { Manifest, Measured } from '../export/manifest.js';
import { firstPoints, readRecords } from '../export/records.js';
import { FieldProfiles, typesTogether } from './field-profile.js';
import { FilterCounts, filtersOf, fingerprint, type ProbeResult } from './fingerprint.js';
import { type MetricFinding, measureMetric } from './metric.js';
import type { Live } from './place.js';
import { chooseProbes, type Probe, type ProbedField, portableType } from './probes.js';

/** Points that probes are chosen by. */
const LOOKED_AT = 2000;
/** Searches whose scores are compared. */
const KNOWN = 8;

/**
 * Asks a source that was exported for the metric of its scores and for its filters; what is expected is counted in the
 * parts. Nothing is asked that the source does not answer (files).
 * @param written all points are in its parts
 */
export async function measureSource(
  source: OpenSource,
  folder: string,
  written: Manifest,
  signal: AbortSignal,
): Promise<Measured> {
  const { definition, engineVersion, collection } = source;
  const live: Live = {
    definition,
    engineVersion,
    collection,
    description: await collection.points.describe(),
  };
  const first = await firstPoints(folder, written, LOOKED_AT);
  const metrics: Record<string, Measured['metrics'][string]> = {};
  for (const { name, kind, type, dimensions, metric } of written.vectors) {
    const known = first.flatMap(({ vectors }) => (Object.hasOwn(vectors, name) ? [vectors[name]!] : []));
    const field = { name, kind, type, dimensions, metric };
    metrics[name] = metricOf(await measureMetric(live, field, known.slice(0, KNOWN)));
  }
  const probes = chooseProbes(fieldsOf(first, written));
  const results = await fingerprint(live, probes, await expectedCounts(folder, written, probes, signal));
  const differs = results.some(({ state }) => state === 'different');
  // Opening a snapshot may copy the table: not without need.
  const believed = !differs || (await isUnchanged(live, written));
  return {
    metrics,
    filters: {
      probes: Object.fromEntries(results.map((each) => [each.probe, stateOf(each, believed)])),
    } as Manifest['filters'],
  };
}

/** L1 is no metric of an export: nobody declares it. */
function metricOf(finding: MetricFinding): Measured['metrics'][string] {
  const found = finding.state === 'measured' || finding.state === 'approximate';
  return found && finding.metric !== 'l1' ? finding.metric : null;
}

function fieldsOf(points: Awaited<ReturnType<typeof firstPoints>>, written: Manifest): ProbedField[] {
  const timestamps = written.fields.filter(({ type }) => type === 'timestamp').map(({ name }) => name);
  const profiles = new FieldProfiles(new Set([...timestamps, ...written.nestedTimestamps]));
  for (const { id, metadata } of points) profiles.add(String(id), metadata);
  const declared = new Map(written.fields.map((field) => [field.name, field as { type: FieldType | null }]));
  return profiles.all().flatMap((profile): ProbedField[] => {
    const together = typesTogether(profile);
    const type = together.length > 1 ? undefined : portableType(declared.get(profile.name), together);
    return type === undefined ? [] : [{ profile, type }];
  });
}

async function expectedCounts(
  folder: string,
  written: Manifest,
  probes: readonly Probe[],
  signal: AbortSignal,
): Promise<readonly number[]> {
  const filters = filtersOf(probes);
  if (filters.length === 0) return [];
  const counts = new FilterCounts(filters);
  const names = filters.flatMap(conditionsOf).map(({ field }) => field.name);
  const tops = new Set(names.flatMap((name) => [name, name.split('.', 1)[0]!]));
  for await (const points of readRecords(folder, written, tops)) {
    signal.throwIfAborted();
    for (const point of points) counts.add(point);
  }
  return counts.counts;
}

/** Another count than in the parts is a difference of meaning only if nothing was written since. */
async function isUnchanged({ collection }: Live, { counts, watermark }: Manifest): Promise<boolean> {
  const snapshot = await collection.points.snapshot();
  await snapshot.close();
  const { count } = await collection.points.describe();
  return count === counts.exported && (watermark === null || snapshot.watermark === watermark);
}

function stateOf({ state }: ProbeResult, believed: boolean): ProbeResult['state'] {
  return state === 'different' && !believed ? 'not-asked' : state;
}
