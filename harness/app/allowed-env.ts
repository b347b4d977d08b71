import { restrictedEnvs } from '../suite/written.js';
import type { Context } from './context.js';

/**
 * The environment as a suite and its servers see it: all of it for one's own, only what was allowed for one from
 * elsewhere. What vecproof itself reads (folders, mirrors, images) stays with `Context.env`.
 */
export function suiteEnv({ env, allowEnv }: Pick<Context, 'env' | 'allowEnv'>): NodeJS.ProcessEnv {
  if (allowEnv === undefined) return env;
  const found = allowEnv.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  const restricted: NodeJS.ProcessEnv = Object.fromEntries(found);
  restrictedEnvs.add(restricted);
  return restricted;
}

/** The same for a server: the images that the user has chosen are no credentials. */
export function serverEnv(context: Pick<Context, 'env' | 'allowEnv'>): NodeJS.ProcessEnv {
  if (context.allowEnv === undefined) return context.env;
  const images = Object.entries(context.env).filter(([name]) => name.startsWith('VECPROOF_IMAGE_'));
  return { ...Object.fromEntries(images), ...suiteEnv(context) };
}

/** Names of `--allow-env`; `none` stands for no name. */
export function allowedNames(given: readonly string[]): string[] {
  return given.filter((name) => name !== 'none' && name !== '');
}
