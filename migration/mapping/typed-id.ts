import type { PointId } from '../../engines/contract/ids.js';
import type { IdType } from '../export/canonical.js';

/** An id of the source with its type: `7`, `"7"` and a UUID are three things. */
export interface TypedId {
  type: IdType;
  id: PointId;
}

const LETTERS: Readonly<Record<IdType, string>> = { integer: 'i', string: 's', uuid: 'u' };

/** `i:7`, `s:7`, `u:0d5e…`: no two typed ids have the same. */
export function typedText({ type, id }: TypedId): string {
  return `${LETTERS[type]}:${id}`;
}

/**
 * `acme/s:7`: the typed id with the tenant before it, for ids that several tenants have. Of a point without a tenant `%/s:7`, which
 * no tenant is written as: `/` and `%` of a name are percent-encoded. No two points have the same unless tenant and typed id are.
 */
export function tenantText(tenant: string | undefined, id: TypedId): string {
  const name = tenant?.replaceAll(/[%/]/g, (each) => (each === '%' ? '%25' : '%2F')) ?? '%';
  return `${name}/${typedText(id)}`;
}

/** The inverse of `tenantText`; undefined for other texts. */
export function fromTenantText(text: string): (TypedId & { tenant: string | undefined }) | undefined {
  const at = text.indexOf('/');
  const typed = at < 0 ? undefined : fromTypedText(text.slice(at + 1));
  if (typed === undefined) return undefined;
  const name = text.slice(0, at);
  return { ...typed, tenant: name === '%' ? undefined : name.replaceAll('%2F', '/').replaceAll('%25', '%') };
}

/** The inverse of `typedText`; undefined for other texts. */
export function fromTypedText(text: string): TypedId | undefined {
  const [, letter, rest] = /^([isu]):(.*)$/s.exec(text) ?? [];
  if (letter === undefined || rest === undefined) return undefined;
  if (letter === 'i') return /^-?\d+$/.test(rest) ? { type: 'integer', id: BigInt(rest) } : undefined;
  return { type: letter === 's' ? 'string' : 'uuid', id: rest };
}
