import type { MetricFinding } from '../probe/metric.js';
import type { Place } from '../probe/place.js';
import { PROFILED_PARTS, type Profile } from '../probe/profile.js';
import type { TextProfile } from '../probe/text-profile.js';
import type { Inventory } from './model.js';

const MOST_TENANTS = 50;

export function idsOf({ shape }: Place, { ids }: Profile): Inventory['ids'] {
  const { types, empty, beyondDoubles, longestBytes, texts, sum } = ids;
  return {
    kind: shape.ids === 'integer' ? 'u64' : shape.ids,
    ...types,
    empty: empty.count,
    beyondDoubles,
    longestBytes,
    texts: textsOf(texts),
    sum,
  };
}

export function tenantsOf({ tenants }: Profile): Inventory['tenants'] {
  const largest = [...tenants.counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_TENANTS)
    .map(([tenant, points]) => ({ tenant, points }));
  const { points, without, distinct, shared } = tenants;
  return { points, without, distinct, largest, shared };
}

export function partsOf({ parts }: Profile): Inventory['parts'] {
  return Object.fromEntries(PROFILED_PARTS.map((part) => [part, textsOf(parts[part])])) as Inventory['parts'];
}

export function textsOf({ longest, times, damaged, ...rest }: TextProfile): Inventory['parts']['text'] {
  const { texts, numeric, composed, decomposed } = rest;
  return {
    texts,
    longestBytes: longest.id === null ? null : longest.bytes,
    longestId: longest.id,
    times: { ...times },
    numeric,
    damaged: { ...damaged },
    composed,
    decomposed,
  };
}

export function vectorsOf(
  { shape }: Place,
  profile: Profile,
  measured: readonly MetricFinding[],
): Inventory['vectors'] {
  return shape.vectors.map(({ name, kind, type, dimensions, metric }, at) => ({
    ...profile.vectors[at]!,
    name,
    kind,
    type,
    dimensions,
    declared: metric,
    measured: measured[at]!,
  }));
}

/** What the engine tells of the collection besides what has a place of its own in an inventory. */
export function factsOf({ live, manifest }: Place): Inventory['facts'] {
  if (live === undefined) return manifest === undefined ? {} : { source: manifest.source };
  const {
    spec: _spec,
    ids: _ids,
    index: _index,
    fields: _fields,
    count: _count,
    ...facts
  } = live.description;
  return facts;
}
