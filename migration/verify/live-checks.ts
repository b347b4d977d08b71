import { messageOf } from '../../common/errors.js';
import type { Point } from '../../engines/contract/points.js';
import type { PreparedSearch } from '../../engines/contract/search.js';
import type { VectorField, VectorValue } from '../../engines/contract/vectors.js';
import { isMulti, vectorIn } from '../../engines/kit/vectors.js';
import type { Mapping } from '../mapping/mapping.js';
import { bytesOf } from '../probe/by-id.js';
import { idOfKey, type MetricFinding, measureMetric, openSearch, queryOf } from '../probe/metric.js';
import type { Live, Place } from '../probe/place.js';
import { floatsOf } from '../probe/vector-profile.js';
import type { VerifyReport } from './findings.js';

const HITS = 10;
const KNOWN = 8;
/** Of the sample: an approximate index misses a few points by design; one that misses more has lost them, or is badly set. */
const MISSED = 0.05;

/** Each point of a sample is searched for by the vector that it has in the source. */
export async function checkRetrieval(
  { live, shape }: Place,
  sample: readonly Point[],
  report: VerifyReport,
): Promise<void> {
  if (live === undefined) return report.notAsked('retrieval', 'files answer no searches');
  const field = shape.vectors.find(({ kind }) => kind === 'dense');
  if (field === undefined) return report.notAsked('retrieval', 'no vector is dense');
  const asked = sample.flatMap((point) => {
    const value = vectorIn(point.vectors, field.name);
    const query = value && queryOf(field, value, 1);
    return query === undefined ? [] : [{ point, query }];
  });
  if (asked.length === 0)
    return report.notAsked('retrieval', 'no sampled point has a vector that can be searched');
  const missed: { id: string; query: VectorValue; point: Point }[] = [];
  const lost: string[] = [];
  const elsewhere: { id: string; under: string }[] = [];
  let missing = 0;
  try {
    const search = await openSearch(live, field.name, HITS);
    try {
      for (const { point, query } of asked) {
        const { keys } = await search.query(query);
        const ids = Array.from(keys, (key) => idOfKey(search, key));
        if (ids.includes(point.id)) continue;
        const [own] = await live.collection.points.get([point.id]);
        // One that is missing has been told.
        if (own === undefined) {
          missing++;
          continue;
        }
        if (isAlike(field, query, vectorIn(own.vectors, field.name))) {
          if (!(await manyAlike(live, field, query, ids)))
            missed.push({ id: String(point.id), query, point });
          continue;
        }
        const under = await holderOf(live, field, query, ids);
        if (under === undefined) lost.push(String(point.id));
        else elsewhere.push({ id: String(point.id), under });
      }
    } finally {
      await search.close();
    }
    const approximate = await missedByIndex(live, field, missed);
    const tolerated = approximate.length <= MISSED * asked.length;
    for (const { id } of missed) if (!tolerated || !approximate.includes(id)) lost.push(id);
    const found = asked.length - missing - lost.length - elsewhere.length;
    const among =
      tolerated && approximate.length > 0
        ? `, ${approximate.length} of them by an exhaustive search alone`
        : '';
    report.asked(
      'retrieval',
      `${found} of ${asked.length} sampled points found among their ${HITS} nearest${among}`,
    );
  } catch (error) {
    return report.notAsked('retrieval', messageOf(error));
  }
  if (lost.length > 0)
    report.add(
      'retrieval',
      'not-retrieved',
      field.name,
      `${lost.length} of ${asked.length} sampled points are not among the ${HITS} nearest of their own vector`,
      lost,
    );
  if (elsewhere.length > 0)
    report.add(
      'retrieval',
      'vectors-swapped',
      field.name,
      elsewhere
        .slice(0, 3)
        .map(({ id, under }) => `${id}'s vector is stored under ${under}`)
        .join(', '),
      elsewhere.map(({ id }) => id),
    );
}

/** Ids of those that the engine finds by comparing all points: its index has missed them. Empty where it cannot compare all. */
async function missedByIndex(
  { collection, description }: Live,
  field: VectorField,
  missed: readonly { id: string; query: VectorValue; point: Point }[],
): Promise<string[]> {
  if (missed.length === 0 || collection.prepareExact === undefined) return [];
  const name = description.spec.vectors.length > 1 ? field.name : undefined;
  const exact = (await collection.prepareExact(HITS, name)) as unknown as PreparedSearch<VectorValue>;
  try {
    const found: string[] = [];
    for (const { id, query, point } of missed) {
      const { keys } = await exact.query(query);
      if (Array.from(keys, (key) => idOfKey(exact, key)).includes(point.id)) found.push(id);
    }
    return found;
  } finally {
    await exact.close();
  }
}

/** All hits have that vector: the point itself may be behind them. */
async function manyAlike(
  { collection }: Live,
  field: VectorField,
  query: VectorValue,
  ids: readonly Point['id'][],
): Promise<boolean> {
  const found = await collection.points.get(ids);
  return (
    found.length > 0 && found.every(({ vectors }) => isAlike(field, query, vectorIn(vectors, field.name)))
  );
}

