import type { Capabilities } from '../../engines/contract/capabilities.js';
import { isTemplate } from '../connections/tenant-names.js';
import type { Manifest } from '../export/manifest.js';
import type { BareField } from './fields.js';
import type { MappedField, Mapping } from './mapping.js';

/**
 * Names by which fields of permissions, visibility and ownership go. What they are about decides who may see a point, so
 * a point without one is nobody's or everybody's: people decide, not a default.
 */
const PERMISSION =
  /(^|[._-])(acls?|permissions?|perms|visibility|visible(_?to)?|allowed(_?(users?|groups?|roles?))?|access(_?(level|control|groups?|roles?))?|tenant(_?ids?)?|owner(_?ids?)?|read_?groups|security_?labels?)$/i;

export function isPermission(name: string): boolean {
  return PERMISSION.test(name);
}

/** What people or their queries say of fields, beside what their names do. */
export interface FieldWishes {
  required: readonly string[];
  filterable: ReadonlySet<string>;
  /** Fields that queries bind to one tenant's rows. */
  tenants: ReadonlySet<string>;
  keyword: readonly string[];
  displayed: readonly string[];
  context: readonly string[];
}

/** The field with its flags and, of a text, its role. */
export function withRoles(field: BareField, wishes: FieldWishes): MappedField {
  const { from, type } = field;
  const required = wishes.required.includes(from) || wishes.tenants.has(from) || isPermission(from);
  const filterable = wishes.filterable.has(from) || wishes.tenants.has(from);
  if (type !== 'string') return { ...field, required, filterable };
  const role = wishes.keyword.includes(from)
    ? ('keyword' as const)
    : wishes.displayed.includes(from)
      ? ('displayed' as const)
      : wishes.context.includes(from)
        ? ('context' as const)
        : ('stored' as const);
  return { ...field, required, filterable, role, ...(role === 'keyword' && { tokenizer: null }) };
}

/** How tenants are told apart in the target, and what it has not. */
export function tenancyOf(
  manifest: Pick<Manifest, 'tenant'>,
  { points, metadata }: Capabilities,
  fields: readonly MappedField[],
  tenants: ReadonlySet<string>,
  collection: string | undefined,
): Mapping['tenancy'] {
  if (isTemplate(collection)) return { how: 'collection', of: null, notAvailable: [] };
  const notAvailable = [
    ...(points!.tenant === 'native'
      ? []
      : [
          {
            how: 'partition',
            why: 'no partition key or namespace of the target is used: tenants are told apart by a field that filters name',
          },
        ]),
  ];
  if (manifest.tenant > 0 && points!.tenant !== 'refused')
    return { how: points!.tenant, of: null, notAvailable };
  const named = fields.find(
    ({ from, to }) => to !== null && (tenants.has(from) || /(^|[._-])tenant(_?id)?$/i.test(from)),
  );
  return named !== undefined && metadata !== null
    ? { how: 'metadata', of: named.from, notAvailable }
    : { how: 'none', of: null, notAvailable: manifest.tenant > 0 || tenants.size > 0 ? notAvailable : [] };
}

const FUSION =
  'no fusion of scores is configured in a target: the application asks for each and fuses the ranks, as before';

/** What of the target is searched beside its dense vectors. */
export function hybridOf(
  vectors: Mapping['vectors'],
  kinds: ReadonlyMap<string, string>,
  fields: readonly MappedField[],
): Mapping['hybrid'] {
  const sparse = vectors.flatMap(({ from, to }) => (to !== null && kinds.get(from) === 'sparse' ? [to] : []));
  const keyword = fields.flatMap(({ to, role }) => (to !== null && role === 'keyword' ? [to] : []));
  return { sparse, keyword, fusion: sparse.length + keyword.length === 0 ? '' : FUSION };
}
