/** What stands for the tenant in the name of collections of which each tenant has one: `docs_{tenant}`. */
export const TENANT = '{tenant}';

export function isTemplate(name: string | undefined): name is string {
  return name?.includes(TENANT) === true;
}

/**
 * The collection of a tenant. Letters and digits of ASCII stay, every other byte of UTF-8 becomes `_` and two hexadecimal digits, so
 * that all engines hold the name and no two tenants have one: `acme/eu` is `acme_2feu`.
 */
export function tenantCollection(template: string, tenant: string): string {
  return template.replace(TENANT, () => encoded(tenant));
}

function encoded(tenant: string): string {
  return Buffer.from(tenant, 'utf8')
    .toString('latin1')
    .replaceAll(/[^A-Za-z0-9]/g, (byte) => `_${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/**
 * Whose a collection is: the reverse, or what stands in its place as it is, for names that others gave. Undefined: the name is none
 * of the template.
 */
export function tenantOf(template: string, name: string): string | undefined {
  const at = template.indexOf(TENANT);
  const [before, behind] = [template.slice(0, at), template.slice(at + TENANT.length)];
  if (name.length < before.length + behind.length) return undefined;
  if (!name.startsWith(before) || !name.endsWith(behind)) return undefined;
  const part = name.slice(before.length, name.length - behind.length);
  const decoded = Buffer.from(
    part.replaceAll(/_([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
  return encoded(decoded) === part ? decoded : part;
}
