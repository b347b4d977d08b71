import { credentialInUrl } from '../../common/credentials.js';
import { messageOf } from '../../common/errors.js';
import type { Fault } from '../../common/faults.js';
import type { Secret } from '../../common/redact.js';
import { type Source, SuiteError } from './faults.js';

/** Aliases that grow without end are refused by the YAML library. */
export function toJson({ document, file }: Source): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new SuiteError([{ where: `${file}:1:1`, what: messageOf(error) }]);
  }
}

export function valueAt(json: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (at, part) => (at as Record<string | number, unknown> | null | undefined)?.[part],
    json,
  );
}

/** Replaces `${VAR}` in every string; an unset variable is a fault. */
export function resolveVariables(
  value: unknown,
  env: NodeJS.ProcessEnv,
  path: (string | number)[],
  faults: Fault[],
  secrets: Secret[],
): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => {
      const found = env[name];
      if (found === undefined) {
        faults.push({ path, what: `uses the environment variable ${name}, which is not ${missing(env)}` });
        return whole;
      }
      secrets.push({ name, value: found });
      return found;
    });
  }
  if (Array.isArray(value))
    return value.map((item, i) => resolveVariables(item, env, [...path, i], faults, secrets));
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, item]) => [key, resolveVariables(item, env, [...path, key], faults, secrets)]),
    );
  }
  return value;
}

/** Environments of which not all may be used. */
export const restrictedEnvs = new WeakSet<NodeJS.ProcessEnv>();

function missing(env: NodeJS.ProcessEnv): string {
  return restrictedEnvs.has(env) ? 'set or not allowed (--allow-env)' : 'set';
}

/** zod leaves such a key out in silence: a filter on it would be weaker than written. */
export function strangeKeys(written: unknown, path: readonly (string | number)[] = []): Fault[] {
  if (written === null || typeof written !== 'object') return [];
  return Object.entries(written).flatMap(([key, value]) => {
    const at = [...path, Array.isArray(written) ? Number(key) : key];
    if (key === '__proto__') return [{ path: at, what: 'is a name that cannot be used', inKey: true }];
    return strangeKeys(value, at);
  });
}

/** A suite is copied into every run: a password in it would land on disk. */
export function plainPasswords(written: unknown): Fault[] {
  const engines = valueAt(written, ['engines']);
  if (!Array.isArray(engines)) return [];
  return engines.flatMap((_, i) => {
    const path = ['engines', i, 'url'];
    const what = credentialInUrl(String(valueAt(written, path)), { variables: true });
    if (what === undefined) return [];
    const next = what.includes('parameter')
      ? 'leave it out, and set the variable of the engine (docs/servers.md)'
      : // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
        'write it as ${VARIABLE}, which is taken from the environment';
    return [{ path, what: `holds ${what}`, next }];
  });
}
