import type { ParameterSet } from '../../common/parameters.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { IdKind } from '../../engines/contract/ids.js';
import type { DenseType, VectorMetric } from '../../engines/contract/vectors.js';
import { isTemplate } from '../connections/tenant-names.js';
import type { Manifest } from '../export/manifest.js';
import { isMetric } from '../export/metric.js';
import { proposeDetails } from './details.js';
import { type BareField, mapField } from './fields.js';
import { lossesOf } from './losses.js';
import type { Mapping } from './mapping.js';
import type { Observed } from './observe.js';
import { type FieldWishes, hybridOf, tenancyOf, withRoles } from './roles.js';
import { type ScoreSide, scoresOf } from './scores.js';

/** The mapping that loses least, with every loss computed; nothing of it is accepted yet. */
export function proposeMapping(
  manifest: Manifest,
  observed: Observed,
  { name, capabilities }: EngineDefinition,
  target: Target,
  wishes: FieldWishes = NO_WISHES,
): Mapping {
  const mapped: BareField[] = [];
  const taken = new Set(observed.fields.map((field) => field.name));
  for (const field of observed.fields) {
    const each = mapField(field, capabilities, taken);
    if (each.to !== null) taken.add(each.to);
    mapped.push(each);
  }
  const fields = mapped.map((field) => withRoles(field, wishes));
  const vectors = mapVectors(manifest.vectors, capabilities, target.source);
  const kinds = new Map(manifest.vectors.map((field) => [field.name, field.kind]));
  const parts = capabilities.points!;
  const mapping: Mapping = {
    version: 1,
    source: {
      engine: manifest.source.engine,
      collection: manifest.source.collection,
      points: manifest.counts.exported,
      sum: manifest.sum,
    },
    target: {
      engine: name,
      place: target.place,
      ids: idKind(manifest, observed, capabilities),
      index: { ...target.index },
      search: { ...target.search },
      reason: [...target.reason],
    },
    ids: { how: 'identity', keep: null, file: null, sha256: null, native: null },
    vectors,
    fields,
    details: proposeDetails(manifest, capabilities, taken),
    text: manifest.text > 0 && parts.text !== 'refused',
    uri: manifest.uri > 0 && parts.uri !== 'refused',
    tenant: manifest.tenant > 0 && (parts.tenant !== 'refused' || isTemplate(target.collection)),
    tenancy: tenancyOf(manifest, capabilities, fields, wishes.tenants, target.collection),
    hybrid: hybridOf(vectors, kinds, fields),
    filters: [],
    thresholds: [],
    losses: [],
  };
  const kind = mapping.target.ids;
  if (kind === 'string' && manifest.ids.integer + manifest.ids.uuid > 0) mapping.ids.how = 'text';
  return { ...mapping, losses: lossesOf(mapping, manifest, observed, capabilities) };
}

interface Target {
  place: string;
  /** Name of the collection. */
  collection?: string | undefined;
  index: ParameterSet;
  search: ParameterSet;
  reason: readonly string[];
  /** Capabilities of the source's engine, where it is one that is known: its scores' form. */
  source: Capabilities | undefined;
}

const NO_WISHES: FieldWishes = {
  required: [],
  filterable: new Set(),
  tenants: new Set(),
  keyword: [],
  displayed: [],
  context: [],
};

/** Ids as they are where the target's kind and range hold all of them, else as text. */
function idKind({ ids }: Manifest, { negativeIds, largeIds }: Observed, target: Capabilities): IdKind {
  const has = (kind: IdKind) => target.idKinds.includes(kind);
  const inRange =
    (target.integerIds !== 'unsigned' || negativeIds.points === 0) &&
    (target.integerIds !== 'signed' || largeIds.points === 0);
  if (ids.string === 0 && ids.uuid === 0 && has('u64') && inRange) return 'u64';
  if (ids.integer === 0 && ids.string === 0 && ids.uuid > 0 && has('uuid')) return 'uuid';
  return 'string';
}

function mapVectors(
  vectors: Manifest['vectors'],
  target: Capabilities,
  source: Capabilities | undefined,
): Mapping['vectors'] {
  const { several, sparse, multi, dense } = target.points!.vectors;
  let kept = 0;
  return vectors.map((field) => {
    const { name, kind } = field;
    // What it answers by, where it does not say.
    const metric = field.metric ?? field.measuredMetric;
    const type = heldType(field.type, dense);
    const held =
      (kind !== 'sparse' || sparse) &&
      (kind !== 'multi' || multi) &&
      type !== undefined &&
      (target.maxDimensions === null || field.dimensions <= target.maxDimensions) &&
      (several || kept === 0);
    if (held) kept++;
    const available =
      metric !== null && (!isMetric(metric) || target.metrics.includes(metric)) ? metric : null;
    const scores = scoresOf(scoreSide(metric, source), scoreSide(available, target));
    return { from: name, to: held ? name : null, type: type ?? field.type, metric: available, scores };
  });
}

/** What scores under a metric are; undefined: not known. */
export function scoreSide(
  metric: VectorMetric | null,
  engine: Capabilities | undefined,
): ScoreSide | undefined {
  if (metric === null || engine === undefined || !isMetric(metric)) return undefined;
  const form = engine.scores[metric];
  return form && { metric, form };
}

/** The type itself, else float32, which holds all numbers exactly. */
function heldType(type: DenseType, dense: readonly DenseType[]): DenseType | undefined {
  if (dense.includes(type)) return type;
  return type !== 'bit' && dense.includes('f32') ? 'f32' : undefined;
}
