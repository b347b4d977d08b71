import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { FailureError, messageOf } from '../../common/errors.js';
import { packageRoot } from '../../common/paths.js';

const require = createRequire(import.meta.url);

/**
 * Loads a client package that may be missing (all clients are optional dependencies).
 * Throws FailureError with the command that mends it. Always through `require`: some clients (apache-arrow)
 * must be the very instance that another package gets, and those packages are CommonJS.
 */
export function requireClient(name: string): unknown {
  try {
    return require(name);
  } catch (error) {
    const missing = packageVersion(name) === undefined;
    const what = missing
      ? `package ${name} is not installed`
      : `package ${name} is installed but does not load: ${firstLine(messageOf(error))}`;
    throw new FailureError(what, { next: installCommand([name]), cause: error });
  }
}

/** Version of an installed package, read from its package.json even where an exports map hides it. */
export function packageVersion(name: string): string | undefined {
  const folder = (require.resolve.paths(name) ?? [])
    .map((path) => join(path, name))
    .find((path) => existsSync(join(path, 'package.json')));
  if (folder === undefined) return undefined;
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version?: string }).version;
}

/** The command that installs optional dependencies in the versions this project was tested with. */
export function installCommand(names: readonly string[]): string {
  const pinned = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    optionalDependencies?: Record<string, string>;
  };
  const wanted = names.map((name) => {
    const version = pinned.optionalDependencies?.[name];
    return version === undefined ? name : `${name}@${version}`;
  });
  return `npm install --no-save ${wanted.join(' ')}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