/** Which of the hits has that vector. */
async function holderOf(
  { collection }: Live,
  field: VectorField,
  query: VectorValue,
  ids: readonly Point['id'][],
): Promise<string | undefined> {
  const found = await collection.points.get(ids);
  const holder = found.find(({ vectors }) => isAlike(field, query, vectorIn(vectors, field.name)));
  return holder && String(holder.id);
}

/** The same direction within float32, or the same bits. */
function isAlike(field: VectorField, query: VectorValue, value: VectorValue | undefined): boolean {
  if (value === undefined || isMulti(value)) return false;
  if (field.type === 'bit' || field.type === 'int8') return bytesOf(query).equals(bytesOf(value));
  const [a, b] = [query as Float32Array, floatsOf(field, value)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return aa > 0 && bb > 0 && ab / Math.sqrt(aa * bb) > 1 - 1e-6;
}

/** The metric of both sides, by the scores that they give. */
export async function compareMetrics(
  { source, target, mapping }: { source: Place; target: Place; mapping: Mapping | undefined },
  samples: { source: readonly Point[]; target: readonly Point[] },
  report: VerifyReport,
): Promise<void> {
  const reasons: string[] = [];
  let compared = 0;
  for (const field of target.shape.vectors) {
    const mapped = mapping?.vectors.find(({ to }) => to === field.name);
    const before = source.shape.vectors.find(({ name }) => name === (mapped?.from ?? field.name));
    const there = await measured(target, field, samples.target);
    if (!isKnown(there)) {
      reasons.push(`vector ${field.name}: ${there.reason}`);
      continue;
    }
    const here = before && (await measuredInSource(source, before, samples.source));
    const wanted = mapped?.metric ?? here?.metric ?? before?.metric;
    if (wanted === undefined || wanted === null) {
      reasons.push(`vector ${field.name}: the source does not say`);
      continue;
    }
    compared++;
    const told = (finding: { form?: string | undefined } | undefined) =>
      finding?.form === undefined ? '' : ` (scores ${finding.form})`;
    // Another metric than the source's was chosen in the mapping, and accepted there.
    const chosen = mapped !== undefined && mapped.metric !== before?.metric;
    if (wanted !== there.metric)
      report.add(
        'metric',
        'metric-mismatch',
        field.name,
        `${wanted}${told(here)} is wanted, and the target answers by ${there.metric}${told(there)}`,
      );
    else if (field.metric !== null && field.metric !== there.metric)
      report.add(
        'metric',
        'metric-mismatch',
        field.name,
        `the target declares ${field.metric} and answers by ${there.metric}${told(there)}`,
      );
    else if (here !== undefined && here.metric !== there.metric && !chosen)
      report.add(
        'metric',
        'metric-mismatch',
        field.name,
        `the source declares ${before?.metric ?? 'nothing'} and answers by ${here.metric}${told(here)}, the target by ${there.metric}${told(there)}`,
      );
  }
  if (compared > 0) report.asked('metric', `${compared} vectors, by their scores for known vectors`);
  else report.notAsked('metric', reasons[0] ?? 'there are no vectors');
}

function isKnown(finding: MetricFinding): finding is Extract<MetricFinding, { metric: unknown }> {
  return finding.state === 'measured' || finding.state === 'approximate';
}

/** By what the source answers now, or did when it was exported; undefined: not known. */
async function measuredInSource(
  source: Place,
  field: VectorField,
  sample: readonly Point[],
): Promise<{ metric: string; form?: string | undefined } | undefined> {
  if (source.live === undefined) {
    const metric = source.manifest?.vectors.find(({ name }) => name === field.name)?.measuredMetric;
    return metric == null ? undefined : { metric };
  }
  const finding = await measured(source, field, sample);
  return isKnown(finding) ? finding : undefined;
}

async function measured(
  { live }: Place,
  field: VectorField,
  sample: readonly Point[],
): Promise<MetricFinding> {
  if (live === undefined) return { state: 'not-asked', reason: 'files answer no searches' };
  const known = sample.flatMap(({ vectors }) => vectorIn(vectors, field.name) ?? []).slice(0, KNOWN);
  return measureMetric(live, field, known);
}

/** The index of the target beside what the mapping asks for, or what the source has. */
export function compareIndexes(
  { source, target, mapping }: { source: Place; target: Place; mapping: Mapping | undefined },
  report: VerifyReport,
): void {
  if (target.live === undefined) {
    report.notAsked('index', 'files have no index');
    return;
  }
  const wanted = mapping?.target.index ?? source.live?.description.index;
  if (wanted === undefined) {
    report.notAsked('index', 'neither a mapping nor the source says what is wanted');
    return;
  }
  const { index } = target.live.description;
  const [asked, there] = [String(wanted['type'] ?? 'flat'), String(index['type'] ?? 'flat')];
  report.asked('index', `${there} in the target, ${asked} wanted`);
  if (!isFlat(asked) && isFlat(there)) {
    report.add(
      'index',
      'index-missing',
      '',
      `${asked} is wanted, and the target has none: it compares every point`,
    );
    return;
  }
  if (mapping === undefined) return;
  for (const [name, value] of Object.entries(wanted)) {
    const found = index[name];
    if (name === 'type' || found === undefined || found === value) continue;
    report.add('index', 'index-differs', name, `${name} is ${found}, wanted is ${value}`);
  }
}

function isFlat(type: string): boolean {
  return /^flat$/i.test(type);
}
