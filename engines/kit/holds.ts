import type { FieldSchema } from '../../datasets/dataset.js';
import type { EngineDefinition } from '../contract/engine.js';
import type { MetadataSupport, NameRules } from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import type { VectorField } from '../contract/vectors.js';

/** What an engine is, as far as it decides what it can hold. */
type Holder = Pick<EngineDefinition, 'name' | 'capabilities'>;

/** Why a name cannot be held, as the rest of a sentence; undefined: it can. */
export function whyNotName(rules: NameRules, name: string): string | undefined {
  if (name === '') return rules.empty === 'refused' ? 'is empty' : undefined;
  if (rules.maxBytes !== undefined && Buffer.byteLength(name) > rules.maxBytes)
    return `has more than ${rules.maxBytes} bytes`;
  if (rules.pattern !== undefined && !new RegExp(`^(?:${rules.pattern.source})$`, 'u').test(name))
    return `must be made of ${rules.pattern.words}`;
  const compared = rules.ignoreCase === true ? name.toLowerCase() : name;
  return rules.reserved?.includes(compared) === true ? 'is reserved by the engine' : undefined;
}

/** Why an engine cannot keep such fields, one sentence each; empty: it can. Pure, so that it is asked while planning. */
export function whyNotFields(
  { name, capabilities }: Holder,
  fields: readonly Pick<FieldSchema, 'name' | 'type'>[],
): string[] {
  const { metadata, fieldNames } = capabilities;
  if (fields.length === 0) return [];
  if (metadata === null) return [`${name} keeps no metadata`];
  return fields.flatMap((field) => {
    const reasons = [whyNotName(fieldNames, field.name), whyNotType(metadata, field)];
    return reasons.flatMap((why) => (why === undefined ? [] : [`${name}: field "${field.name}" ${why}`]));
  });
}

function whyNotType(support: MetadataSupport, { name, type }: Pick<FieldSchema, 'name' | 'type'>) {
  if (!Object.hasOwn(support.types, type))
    return `is of type ${type}; it holds ${Object.keys(support.types).join(', ')}`;
  return name.includes('.') && support.nested === 'refused' ? 'is nested' : undefined;
}

/**
 * Why an engine cannot hold such a collection, one sentence each; empty: it can. Pure, so that it is asked while
 * planning, before anything is started or written.
 */
export function whyNotHeld(holder: Holder, spec: Omit<CollectionSpec, 'index' | 'capacity'>): string[] {
  const { name, capabilities } = holder;
  const { idKinds, points, collectionNames } = capabilities;
  const badName = whyNotName(collectionNames, spec.name);
  const parts = (['text', 'uri', 'tenant'] as const).filter(
    (part) => spec[part] === true && (points === null || points[part] === 'refused'),
  );
  return [
    ...(badName === undefined ? [] : [`${name}: collection "${spec.name}" ${badName}`]),
    ...(idKinds.includes(spec.ids)
      ? []
      : [`${name} has no ids of kind ${spec.ids}; it has ${idKinds.join(', ')}`]),
    ...spec.vectors.flatMap((vector) => whyNotVector(holder, vector)),
    ...(spec.vectors.length > 1 && points?.vectors.several !== true
      ? [`${name} keeps one vector a point, and the collection has ${spec.vectors.length}`]
      : []),
    ...parts.map((part) => `${name} keeps no ${part} of a point`),
    ...whyNotFields(holder, spec.fields),
  ];
}

function whyNotVector({ name, capabilities }: Holder, vector: VectorField): string[] {
  const { metrics, maxDimensions, points } = capabilities;
  const { kind, type, dimensions, metric } = vector;
  const of = `${name}: vector "${vector.name}"`;
  const dense: readonly string[] = points?.vectors.dense ?? ['f32'];
  const bits = metric === 'hamming' || metric === 'jaccard';
  return [
    ...(kind !== 'dense' && points?.vectors[kind] !== true ? [`${of} is ${kind}`] : []),
    ...(kind !== 'sparse' && !dense.includes(type)
      ? [`${of} is of type ${type}; it holds ${dense.join(', ')}`]
      : []),
    ...(maxDimensions !== null && dimensions > maxDimensions
      ? [`${of} has ${dimensions} dimensions, more than ${maxDimensions}`]
      : []),
    ...(metric !== null && !bits && !metrics.includes(metric)
      ? [`${of} has the metric ${metric}; it has ${metrics.join(', ')}`]
      : []),
    ...(bits && type !== 'bit' ? [`${of} has the metric ${metric}, which is of bits`] : []),
  ];
}
