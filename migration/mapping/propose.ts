import type { ParameterSet } from '../../common/parameters.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { IdKind } from '../../engines/contract/ids.js';
import type { DenseType, VectorField } from '../../engines/contract/vectors.js';
import type { Manifest } from '../export/manifest.js';
import { isMetric } from '../export/metric.js';
import { mapField } from './fields.js';
import { lossesOf } from './losses.js';
import type { MappedField, Mapping } from './mapping.js';
import type { Observed } from './observe.js';

/** The mapping that loses least, with every loss computed; nothing of it is accepted yet. */
export function proposeMapping(
  manifest: Manifest,
  observed: Observed,
  { name, capabilities }: EngineDefinition,
  target: { place: string; index: ParameterSet },
): Mapping {
  const fields: MappedField[] = [];
  const taken = new Set(observed.fields.map((field) => field.name));
  for (const field of observed.fields) {
    const mapped = mapField(field, capabilities, taken);
    if (mapped.to !== null) taken.add(mapped.to);
    fields.push(mapped);
  }
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
    },
    vectors: mapVectors(manifest.vectors, capabilities),
    fields,
    text: manifest.text > 0 && parts.text !== 'refused',
    uri: manifest.uri > 0 && parts.uri !== 'refused',
    tenant: manifest.tenant > 0 && parts.tenant !== 'refused',
    losses: [],
  };
  return { ...mapping, losses: lossesOf(mapping, manifest, observed, capabilities) };
}

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

function mapVectors(vectors: readonly VectorField[], target: Capabilities): Mapping['vectors'] {
  const { several, sparse, multi, dense } = target.points!.vectors;
  let kept = 0;
  return vectors.map((field) => {
    const { name, kind, metric } = field;
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
    return { from: name, to: held ? name : null, type: type ?? field.type, metric: available };
  });
}

/** The type itself, else float32, which holds all numbers exactly. */
function heldType(type: DenseType, dense: readonly DenseType[]): DenseType | undefined {
  if (dense.includes(type)) return type;
  return type !== 'bit' && dense.includes('f32') ? 'f32' : undefined;
}
