import type { FieldType } from '../../datasets/dataset.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import { whyNotName } from '../../engines/kit/holds.js';
import { isOnlyRead } from '../connections/address.js';
import type { DetailFrom, DetailParameter } from '../connections/details.js';
import { detailsIn } from '../connections/read-as.js';
import { DETAILS, type DetailName } from '../export/details.js';
import type { Manifest } from '../export/manifest.js';
import type { Mapping } from './mapping.js';

export type MappedDetail = Mapping['details'][number];

const PARAMETERS: Readonly<Record<DetailName, DetailParameter>> = {
  namespace: 'namespace',
  partition: 'partition',
  version: 'version',
  updated: 'updated',
  'provenance.model': 'model',
  'provenance.model_version': 'model_version',
  'provenance.chunking': 'chunking',
  'provenance.language': 'language',
  'provenance.created': 'created',
};

/**
 * What becomes of version, provenance, namespace and partition, of which no engine has a place of its own: a metadata field
 * of the name that they had in the source. Where they had none, somebody has to name one.
 * @param taken names of fields of the target
 */
export function proposeDetails(
  { details, source }: Pick<Manifest, 'details' | 'source'>,
  target: Capabilities,
  taken: ReadonlySet<string>,
): MappedDetail[] {
  const named = detailsIn(source.parameters ?? '');
  return DETAILS.flatMap(({ name, type }): MappedDetail[] => {
    if ((details[name] ?? 0) === 0) return [];
    const parameter = PARAMETERS[name];
    // Of files ?model= is the model itself.
    const wanted = parameter === 'model' && isOnlyRead(source.engine) ? undefined : nameIn(named[parameter]);
    const held = heldType(type, target);
    const free =
      wanted !== undefined && !taken.has(wanted) && whyNotName(target.fieldNames, wanted) === undefined;
    return [{ from: name, to: free && held !== undefined ? wanted : null, type: held ?? 'string' }];
  });
}

function nameIn(from: DetailFrom | undefined): string | undefined {
  return from !== undefined && 'field' in from && !from.field.startsWith('$') ? from.field : undefined;
}

function heldType(type: (typeof DETAILS)[number]['type'], { metadata }: Capabilities): FieldType | undefined {
  const holds = (each: FieldType) => metadata !== null && Object.hasOwn(metadata.types, each);
  if (type === 'text') return holds('string') ? 'string' : undefined;
  if (type === 'timestamp' && holds('timestamp')) return 'timestamp';
  return holds('integer') ? 'integer' : undefined;
}
