import type { FieldType } from '../../datasets/dataset.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import { whyNotName } from '../../engines/kit/holds.js';
import type { MappedField } from './mapping.js';
import type { ObservedField, ValueType } from './observe.js';

/** Without what people and queries want of it. */
export type BareField = Pick<MappedField, 'from' | 'to' | 'as' | 'type'>;

/** What a field becomes: itself where the target holds it, else the nearest that loses least. */
export function mapField(field: ObservedField, target: Capabilities, taken: ReadonlySet<string>): BareField {
  const { metadata, fieldNames } = target;
  if (metadata === null) return { from: field.name, to: null, as: 'is', type: null };
  const to =
    whyNotName(fieldNames, field.name) === undefined ? field.name : heldName(field.name, target, taken);
  const type = oneType(field);
  const holds = (each: FieldType) => Object.hasOwn(metadata.types, each);
  if (type !== undefined && holds(type)) return { from: field.name, to, as: 'is', type };
  if (type === 'timestamp' && holds('integer'))
    return { from: field.name, to, as: 'integer', type: 'integer' };
  // What has no one type stays as it is where no type need be declared.
  const open = metadata.undeclared === 'kept' && metadata.nested === 'native';
  if (open && !field.types.has('large integer')) return { from: field.name, to, as: 'is', type: null };
  return holds('string')
    ? { from: field.name, to, as: 'text', type: 'string' }
    : { from: field.name, to: null, as: 'is', type: null };
}

/** The type that holds every value of a field exactly; undefined: there is none. */
export function oneType({ types, long }: ObservedField): FieldType | undefined {
  const met = new Set(types.keys());
  const empty = met.delete('empty[]');
  if (met.size === 0) return empty ? 'string[]' : 'string';
  // Doubles hold integers of up to 2^53.
  if (met.has('float') && long.points === 0) met.delete('integer');
  if (met.has('float[]')) met.delete('integer[]');
  const [only] = met;
  if (met.size !== 1 || only === undefined || !isFieldType(only)) return undefined;
  return empty && !only.endsWith('[]') ? undefined : only;
}

function isFieldType(type: ValueType): type is FieldType {
  return type !== 'array' && type !== 'empty[]' && type !== 'large integer';
}

/** A name that the target holds and that is not taken: letters, digits and underscores of the original. */
function heldName(name: string, { fieldNames }: Capabilities, taken: ReadonlySet<string>): string {
  const stem = `f_${name.replace(/[^a-z0-9]+/gi, '_').slice(0, 40)}`;
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? stem : `${stem}_${n}`;
    if (whyNotName(fieldNames, candidate) === undefined && !taken.has(candidate)) return candidate;
  }
}
